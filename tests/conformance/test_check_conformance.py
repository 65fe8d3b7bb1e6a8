"""Files that can be read, each against exactly what the checker says of it.

`check/NAME.hwspec` has its diagnostics as printed in `NAME.txt`, or "no findings" there. SPECC_UPDATE_CONFORMANCE=1
rewrites the expectations: read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from specc.check import check_source
from specc.diagnostics.model import Sink
from specc.diagnostics.registry import CODES
from specc.diagnostics.render_text import render, summary
from specc.syntax.files import decode

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHECKED = sorted((HERE / "check").glob("*.hwspec"))
UPDATE = os.environ.get("SPECC_UPDATE_CONFORMANCE") == "1"


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.stem)
def test_check(path: Path) -> None:
    name = f"{path.parent.name}/{path.name}"
    source = decode(path.read_bytes(), name, path, Sink())
    assert source is not None
    result = check_source(source)
    assert result.spec is not None, render(result.diagnostics)
    findings = result.diagnostics
    actual = render(findings) + "\n" + summary(findings, name) + "\n" if findings else "no findings\n"
    actual = actual.replace(f"{ROOT}{os.sep}", "")  # the hardware library stands in the same checkout
    expectation = path.with_suffix(".txt")
    if UPDATE:
        expectation.write_text(actual, encoding="utf-8")
    assert expectation.read_text(encoding="utf-8") == actual


def test_every_rule_has_a_file() -> None:
    shown = {code for path in CHECKED for code in re.findall(r"\[(\w\d{4})\]", path.with_suffix(".txt").read_text())}
    rules = {code for code in CODES if code[1] in "345" or code in ("E2101", "W6011")}
    assert rules <= shown

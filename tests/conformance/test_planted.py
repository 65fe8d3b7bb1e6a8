"""Files with several errors each, marked where they were planted: exactly those are found, and no echo of them.

A mark `#! E1003` at the end of a line says what is reported there, once per code named. The codes and lines of all
findings are compared, errors, warnings and notes; the wording is the business of the files in `err/`.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from specc.check import check

PLANTED = sorted((Path(__file__).parent / "planted").glob("*.hwspec"))
MARK = re.compile(r"#!((?: [ENW]\d{4})+)\s*$")


def planted(path: Path) -> Counter[tuple[int, str]]:
    marks: Counter[tuple[int, str]] = Counter()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := MARK.search(line):
            marks.update((number, code) for code in match[1].split())
    return marks


def test_the_corpus_is_there() -> None:
    assert len(PLANTED) >= 40
    several = [path for path in PLANTED if planted(path).total() >= 2]
    assert several == PLANTED
    assert len({code for path in PLANTED for _, code in planted(path)}) >= 40


@pytest.mark.parametrize("path", PLANTED, ids=lambda path: path.stem)
def test_exactly_what_was_planted_is_found(path: Path) -> None:
    found = Counter((d.primary.span.line if d.primary else 0, d.code) for d in check(path).diagnostics)
    assert found == planted(path)

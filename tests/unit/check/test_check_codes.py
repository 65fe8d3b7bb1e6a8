"""The registry of the checker's codes: every one is used, and every one is explained with an example."""

import re
from pathlib import Path

import pytest

import specc.check
from specc.diagnostics.registry import CODES

SOURCES = "".join(path.read_text(encoding="utf-8") for path in Path(specc.check.__file__).parent.glob("*.py"))
CITED = set(re.findall(r'"([EW]\d{4})"', SOURCES))
OWN = {code for code in CODES if re.match(r"E21|[EW][345]|W6011", code)}


def test_codes_and_rules_agree() -> None:
    assert CITED == OWN


@pytest.mark.parametrize("code", sorted(OWN))
def test_an_explanation_teaches_by_example(code: str) -> None:
    entry = CODES[code]
    assert (entry.severity == "error") == code.startswith("E")
    lines = entry.explanation.splitlines()
    assert lines[0] and not lines[0].startswith(" ")
    assert any(line.startswith("    ") for line in lines)
    assert max(map(len, lines)) <= 100

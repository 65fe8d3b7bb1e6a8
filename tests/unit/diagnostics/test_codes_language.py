"""The codes of the language: explained, and each reachable by a text or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from specc.diagnostics import codes_syntax
from specc.diagnostics.registry import CODES, Code, register
from specc.diagnostics.render_text import explain

LANGUAGE_CODES = sorted(code for code in CODES if code[1] in "01")
# Shown by tests/unit/syntax/test_files.py and test_recovery.py, since they need a file or thousands of lines.
FILE_CODES = {"E0001", "E0002", "E0003", "E0004", "E0005", "E0006", "E0007", "E0019"}


@pytest.mark.parametrize("code", LANGUAGE_CODES)
def test_each_code_is_explained(code: str) -> None:
    entry = CODES[code]
    assert entry.title and not entry.title.endswith(".")
    assert len(entry.explanation.split()) >= 8
    text = explain(code)
    assert text.startswith(f"{code}: {entry.title} (")
    assert max(len(line) for line in text.splitlines()) <= 100


def test_each_code_has_a_file_in_the_corpus() -> None:
    corpus = Path(__file__).parents[2] / "conformance"
    expected = "".join(path.read_text(encoding="utf-8") for path in corpus.rglob("*.txt"))
    missing = [code for code in LANGUAGE_CODES if f"[{code}]" not in expected]
    assert set(missing) == FILE_CODES


def test_severity_follows_the_letter() -> None:
    for code in CODES.values():
        assert code.severity == {"E": "error", "W": "warning", "N": "note"}[code.id[0]]


def test_a_code_is_registered_once() -> None:
    with pytest.raises(ValueError, match="E0001 is registered twice"):
        register(Code("E0001", "error", "again", "again"))


def test_module_registers_what_it_declares() -> None:
    assert codes_syntax.__doc__
    with pytest.raises(KeyError):
        explain("E9999")

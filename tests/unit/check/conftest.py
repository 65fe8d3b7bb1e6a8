"""Checking spec text: the rules are tested as users meet them, through the language."""

from collections.abc import Callable

import pytest

from specc.check import CheckResult, check_source
from specc.diagnostics.model import Diagnostic
from specc.source import SourceFile

Check = Callable[[str], CheckResult]
Find = Callable[[str, str], list[Diagnostic]]

CLEAN = """hwspec 1
model m {
  input   frame 8x8x4 { distribution normal 0.5 }
  dwconv  conv  { kernel 3x3, padding same }
  avgpool gap   { global }
  dense   head  { units 10 }
  weights seed 1
}
quantization m {
  | layer | bits | range | step | accumulator |
  | ----- | ---- | ----- | ---- | ----------- |
  | conv  | 8    | ±1.27 | 0.01 | 32          |
  | head  | 8    | ±1.27 | 0.01 | 32          |
}
hardware chip {
  title "a chip"
  core cortex-m4, fpu, dsp
  clock 100 MHz source "sheet"
  sram 64 KiB source "sheet"
  flash 256 KiB source "sheet"
  active_power 30 mW at 100 MHz source "sheet"
}
target t { use chip, clock 100 MHz }
budget t {
  latency total <= 1 ms
  memory sram <= 32 KiB
  energy <= 1 mJ per inference
}
"""


@pytest.fixture
def clean() -> str:
    """A spec that no rule objects to; tests replace a part of it."""
    return CLEAN


@pytest.fixture
def change(clean: str) -> Callable[..., CheckResult]:
    """Check the clean spec with pieces of its text replaced: `change(("old", "new"), ...)`."""

    def check(*replacements: tuple[str, str]) -> CheckResult:
        text = clean
        for old, new in replacements:
            assert old in text, f"the clean spec has no {old!r}"
            text = text.replace(old, new)
        return check_source(SourceFile("test.hwspec", text))

    return check


@pytest.fixture
def only() -> Callable[[CheckResult, str], Diagnostic]:
    """The one finding of a code; the result must hold no other code."""

    def find(result: CheckResult, code: str) -> Diagnostic:
        assert [diagnostic.code for diagnostic in result.diagnostics] == [code], [
            f"{diagnostic.code} {diagnostic.message}" for diagnostic in result.diagnostics
        ]
        return result.diagnostics[0]

    return find


@pytest.fixture
def apply_fix() -> Callable[[CheckResult], CheckResult]:
    """Apply the fix of a result's first finding to its text and check again."""

    def apply(result: CheckResult) -> CheckResult:
        found = result.diagnostics[0]
        assert found.fix is not None
        assert found.primary is not None
        text = found.primary.span.source.text
        for span, replacement in sorted(found.fix.edits, key=lambda edit: -edit[0].start):
            text = text[: span.start] + replacement + text[span.end :]
        return check_source(SourceFile("fixed.hwspec", text))

    return apply

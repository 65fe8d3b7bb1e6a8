"""Whatever numbers a spec holds, checking it ends, and ends with findings."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specc.check import check_source
from specc.source import SourceFile

SHEET = """hwspec 1
model m {
  input   frame 8x8x4 { distribution normal 0.5 }
  dwconv  conv  { kernel 3x3, stride 1, padding same }
  avgpool gap   { global }
  dense   head  { units 10 }
}
quantization m {
  | layer | bits | range | step | accumulator | guard |
  | ----- | ---- | ----- | ---- | ----------- | ----- |
  | conv  | 8    | ±1.27 | 0.01 | 32          | 0     |
  | head  | 8    | ±1.27 | 0.01 | 32          | 1     |
}
hardware chip {
  title "a chip"
  core cortex-m4, fpu, dsp
  clock 100 MHz source "sheet"
  sram 64 KiB source "sheet"
  flash 256 KiB source "sheet"
}
target t { use chip, clock 100 MHz }
budget t {
  latency total <= 1 ms
  latency conv  <= 0.5 ms
  latency head  <= 0.5 ms
  memory sram <= 32 KiB
  memory flash <= 32 KiB
}
harness { iterations 10_000, seed fresh, gradient variance <= 5 %, gradient drift < 2 % }
instrument t { cycles, sensor s { averages 128, conversion 1.1 ms, sample >= 1 Hz } }
"""
NUMBERS = [match.span() for match in re.finditer(r"(?<![\w.])\d[\d_]*(?:\.\d+)?", SHEET)][1:]
EXTREMES = ["0", "1", "2", "7", "0.1", "0.000001", "1e-300", "1e300", "1048576", "999999999999", "0.3333333333", "1e-9"]


def test_the_sheet_itself_can_be_judged() -> None:
    assert check_source(SourceFile("sheet", SHEET)).network is not None


@given(st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(EXTREMES)), min_size=1, max_size=4))
@settings(deadline=None, max_examples=300)
def test_no_number_breaks_the_checker(replacements: list[tuple[tuple[int, int], str]]) -> None:
    text = SHEET
    for (start, end), value in sorted(dict(replacements).items(), reverse=True):
        text = text[:start] + value + text[end:]
    result = check_source(SourceFile("mutated", text))
    assert result.network is not None or result.has_errors
    for diagnostic in result.diagnostics:
        assert diagnostic.message
        assert diagnostic.primary is not None


@pytest.mark.parametrize("extent", ["1048576x1048576x4", "1048576x1x1048576"])
def test_enormous_images_are_judged_in_no_time(extent: str) -> None:
    result = check_source(SourceFile("large", SHEET.replace("8x8x4", extent)))
    assert "E4102" in [diagnostic.code for diagnostic in result.diagnostics]


def test_a_network_of_thousands_of_layers() -> None:
    lines = "".join(f"  dense d{index} {{ units 3 }}\n" for index in range(3000))
    rows = "  | *     | 8    | ±1.27 | 0.01 | 32          | 0     |\n"
    text = SHEET.replace("  dense   head", lines + "  dense   head").replace("  | head  | 8", rows + "  | head  | 8")
    result = check_source(SourceFile("deep", text))
    assert result.network is not None
    assert len(result.network.layers) == 3003

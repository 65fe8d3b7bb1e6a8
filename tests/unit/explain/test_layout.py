"""What is known of a program before it is compiled, against counts worked out by hand."""

from __future__ import annotations

import pytest

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import DSP
from specc.codegen.schedule import scheduled
from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.explain.layout import Layout, Work, layout_of
from specc.graph.build import build_network
from specc.numerics.quantize import quantize
from specc.source import SourceFile

TEXT = """hwspec 1
model m {
  input x 8x8x4
  conv  c { kernel 3x3, filters 8, padding same, activation relu }
  conv  p { kernel 1x1, filters 8 }
  avgpool gap { global }
  dense d { units 4 }
  weights seed 1
}
quantization m {
  | layer | bits | range | step |
  | ----- | ---- | ----- | ---- |
  | *     | 8    | ±12.7 | 0.1  |
}
target t { use stm32f407, clock 168 MHz }
"""
SUMS = "schedule m { fuse p+gap as window_sums }\n"


def layout(more: str = "") -> Layout:
    sink = Sink()
    spec = load_text(SourceFile("test", TEXT + more), sink)
    assert spec is not None, sink.diagnostics
    planned = scheduled(spec, spec.target("t"), quantize(spec, build_network(spec.model)))
    return layout_of(planned, kernel_names(planned, DSP))


def test_a_program_with_every_rewrite() -> None:
    """Of the 3x3 windows over 8x8 positions, 22 x 22 of 24 x 24 products meet the input."""
    found = layout()
    assert found.passed == 0 and set(found.calls.values()) == {1}
    assert found.on_padding == pytest.approx({"c": 1 - 22 * 22 / (24 * 24)})
    assert found.averaged == {
        "p": Work(products=8 * 8 * 8 * 8, rescaled=8 * 8 * 8),
        "gap": Work(additions=8 * 8 * 8, rescaled=8),
    }


def test_passes_are_counted_in_codes() -> None:
    """Ten rows of ten positions with four channels are copied; 512 codes are clamped once more."""
    found = layout("kernels t { rewrite padding activations off }")
    assert found.passed == 10 * 10 * 4 + 8 * 8 * 8
    assert not found.on_padding


def test_codes_less_their_zero_point_take_twice_the_width() -> None:
    calibrated = TEXT.replace("| range | step |", "| range |").replace("-- | ----- | ---- |", "-- | ---- |")
    sink = Sink()
    text = calibrated.replace("±12.7 | 0.1  |", "calibrated |").replace("8x8x4", "8x8x4 { distribution uniform ±1 }")
    spec = load_text(SourceFile("test", text + "kernels t { rewrite zero_points off }"), sink)
    assert spec is not None, sink.diagnostics
    planned = scheduled(spec, spec.target("t"), quantize(spec, build_network(spec.model)))
    found = layout_of(planned, kernel_names(planned, DSP))
    assert (found.bits["p"], found.bits["gap"]) == (16, 8)


def test_by_rows_each_row_is_a_call() -> None:
    found = layout("schedule m { rows least }")
    assert found.by_rows and all(found.calls[name] == 8 for name in found.by_rows - {"d"})


def test_rows_of_tiles_are_calls_of_their_own() -> None:
    """Two tiles of four columns, of eight rows each."""
    found = layout("schedule m { fuse c+p tile 4 }")
    assert (found.calls["c"], found.calls["p"], found.calls["d"]) == (16, 16, 1)


def test_window_sums_add_every_code_once() -> None:
    """64 positions of 8 channels, in one run for each row; then every weight once."""
    found = layout(SUMS)
    assert found.averaged == {
        "p": Work(additions=64 * 8 + 8 * 8),
        "gap": Work(products=64, additions=1, rescaled=8),
    }

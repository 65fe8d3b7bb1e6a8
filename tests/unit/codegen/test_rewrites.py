"""Rewrites that a spec switches off: what becomes of its schedule."""

from __future__ import annotations

import pytest

from specc.codegen.schedule import BESIDE_ACTIVATIONS, scheduled
from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.graph.build import build_network
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.source import SourceFile

TEXT = """hwspec 1
model m {
  input x 12x12x4 { distribution uniform ±1 OPTIONS }
  conv  c { kernel 3x3, filters 8, padding same, activation relu }
  conv  p { kernel 1x1, filters 8 }
  avgpool gap { global }
  dense d { units 4 }
  weights seed 1
}
quantization m {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
target t { use stm32f407, clock 168 MHz }
"""


def planned(more: str = "", options: str = "") -> QuantizedNetwork:
    sink = Sink()
    spec = load_text(SourceFile("test", TEXT.replace("OPTIONS", options) + more), sink)
    assert spec is not None, sink.diagnostics
    return scheduled(spec, spec.target("t"), quantize(spec, build_network(spec.model)))


def test_rows_off_runs_layers_by_themselves() -> None:
    fused = "schedule m { rows least }\n"
    assert planned(fused).by_rows
    alone = planned(f"{fused}kernels t {{ rewrite rows off }}")
    assert not alone.by_rows
    assert alone.schedule == "every layer as a whole; without the rewrite of rows"


def test_rows_that_nobody_asks_for_are_not_off() -> None:
    assert planned("kernels all { rewrite rows off }").off == frozenset()


def test_an_input_that_arrives_by_rows_still_does() -> None:
    alone = planned("kernels t { rewrite rows off }", ", stream rows")
    assert "x" in alone.rings


def test_rows_off_leaves_window_sums() -> None:
    sums = "schedule m { fuse p+gap as window_sums, rows least }\n"
    alone = planned(f"{sums}kernels t {{ rewrite rows off }}")
    assert alone.window_sums == {"p"} and not alone.by_rows


def test_window_sums_off_needs_room_for_every_output() -> None:
    sums = "schedule m { fuse p+gap as window_sums }\n"
    whole = planned(f"{sums}kernels t {{ rewrite window_sums off }}")
    assert whole.off == {"window_sums"}
    assert whole.value_bytes["p"] == 4 and planned(sums).value_bytes["p"] == 1


@pytest.mark.parametrize(
    ("lines", "off"),
    [
        ("rewrite all off", {"padding", "zero_points", "shifts"}),
        ("rewrite all off, rewrite padding on", {"zero_points", "shifts"}),
        ("rewrite padding shifts off", {"padding", "shifts"}),
        ("rewrite padding on", set()),
    ],
)
def test_what_lines_switch_off(lines: str, off: set[str]) -> None:
    """Calibrated behind a ReLU, zero is the lowest code, and saturation is the activation."""
    assert planned(f"kernels t {{ {lines} }}").off == off


def test_copies_of_inputs_need_room_beside_the_activations() -> None:
    """Input and output of `p` take 2,304 bytes; the padded input of `c` 14 x 14 x 4 bytes more."""
    room = "budget t {{ memory sram <= {} B }}\nkernels t {{ rewrite padding {} }}\n"
    whole = 12 * 12 * 8 * 2 + BESIDE_ACTIVATIONS
    for switch, copied in (("on", 0), ("off", 14 * 14 * 4)):
        assert not planned(room.format(whole + copied, switch)).by_rows
        assert planned(room.format(whole + copied - 1, switch)).by_rows

"""What layers touch against what memories hold, worked out by hand."""

from __future__ import annotations

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.explain.rooflines import Roofline
from specc.explain.working_set import Memory, WorkingSet, capacities, memories, working_sets
from specc.graph.build import build_network
from specc.measure.peaks import Peaks
from specc.measure.result import Measurement
from specc.numerics.quantize import quantize
from specc.report.rooflines import roofline_json, roofline_text
from specc.source import SourceFile
from specc.spec import Spec

TEXT = """hwspec 1
model m {
  input x 4x4x2
  conv  c { kernel 3x3, filters 5 }
  relu  r
  dense d { units 3 }
  weights seed 1
}
quantization m {
  | layer | bits | range | step |
  | ----- | ---- | ----- | ---- |
  | *     | 8    | ±12.7 | 0.1  |
}
target t { use stm32f407 }
target h { use host }
"""
SETS = [
    WorkingSet("c", 5 * 9 * 2 + 5 * 4, 32, 20),  # codes and 32-bit biases; 4x4x2 in, 2x2x5 out
    WorkingSet("r", 0, 20, 20),
    WorkingSet("d", 3 * 20 + 3 * 4, 20, 3),
]


@pytest.fixture(scope="module")
def spec() -> Spec:
    found = load_text(SourceFile("test", TEXT), Sink())
    assert found is not None
    return found


def test_every_byte_counts_once(spec: Spec) -> None:
    assert working_sets(quantize(spec, build_network(spec.model))) == SETS


def test_memories_are_those_that_are_declared(spec: Spec) -> None:
    """RM0090, 3.5.2: 8 lines of 128 bits; DS8626: 192 KiB."""
    cache, sram = memories(spec.target("t"))
    assert cache == Memory("flash data cache", 8 * 16, "weights")
    assert (sram.kind, sram.size, sram.contents) == ("SRAM", 192 * 1024, "activations")
    assert memories(spec.target("h")) == ()
    assert capacities(spec.targets)["flash data cache of t"] == 128


@pytest.mark.parametrize(
    ("size", "contents", "fitting"),
    [(110, "weights", "crd"), (109, "weights", "rd"), (40, "activations", "rd"), (95, "all of it", "rd"),
     (162, "all of it", "crd")],
)  # fmt: skip
def test_a_layer_fits_up_to_the_last_byte(size: int, contents: str, fitting: str) -> None:
    memory = Memory("m", size, contents)  # type: ignore[arg-type]
    assert "".join(own.layer for own in SETS if memory.holds(own)) == fitting


def test_the_roofline_tells_it_in_text_and_as_data() -> None:
    found = (Memory("flash data cache", 100, "weights"), Memory("SRAM", 2**20, "activations"))
    peaks = Peaks(key="", hardware="t", clock_hz=None, compiler_flags="", evidence="measured", rates={})
    measurement = Measurement.model_construct(target="t", counters={})
    roofline = Roofline(measurement, peaks, [], SETS, found)
    text = roofline_text(roofline)
    assert "c touches the most, 162 B in an inference." in text
    assert "flash data cache, 100 B: the weights of 1 of 2 layers fit." in text, "r has no weights"
    assert "SRAM, 1,048,576 B: the inputs and output of 3 of 3 layers fit." in text
    (data,) = roofline_json([roofline], {})["rooflines"]
    assert data["memories"][0]["fitting"] == ["r", "d"]
    assert data["working_sets"][0] == {"layer": "c", "weights": 110, "inputs": 32, "output": 20, "total": 162}
    assert "No size of a cache" in roofline_text(Roofline(measurement, peaks, [], SETS, ()))

"""Gradients on the virtual board: bit for bit the golden model's, with cycles that the board counted itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from test_backend import job, measure, target

from specc.spec.contract import Harness
from specc.spec.model import LayerSpec

LAYERS = (
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), units=4, activation="relu"),
    LayerSpec(name="hidden", kind="dense", units=8, activation="relu"),
    LayerSpec(name="last", kind="dense", units=3),
)


def test_gradients_on_a_cortex_m4(tmp_path: Path) -> None:
    plain = job(tmp_path, target(fpu=True), layers=LAYERS, shape=(6, 6, 1))
    asked = plain.spec.model_copy(update={"harness": Harness(iterations=10, on_device=True)})
    result = measure(replace(plain, spec=asked))
    found = result.gradients
    assert result.output_matches_golden and found is not None
    assert found.difference == "" and found.absent == ("conv",)
    assert [layer.name for layer in found.layers] == ["last", "hidden"]
    last, hidden = found.layers
    # A multiplication and a store for every weight of 64 x 8, which no core does in one cycle.
    cycles = hidden.counters["cycles"].low
    assert cycles is not None and 2 * 64 * 8 < cycles < 100 * 64 * 8
    assert last.counters["float_cycles"].value is not None and last.counters["float_cycles"].value > 8 * 3 * 2
    assert found.total.best.value is not None and found.total.best.value > sum(
        layer.latency.best.value or 0 for layer in found.layers
    )
    regions = found.memory.regions
    assert regions["sram: gradients"] == 4 * (65 * 8 + 9 * 3)
    assert regions["sram: saved activations"] == 64 + 8 + 3
    assert regions["sram: deltas"] == 2 * 4 * 8

"""A provenance that says nothing, and a board that measures a small network: for tests of what is done with results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from specc.evidence import Figure
from specc.measure.backend import Job
from specc.measure.provenance import spec_hash
from specc.measure.result import LayerResult, Measurement, MemoryResult, Provenance
from specc.measure.statistics import summarise
from specc.spec.hardware import Target

BARE: Final = Provenance(
    spec_hash="",
    graph_hash="",
    code_hash="",
    compiler="",
    compiler_flags="",
    backend="",
    backend_version="",
    hardware="",
    clock_hz=None,
    core_model="",
    model_assumptions=(),
    fact_sources={},
    host="",
    seed=0,
    inputs=1,
    warmup=0,
    library_versions={},
    taken_at="2024-01-01T00:00:00+00:00",
)

TINY_SPEC: Final = """\
hwspec 1

model tiny {
  input x 4x4x1 { distribution uniform ±1 }
  dense one { units 3 }
  dense two { units 2 }
  weights seed 1
}

quantization tiny {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}

target board { use stm32f407, clock 168 MHz, compile "-O2" }
"""


class Bench:
    """A backend that knows what it will say of the network of `TINY_SPEC`."""

    name = "bench"
    version = "1"

    def __init__(self, layers: Mapping[str, float], overhead: float = 0.0) -> None:
        """Take seconds of each layer, and of what is beside them."""
        self._layers, self._overhead = layers, overhead

    def supports(self, target: Target) -> bool:
        return True

    def key(self, job: Job) -> str:
        return "the key"

    def measure(self, job: Job, key: str) -> Measurement:
        size = Figure.exact(10, "B", "measured")
        return Measurement(
            key=key,
            target=job.target.name,
            evidence="measured",
            layers=tuple(
                LayerResult(name=name, latency=summarise([time] * 5), counters={})
                for name, time in self._layers.items()
            ),
            total=summarise([sum(self._layers.values()) + self._overhead] * 5),
            overhead=summarise([self._overhead] * 5),
            cold=None,
            counters={},
            memory=MemoryResult(flash=size, sram=size, regions={}),
            energy=Figure.unknown("J", "no sensor"),
            output_matches_golden=True,
            provenance=BARE.model_copy(update={"spec_hash": spec_hash(job.spec), "model_assumptions": ("kept",)}),
        )

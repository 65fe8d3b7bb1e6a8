"""Layers under their roof, against sums worked out by hand."""

from __future__ import annotations

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.evidence import Figure
from specc.explain.roofline import Placed, bound, movement_share, place, traffic
from specc.graph.build import build_network
from specc.measure.backend import BackendError
from specc.measure.peaks import Peaks, rates_of
from specc.measure.result import Latency, LayerResult, Measurement
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.source import SourceFile

TEXT = """hwspec 1
model m {
  input x 4x4x2
  conv  c { kernel 3x3, filters 5 }
  dense d { units 3 }
  weights seed 1
}
quantization m {
  | layer | bits | range | step |
  | ----- | ---- | ----- | ---- |
  | *     | 8    | ±12.7 | 0.1  |
}
target t { use stm32f407 }
"""
CONV_MACS = 2 * 2 * 5 * 9 * 2  # 360
CONV_WEIGHTS = 5 * 9 * 2 + 5 * 4  # codes and biases: 110 bytes
CONV_ACTIVATIONS = 4 * 4 * 2 + 2 * 2 * 5  # 52 bytes


@pytest.fixture(scope="module")
def network() -> QuantizedNetwork:
    spec = load_text(SourceFile("test", TEXT), Sink())
    assert spec is not None
    return quantize(spec, build_network(spec.model))


def peaks(**rates: float) -> Peaks:
    figures = {name: Figure.exact(rate, "x/s", "measured") for name, rate in rates.items()}
    return Peaks(key="k", hardware="t", clock_hz=None, compiler_flags="", evidence="measured", rates=figures)


def placed(network: QuantizedNetwork, rates: Peaks, seconds: float, **counts: float) -> Placed:
    """The convolution, with so many seconds and counters."""
    best = Figure(value=seconds, unit="s", evidence="measured")
    counters = {name: Figure.exact(value, "cycles", "simulated") for name, value in counts.items()}
    layer = LayerResult.model_construct(name="c", latency=Latency.model_construct(best=best), counters=counters)
    (found,) = place(Measurement.model_construct(layers=(layer,)), network, rates)
    return found


def test_traffic_is_every_code_once(network: QuantizedNetwork) -> None:
    found = traffic(network.network.layers[0], network)
    assert (found.weights, found.activations) == (CONV_WEIGHTS, CONV_ACTIVATIONS)


def test_the_roof_is_the_larger_bound(network: QuantizedNetwork) -> None:
    """36 s of arithmetic, 11 s of weights, 26 s of activations."""
    found = placed(network, peaks(mac=10, sram_read=2, flash_read=10), 72)
    assert (found.by, found.roof, found.reached) == ("mac", 36, 0.5)
    assert found.intensity == CONV_MACS / (CONV_WEIGHTS + CONV_ACTIVATIONS)
    assert found.achieved == 5
    slow = placed(network, peaks(mac=10, sram_read=1, flash_read=10), 104)
    assert (slow.by, slow.roof, slow.reached) == ("sram_read", 52, 0.5)
    flash = placed(network, peaks(mac=10, sram_read=2, flash_read=1), 110)
    assert (flash.by, flash.roof, flash.reached) == ("flash_read", 110, 1)


def test_without_flash_the_nearest_memory_counts(network: QuantizedNetwork) -> None:
    found = placed(network, peaks(mac=1000, l1_read=1, ram_read=0.001), 324)
    assert (found.by, found.roof) == ("l1_read", CONV_WEIGHTS + CONV_ACTIVATIONS)


def test_counters_split_the_cycles_by_kind(network: QuantizedNetwork) -> None:
    found = placed(
        network, peaks(mac=10, sram_read=2, flash_read=10), 100,
        cycles=1000, multiply_cycles=350, load_cycles=400, store_cycles=50, branch_cycles=40, refill_cycles=60,
        other_cycles=90, load_stalls=90, address_stalls=10,
    )  # fmt: skip
    assert found.counted
    assert found.shares == pytest.approx({"compute": 0.35, "memory": 0.35, "latency": 0.16, "overhead": 0.14})
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.margin == pytest.approx(0)


def test_waiting_is_latency(network: QuantizedNetwork) -> None:
    found = placed(
        network, peaks(mac=10, sram_read=2, flash_read=10), 100,
        cycles=100, multiply_cycles=10, load_cycles=80, other_cycles=10, load_stalls=60,
    )  # fmt: skip
    assert (found.bottleneck, found.margin) == ("latency", pytest.approx(0.4))


@pytest.mark.parametrize(
    ("seconds", "bound"), [(36, "compute"), (72, "compute"), (73, "overhead")], ids=["at", "half", "below half"]
)
def test_without_counters_half_of_the_roof_decides(network: QuantizedNetwork, seconds: float, bound: str) -> None:
    found = placed(network, peaks(mac=10, sram_read=10, flash_read=100), seconds)
    assert not found.counted
    assert found.bottleneck == bound


def test_movement_is_loads_and_stores() -> None:
    counts = {"cycles": 100, "load_cycles": 30, "store_cycles": 12, "other_cycles": 58}
    assert movement_share({k: Figure.exact(v, "cycles", "simulated") for k, v in counts.items()}) == pytest.approx(0.42)
    assert movement_share({}) is None


def test_a_line_of_peaks() -> None:
    assert rates_of("peaks mac 10 5 ram_read 64 16") == [("mac", 10, 5), ("ram_read", 64, 16)]


@pytest.mark.parametrize("line", ["", "peaks", "peaks mac 10", "error x", "peaks mac ten 5", "peaks mac 10 0"])
def test_what_is_no_line_of_peaks(line: str) -> None:
    with pytest.raises(BackendError):
        rates_of(line)


def counted(**counts: float) -> dict[str, Figure]:
    return {name: Figure.exact(value, "cycles", "simulated") for name, value in counts.items()}


def test_an_accelerator_is_bound_by_its_array_or_by_its_memories() -> None:
    counters = counted(
        cycles=100, macs_bound_cycles=30, sram_bound_cycles=20, dram_bound_cycles=0, flash_bound_cycles=50
    )
    found = bound(counters)
    assert found is not None and (found.kind, found.second) == ("memory", "compute")
    assert found.share == pytest.approx(0.7) and found.margin == pytest.approx(0.4)
    assert movement_share(counters) == pytest.approx(0.7)


def test_counters_that_do_not_show_what_computes_name_no_bound() -> None:
    assert bound(counted(cycles=100)) is None
    assert bound(counted(cycles=100, stalled_cycles=90)) is None
    assert movement_share(counted(cycles=100, stalled_cycles=90)) is None

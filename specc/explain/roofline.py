"""The roofline of a target: each layer's work and traffic held against what the target can do at best.

S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance model for multicore architectures"
(2009): a layer can be no faster than its multiply-accumulates at the peak rate, nor than its bytes at the bandwidth of
the memory they come from. The peaks are measured on the target. Bytes are those that must move at least: every weight,
input and output code once. What a layer takes beyond the larger bound is attributed by its counters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from specc.evidence import Figure
from specc.explain.attribution import (
    ARRAY,
    COUNTERS,
    DIVIDES,
    DRAM,
    FLASH,
    FLOATS,
    LOADS,
    MULTIPLY,
    SRAM,
    STORES,
    attribute,
    tells_computing,
)
from specc.explain.working_set import working_set
from specc.graph.network import Layer
from specc.measure.peaks import Peaks
from specc.measure.result import LayerResult, Measurement
from specc.numerics.quantized import QuantizedNetwork

Bottleneck = Literal["compute", "memory", "latency", "overhead"]
# A layer that reaches this part of its roof is bound by it; below, the counters say what else it waits for.
_AT_THE_ROOF: Final = 0.5
_COMPUTING: Final = (MULTIPLY, DIVIDES, FLOATS, ARRAY)  # causes
_MOVING: Final = (LOADS, STORES, SRAM, DRAM, FLASH)  # causes


@dataclass(frozen=True)
class Traffic:
    """Bytes that a layer moves at least."""

    weights: int
    activations: int

    @property
    def total(self) -> int:
        return self.weights + self.activations


@dataclass(frozen=True)
class Placed:
    """A layer under the roof.

    `intensity` is in multiply-accumulates per byte. `roof` is the least time by the peaks, `by` what sets it, `reached`
    the roof over the time taken. `shares` are the parts of the layer's time by kind of bottleneck: of its cycles where
    counters tell them apart (`counted`), else of its time by the roofs. `margin` is the lead of the first share over
    the second; a small one says that the class is a close call.
    """

    layer: str
    macs: int
    traffic: Traffic
    seconds: float
    roof: float
    by: str
    shares: dict[Bottleneck, float]
    counted: bool

    @property
    def intensity(self) -> float | None:
        return self.macs / self.traffic.total if self.traffic.total else None

    @property
    def achieved(self) -> float:
        """Multiply-accumulates a second."""
        return self.macs / self.seconds

    @property
    def reached(self) -> float:
        return self.roof / self.seconds

    @property
    def bottleneck(self) -> Bottleneck:
        """The kind that takes most of the time."""
        return _standing(self.shares).kind

    @property
    def margin(self) -> float:
        return _standing(self.shares).margin


@dataclass(frozen=True)
class Bound:
    """What takes most of the cycles, the part of them that it takes, and its lead over `second`."""

    kind: Bottleneck
    share: float
    second: Bottleneck
    margin: float


def bound(counters: Mapping[str, Figure]) -> Bound | None:
    """What bounds a layer, or an inference, by its counters alone; None where they do not tell."""
    shares = _counted(counters)
    return None if shares is None else _standing(shares)


def _standing(shares: Mapping[Bottleneck, float]) -> Bound:
    first, second, *_ = sorted(shares, key=lambda kind: -shares[kind])
    return Bound(first, shares[first], second, shares[first] - shares[second])


def place(measurement: Measurement, network: QuantizedNetwork, peaks: Peaks) -> list[Placed]:
    """The layers of a measurement that take time, in order."""
    by_name = {layer.name: layer for layer in network.network.layers}
    return [
        _placed(result, by_name[result.name], network, peaks)
        for result in measurement.layers
        if result.name in by_name and result.latency.best.value
    ]


def traffic(layer: Layer, network: QuantizedNetwork) -> Traffic:
    """Bytes of weights and biases, and of inputs and outputs, each once."""
    touched = working_set(layer, network)
    return Traffic(touched.weights, touched.activations)


def movement_share(counters: Mapping[str, Figure]) -> float | None:
    """Part of the cycles that move data; None where no counters tell."""
    parts = attribute(counters)
    if parts is None or not any(name in counters for cause in _MOVING for name in COUNTERS[cause]):
        return None
    return sum(parts.share(cause) for cause in _MOVING)


def _placed(result: LayerResult, layer: Layer, network: QuantizedNetwork, peaks: Peaks) -> Placed:
    seconds = result.latency.best.value or 0.0
    moved = traffic(layer, network)
    bounds = _roofs(layer, moved, peaks)
    by = max(bounds, key=lambda name: bounds[name])
    counted = _counted(result.counters)
    return Placed(
        layer=layer.name,
        macs=layer.macs,
        traffic=moved,
        seconds=seconds,
        roof=bounds[by],
        by=by,
        shares=counted or _by_roofs(bounds, seconds),
        counted=counted is not None,
    )


def _roofs(layer: Layer, moved: Traffic, peaks: Peaks) -> dict[str, float]:
    """The least seconds by each peak. Without flash, all traffic is taken to be of the nearest memory."""
    bounds = {"mac": layer.macs / _rate(peaks.mac)}
    rates = peaks.rates
    if "flash_read" in rates:
        bounds["flash_read"] = moved.weights / _rate(rates["flash_read"])
        bounds["sram_read"] = moved.activations / _rate(rates["sram_read"])
    else:
        nearest = next(name for name in rates if name != "mac")
        bounds[nearest] = moved.total / _rate(rates[nearest])
    return bounds


def _counted(counters: Mapping[str, Figure]) -> dict[Bottleneck, float] | None:
    """Parts of the cycles. Waiting for a load, or for the pipeline to fill again, is latency, and not traffic."""
    parts = attribute(counters)
    if parts is None or not tells_computing(counters):
        return None
    waits = [counters[name].value or 0.0 for name in ("load_stalls", "address_stalls") if name in counters]
    refill = (counters["refill_cycles"].value or 0.0) if "refill_cycles" in counters else 0.0
    stalls = min(sum(waits), parts.share(LOADS) * parts.whole) / parts.whole
    compute = sum(parts.share(cause) for cause in _COMPUTING)
    memory = sum(parts.share(cause) for cause in _MOVING) - stalls
    latency = stalls + refill / parts.whole
    return {"compute": compute, "memory": memory, "latency": latency, "overhead": 1 - compute - memory - latency}


def _by_roofs(bounds: Mapping[str, float], seconds: float) -> dict[Bottleneck, float]:
    """Without counters: the parts of the time that arithmetic and traffic need at best; the rest is overhead."""
    compute = min(1.0, bounds["mac"] / seconds)
    memory = min(1.0, max(bound for name, bound in bounds.items() if name != "mac") / seconds)
    rest = 0.0 if max(compute, memory) >= _AT_THE_ROOF else 1 - max(compute, memory)
    return {"compute": compute, "memory": memory, "latency": 0.0, "overhead": rest}


def _rate(figure: Figure) -> float:
    assert figure.value, "a peak that was measured is no zero"
    return figure.value

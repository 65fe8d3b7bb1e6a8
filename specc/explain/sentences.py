"""Statements about a measurement, filled from its counters. What its counters do not show is not said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specc.explain.attribution import CAUSES, OTHER, UNATTRIBUTED, attribute
from specc.explain.energy import inference_energy
from specc.graph.network import Network
from specc.measure.result import LayerResult, Measurement

NOTABLE: Final = 0.05  # a cause below 5 % of the cycles is not worth a sentence
UNSTEADY: Final = 1.1  # p95 over p50 from which the spread is worth a sentence
SLOWER: Final = 1.25  # cycles per MAC against the network's mean from which a layer counts as inefficient


@dataclass(frozen=True)
class Statement:
    """One sentence about one target, and the counters it was made from. `layer` is empty for the whole inference."""

    target: str
    layer: str
    text: str
    counters: tuple[str, ...]


def statements(measurement: Measurement, network: Network) -> list[Statement]:
    """Everything the counters of one measurement support, the most important first."""
    found = [
        _heaviest(measurement),
        _split(measurement),
        _energy(measurement),
        _inefficient(measurement, network),
        _bounds(measurement),
        _overhead(measurement),
        _spread(measurement),
        _cold(measurement),
    ]
    return [statement for statement in found if statement is not None]


def cycles_per_mac(result: LayerResult, macs: int) -> float | None:
    """Cycles a layer spends for each multiply-accumulate; None without MACs or without a cycle counter."""
    cycles = result.counters.get("cycles")
    return None if not macs or cycles is None or cycles.value is None else cycles.value / macs


def _heaviest(measurement: Measurement) -> Statement | None:
    total = measurement.total.best.value
    layers = [(layer.latency.best.value or 0.0, layer) for layer in measurement.layers]
    if not layers or not total:
        return None
    time, layer = max(layers, key=lambda pair: pair[0])
    text = f"{layer.name} takes {_percent(time / total)} of an inference, more than any other layer"
    parts = attribute(layer.counters)
    if parts:
        largest = parts.largest
        text += f"; the largest part of its cycles, {_percent(largest.cycles / parts.whole)}, goes to {largest.cause}"
    return Statement(measurement.target, layer.name, text + ".", ("cycles",) if parts else ("latency",))


def _split(measurement: Measurement) -> Statement | None:
    parts = attribute(measurement.counters)
    if parts is None:
        return None
    notable = sorted(
        (p for p in parts.parts if p.cycles / parts.whole >= NOTABLE and p.cause not in (OTHER, UNATTRIBUTED)),
        key=lambda part: (-part.cycles, CAUSES.index(part.cause)),
    )
    if not notable:
        return None
    named = _enumerate([f"{_percent(part.cycles / parts.whole)} to {part.cause}" for part in notable])
    text = f"Of all cycles, {named.replace(' to ', ' go to ', 1)}"
    rest = parts.share(OTHER)
    text += f"; {_percent(rest)} are other instructions, such as address arithmetic and loop control." if rest else "."
    counters = tuple(dict.fromkeys(name for part in notable for name in part.counters))
    return Statement(measurement.target, "", text, counters)


def _energy(measurement: Measurement) -> Statement | None:
    """Where the energy goes, if that is not simply where the cycles go."""
    parts = inference_energy(measurement)
    if parts is None or all(part.cause in CAUSES for part in parts.parts):
        return None
    notable = sorted((p for p in parts.parts if p.joules / parts.whole >= NOTABLE), key=lambda part: -part.joules)
    named = _enumerate([f"{_percent(part.joules / parts.whole)} to {part.cause}" for part in notable])
    text = f"Of the energy, {named.replace(' to ', ' go to ', 1)}."
    counters = tuple(dict.fromkeys(name for part in notable for name in part.counters))
    return Statement(measurement.target, "", text, ("energy", *counters))


def _inefficient(measurement: Measurement, network: Network) -> Statement | None:
    macs = {layer.name: layer.macs for layer in network.layers}
    rates = [(rate, layer.name) for layer in measurement.layers if (rate := cycles_per_mac(layer, macs[layer.name]))]
    whole = measurement.counters.get("cycles")
    if len(rates) < 2 or whole is None or not whole.value or not network.macs:
        return None
    mean = sum(rate * macs[name] for rate, name in rates) / sum(macs[name] for _, name in rates)
    worst, name = max(rates)
    if worst < SLOWER * mean:
        return None
    return Statement(
        measurement.target,
        name,
        f"{name} spends {_rate(worst)} cycles per multiply-accumulate, {worst / mean:.1f} times the mean of "
        f"{_rate(mean)}.",
        ("cycles",),
    )


def _bounds(measurement: Measurement) -> Statement | None:
    best = measurement.total.best
    if best.evidence != "simulated" or not best.value:
        return None
    if best.high is None:
        text = "The cycles are a lower bound: no wait states are declared for this flash, so none are counted."
    elif best.high <= best.value * 1.001:
        return None
    else:
        text = f"The model’s upper bound of the latency is {best.high / best.value:.2f} times its lower bound"
        cycles, waits = measurement.counters.get("cycles"), measurement.counters.get("flash_waits_at_most")
        if cycles and cycles.high and waits and waits.high:
            text += f", {_percent(waits.high / cycles.high)} of it at most waiting for flash"
        text += "; budgets are held against the upper."
    return Statement(measurement.target, "", text, ("cycles",))


def _overhead(measurement: Measurement) -> Statement | None:
    total, overhead = measurement.total.best.value, measurement.overhead.best.value
    if not total or overhead is None or overhead / total < 0.01:
        return None
    text = f"{_percent(overhead / total)} of an inference is spent outside the layers."
    return Statement(measurement.target, "", text, ("latency",))


def _spread(measurement: Measurement) -> Statement | None:
    total = measurement.total
    if measurement.evidence != "measured" or not total.p50 or total.p95 / total.p50 < UNSTEADY:
        return None
    text = f"One run in twenty takes {total.p95 / total.p50:.2f} times the median or more (p95 over p50)."
    return Statement(measurement.target, "", text, ("latency",))


def _cold(measurement: Measurement) -> Statement | None:
    cold, warm = measurement.cold, measurement.total.p50
    if cold is None or not warm or cold.p50 / warm < UNSTEADY:
        return None
    text = f"The first inference after start takes {cold.p50 / warm:.1f} times the warm median."
    return Statement(measurement.target, "", text, ("latency",))


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.0f}\u00a0%"


def _rate(cycles: float) -> str:
    """Cycles per multiply-accumulate; far below one on an accelerator."""
    return f"{cycles:.1f}" if cycles >= 1 else f"{cycles:.2g}"


def _enumerate(items: list[str]) -> str:
    return ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else "".join(items)

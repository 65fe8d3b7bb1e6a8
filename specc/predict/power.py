"""Power while a network runs: as stated for the hardware, else as other microcontrollers draw per hertz.

Energy is power times latency. What a microcontroller draws hardly depends on the network, and grows with its clock; how
well both hold is measured on published energies, never assumed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from specc.evidence import Figure
from specc.predict.results import Published
from specc.spec.hardware import Hardware

CLOCK_RANGE: Final = 2.0  # a stated power is scaled to at most twice, at least half, its clock


@dataclass(frozen=True)
class Power:
    """Power in watts: a middle and its bounds; `bounded` is False where nothing states or supports bounds."""

    value: float
    low: float
    high: float
    bounded: bool
    basis: str


def stated_power(hardware: Hardware, clock: float) -> Power | None:
    """The power that the hardware's description states, scaled to a clock; None where it states none near it.

    `clock` is in hertz.
    """
    fact, at = hardware.active_power, hardware.active_power_clock
    if fact is None or at is None:
        return None
    ratio = clock / float(at.base)
    if not 1 / CLOCK_RANGE <= ratio <= CLOCK_RANGE:
        return None
    low, high = (float((end or fact.value).base) * ratio for end in (fact.low, fact.high))
    scaled = "" if math.isclose(ratio, 1) else ", scaled to the clock"
    return Power(float(fact.value.base) * ratio, low, high, True, f"stated active power{scaled}: {fact.source}")


def power_per_hertz(results: Sequence[Published]) -> dict[str, float]:
    """Watts per hertz of each design whose energy is published, on the core alone: the geometric mean of its runs."""
    found: dict[str, list[float]] = {}
    for one in results:
        usable = one.energy and one.latency and one.clock and not one.accelerator
        if usable and not one.refusal.startswith(("its run", "energy counts")):
            assert one.energy and one.latency and one.clock
            found.setdefault(one.design, []).append(one.energy / one.latency / one.clock)
    return {design: statistics.geometric_mean(values) for design, values in found.items()}


def usual_power(results: Sequence[Published], clock: float) -> Power:
    """What microcontrollers with a published energy draw at a clock in hertz: their geometric mean, and their extremes.

    Too few are published for bounds that hold, so it has none.
    """
    each = power_per_hertz(results)
    values = [value * clock for value in each.values()]
    basis = (
        f"no active power is stated, so the mean per hertz of {len(each)} microcontrollers stands in "
        f"({min(values) * 1e3:.3g} to {max(values) * 1e3:.3g} mW at this clock): too few for bounds"
    )
    return Power(statistics.geometric_mean(values), min(values), max(values), False, basis)


def energy(latency: Figure, power: Power) -> Figure:
    """Joules per inference: power times latency; its interval multiplies the ends of both, the cautious way."""
    assert latency.value is not None
    bounded = power.bounded and latency.low is not None and latency.high is not None
    return Figure(
        value=latency.value * power.value,
        low=latency.low * power.low if bounded and latency.low is not None else None,
        high=latency.high * power.high if bounded and latency.high is not None else None,
        unit="J",
        evidence="predicted",
        basis=f"{latency.evidence} latency times power; {power.basis}",
    )


def network_spread(results: Sequence[Published]) -> list[float]:
    """How far the power of each published run lies from the mean of its board's other networks, as a fraction.

    Runs are compared within one submission: board, software and supply are the same.
    """
    groups: dict[tuple[object, ...], list[float]] = {}
    for one in results:
        if one.energy and one.latency and not one.refusal.startswith(("its run", "energy counts")):
            key = (one.collection, one.board, one.clock, one.software, one.supply)
            groups.setdefault(key, []).append(one.energy / one.latency)
    return [
        abs(statistics.geometric_mean(values[:i] + values[i + 1 :]) / value - 1)
        for values in groups.values()
        if len(values) > 1
        for i, value in enumerate(values)
    ]

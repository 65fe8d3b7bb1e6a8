"""How well hardware suits an application: 100 points less deductions, each with its reason.

    memory    SRAM and flash each: up to 10 as the use rises from half to the whole of what is there; 5 where it is
              unknown; all 100 where the network cannot fit
    latency   of its limit, up to 10 as the upper end rises from half to the whole of it; then up to 30 more with the
              share of the interval above it (in logarithms); 40 where all of it is above; 25 where unknown
    energy    likewise, at three quarters of these points
    price     20 where it is above its limit; 10 where a limit is set and the price is unknown, 3 with no limit
    facts     3 for each of clock and active power that no document states
    evidence  for latency and for energy: 0 measured, 2 simulated, 3 published (other software), 6 predicted

A limit that the application does not set deducts nothing. No deduction grows when a figure moves away from its limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from specc.evidence import Evidence, Figure
from specc.spec.hardware import Hardware

EASY: Final = 0.5  # use of a limit or of a memory up to which nothing is deducted
MEMORY_POINTS: Final = 10.0
MEMORY_UNKNOWN: Final = 5.0
TIGHT_POINTS: Final = 10.0
ABOVE_POINTS: Final = 30.0
LIMIT_UNKNOWN: Final = 25.0
ENERGY_SHARE: Final = 0.75
PRICE_ABOVE: Final = 20.0
PRICE_UNKNOWN: Final = 10.0
PRICE_NOT_ASKED: Final = 3.0
FACT_POINTS: Final = 3.0
EVIDENCE_POINTS: Final[dict[Evidence, float]] = {"simulated": 2.0, "published": 3.0, "predicted": 6.0}


@dataclass(frozen=True)
class Deduction:
    """Points taken off, and why."""

    points: float
    reason: str


@dataclass(frozen=True)
class Score:
    """What is left of 100 points, and what took the others, the largest first."""

    points: int
    deductions: tuple[Deduction, ...]


def score(hardware: Hardware, figures: Mapping[str, Figure], limits: Mapping[str, float]) -> Score:
    """Score hardware for an application.

    Args:
        hardware: whose memories and facts count.
        figures: latency (s), energy (J), sram, flash (B) and price of the network on it.
        limits: what the application allows, by dimension in the same units; a dimension without a limit is left out.
    """
    found = [
        *_memory("SRAM", figures["sram"], _capacity(hardware.sram), limits.get("sram")),
        *_memory("flash", figures["flash"], _capacity(hardware.flash or hardware.external_flash), limits.get("flash")),
        *_limited("latency", figures["latency"], limits.get("latency"), 1.0),
        *_limited("energy", figures["energy"], limits.get("energy"), ENERGY_SHARE),
        *_price(figures["price"], limits.get("price")),
        *_facts(hardware),
        *_evidence(figures),
    ]
    kept = sorted((one for one in found if one.points >= 0.05), key=lambda one: -one.points)
    left = 100 - sum(one.points for one in kept)
    return Score(max(0, round(left)), tuple(kept))


def _capacity(fact: object) -> float | None:
    value = getattr(fact, "value", None)
    return None if value is None else float(value.base)


def _memory(name: str, need: Figure, capacity: float | None, limit: float | None) -> list[Deduction]:
    known = [size for size in (capacity, limit) if size is not None]
    if need.value is None or not known:
        return [Deduction(MEMORY_UNKNOWN, f"how much {name} is {'needed' if known else 'there'} is unknown")]
    most = min(known)
    least = need.value if need.low is None else need.low
    whose = "the budget" if limit is not None and most == limit else "the chip"
    if least > most:
        return [Deduction(100.0, f"{least:,.0f} B of {name} are needed at least, {whose} has {most:,.0f} B")]
    use = min(1.0, need.value / most)
    return [
        Deduction(
            _rise(use) * MEMORY_POINTS, f"{_percent(use)} of the {name} of {whose} are taken by the network alone"
        )
    ]


def _limited(name: str, figure: Figure, limit: float | None, share: float) -> list[Deduction]:
    if limit is None:
        return []
    if figure.value is None or figure.high is None:
        known = "is unknown" if figure.value is None else "has no upper bound"
        return [Deduction(LIMIT_UNKNOWN * share, f"{name} is limited, and {known}: {figure.basis}")]
    low = figure.value if figure.low is None else figure.low
    if figure.high <= limit:
        return [
            Deduction(
                _rise(figure.high / limit) * TIGHT_POINTS * share,
                f"{name} takes up to {_percent(figure.high / limit)} of its limit",
            )
        ]
    if low >= limit:
        return [Deduction((TIGHT_POINTS + ABOVE_POINTS) * share, f"{name} is above its limit, {low / limit:.3g} times")]
    above = math.log(figure.high / limit) / math.log(figure.high / low) if low > 0 else 1.0
    points = (TIGHT_POINTS + ABOVE_POINTS * above) * share
    return [Deduction(points, f"{name} may be above its limit: {_percent(above)} of its interval is")]


def _price(figure: Figure, limit: float | None) -> list[Deduction]:
    if figure.high is None:
        points = PRICE_NOT_ASKED if limit is None else PRICE_UNKNOWN
        return [Deduction(points, "the price is unknown: declare it in the spec to compare")]
    if limit is not None and figure.high > limit:
        return [Deduction(PRICE_ABOVE, f"the price of {figure.high:g} is above the limit of {limit:g}")]
    return []


def _facts(hardware: Hardware) -> list[Deduction]:
    missing = [
        name for name, fact in (("clock", hardware.clock), ("active power", hardware.active_power)) if fact is None
    ]
    return [Deduction(FACT_POINTS, f"no document states its {name}") for name in missing]


def _evidence(figures: Mapping[str, Figure]) -> list[Deduction]:
    return [
        Deduction(points, f"{name} is {figures[name].evidence}, not measured here")
        for name in ("latency", "energy")
        if (points := EVIDENCE_POINTS.get(figures[name].evidence, 0.0))
    ]


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.0f} %"


def _rise(use: float) -> float:
    """0 up to half use, then straight to 1 at full use."""
    return max(0.0, min(1.0, (use - EASY) / (1 - EASY)))

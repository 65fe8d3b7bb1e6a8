"""Cycles split by cause, from counters alone. The parts add up to the whole exactly; what is left is unattributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from specc.evidence import Figure
from specc.measure.result import Measurement

MULTIPLY: Final = "multiplication"
LOADS: Final = "loads"
STORES: Final = "stores"
BRANCHES: Final = "branches"
DIVIDES: Final = "division"
FLOATS: Final = "floating point"
ARRAY: Final = "array operations"  # of an accelerator; the transfers are those that its array waits for
SRAM: Final = "SRAM transfers"
DRAM: Final = "DRAM transfers"
FLASH: Final = "flash transfers"
STALLS: Final = "stalls"  # as a processor counts them, whatever they wait for
OTHER: Final = "other instructions"
UNATTRIBUTED: Final = "unattributed"

# The counters whose cycles make up each cause. A counter that a target does not have adds nothing: its cycles remain
# unattributed.
COUNTERS: Final[dict[str, tuple[str, ...]]] = {
    MULTIPLY: ("multiply_cycles",),
    LOADS: ("load_cycles",),
    STORES: ("store_cycles",),
    BRANCHES: ("branch_cycles", "refill_cycles"),
    DIVIDES: ("divide_cycles",),
    FLOATS: ("float_cycles",),
    ARRAY: ("macs_bound_cycles",),
    SRAM: ("sram_bound_cycles",),
    DRAM: ("dram_bound_cycles",),
    FLASH: ("flash_bound_cycles",),
    STALLS: ("stalled_cycles",),
    OTHER: ("other_cycles",),
}
CAUSES: Final = (*COUNTERS, UNATTRIBUTED)
ACCELERATOR: Final = (ARRAY, SRAM, DRAM, FLASH)  # causes that only an accelerator has
_COMPUTING: Final = (*COUNTERS[MULTIPLY], *COUNTERS[ARRAY])


@dataclass(frozen=True)
class Part:
    """Cycles of one cause, and the counters they are the sum of."""

    cause: str
    cycles: float
    counters: tuple[str, ...]


@dataclass(frozen=True)
class Attribution:
    """Where `whole` cycles went. `parts` are in the order of `CAUSES`, empty causes left out."""

    whole: float
    parts: tuple[Part, ...]

    def share(self, cause: str) -> float:
        """Fraction of the whole that a cause takes; 0 where it was not seen."""
        return sum(part.cycles for part in self.parts if part.cause == cause) / self.whole

    @property
    def largest(self) -> Part:
        """The cause with the most cycles."""
        return max(self.parts, key=lambda part: part.cycles)


def attribute(counters: Mapping[str, Figure]) -> Attribution | None:
    """Split the cycles of a layer, or of an inference, by cause.

    Returns None where the target has no cycle counter or none of those that tell causes apart, or where they contradict
    each other: causes that together take more cycles than there are.
    """
    counts = {name: figure.value for name, figure in counters.items() if figure.value is not None}
    whole = counts.get("cycles", 0.0)
    if whole <= 0 or not any(name in counts for names in COUNTERS.values() for name in names):
        return None
    parts = []
    for cause, names in COUNTERS.items():
        seen = tuple(name for name in names if name in counts)
        parts.append(Part(cause, sum(counts[name] for name in seen), seen))
    residual = whole - sum(part.cycles for part in parts)
    parts.append(Part(UNATTRIBUTED, residual, ("cycles",)))
    if any(part.cycles < 0 for part in parts):
        return None
    return Attribution(whole, tuple(part for part in parts if part.cycles))


def tells_computing(counters: Mapping[str, Figure]) -> bool:
    """Whether cycles that compute are counted apart from others: without them, nothing says what bounds a layer."""
    return any(name in counters for name in _COMPUTING)


def unseen(measurement: Measurement) -> tuple[str, ...]:
    """What of a target's time its counters do not show, in words."""
    counters = measurement.counters
    found = []
    if "cycles" not in counters:
        found.append("no cycles are counted: where the time goes is known by layer alone")
    elif attribute(counters) is None:
        found.append("cycles are counted, but not what they are spent on")
    elif not tells_computing(counters):
        found.append("the cycles that compute are not counted apart from others")
    waits = counters.get("flash_waits_at_most")
    if waits is not None and waits.high:
        found.append(f"waits for flash are no part of the cycles: at most {waits.high:,.0f} more")
    elif measurement.evidence == "simulated" and counters.get("cycles") and counters["cycles"].high is None:
        found.append("waits for flash are not counted: no wait states are declared")
    found += [
        f"{layer.name}: {layer.latency.best.basis}" for layer in measurement.layers if layer.latency.best.value is None
    ]
    return tuple(found)

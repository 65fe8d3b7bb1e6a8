"""Cycles split by cause, from counters alone. The parts add up to the whole exactly; what is left is unattributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from specc.evidence import Figure

MULTIPLY: Final = "multiplication"
LOADS: Final = "loads"
STORES: Final = "stores"
BRANCHES: Final = "branches"
DIVIDES: Final = "division"
FLOATS: Final = "floating point"
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
    OTHER: ("other_cycles",),
}
CAUSES: Final = (*COUNTERS, UNATTRIBUTED)


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

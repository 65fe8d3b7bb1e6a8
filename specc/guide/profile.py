"""What each candidate is best for and when to avoid it, from its figures and verdicts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from specc.evidence import Figure
from specc.guide.candidates import DIMENSIONS, Candidate
from specc.measure.verdict import Verdict

NAMES: Final = {
    "latency": "latency",
    "energy": "energy per inference",
    "sram": "SRAM use",
    "flash": "flash use",
    "price": "price",
}


@dataclass(frozen=True)
class Point:
    """One reason for or against a candidate: in which dimension, its figure there, and how many have one."""

    dimension: str
    figure: Figure
    known: int


@dataclass(frozen=True)
class Profile:
    """A candidate's strengths and weaknesses. `failed` are the contracts that speak against it."""

    target: str
    best_for: tuple[Point, ...]
    worst_for: tuple[Point, ...]
    unknown: tuple[str, ...]
    failed: tuple[Verdict, ...]


def profiles(pool: Sequence[Candidate], verdicts: Sequence[Verdict]) -> list[Profile]:
    """Profile every candidate: the dimensions in which it is the best or the worst of those with a figure.

    Ends of intervals decide: a candidate is best only if its upper end lies below every other's lower end.
    """
    return [
        Profile(
            candidate.name,
            tuple(point for d in DIMENSIONS if (point := _extreme(candidate, pool, d, best=True))),
            tuple(point for d in DIMENSIONS if (point := _extreme(candidate, pool, d, best=False))),
            tuple(d for d in DIMENSIONS if candidate.bound(d) is None),
            tuple(v for v in verdicts if v.target == candidate.name and v.outcome == "fail"),
        )
        for candidate in pool
    ]


def _extreme(candidate: Candidate, pool: Sequence[Candidate], dimension: str, *, best: bool) -> Point | None:
    known = [other for other in pool if other.figures[dimension].value is not None]
    if candidate not in known or len(known) < 2:
        return None
    others = [other.figures[dimension] for other in known if other is not candidate]
    own = candidate.figures[dimension]
    if best:
        won = own.high is not None and all(own.high < _low(other) for other in others)
    else:
        won = all(other.high is not None and other.high < _low(own) for other in others)
    return Point(dimension, own, len(known)) if won else None


def _low(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value if figure.low is None else figure.low

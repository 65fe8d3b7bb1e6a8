"""Which target to choose: contracts first, the declared preference second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from specc.guide.candidates import DIMENSIONS, candidates, ranked
from specc.measure.result import Measurement
from specc.measure.verdict import Verdict
from specc.spec import Spec

# "unweighed": passes its contracts, but the preference cannot weigh it, for what it prefers is unknown.
Status = Literal["pass", "undecided", "unweighed", "no contract", "fail", "not measured"]
_ORDER: Final[tuple[Status, ...]] = ("pass", "undecided", "unweighed", "no contract", "fail", "not measured")


@dataclass(frozen=True)
class Standing:
    """How one target stands against all its contracts."""

    target: str
    status: Status
    passed: int
    failed: int
    undecided: int
    tightest: Verdict | None  # the passed or failed line with the least margin

    @property
    def judged(self) -> int:
        return self.passed + self.failed + self.undecided


@dataclass(frozen=True)
class Choice:
    """Targets from best to worst, and the one to choose or nearest to it; None where none may be taken.

    `deciding` is the first dimension of the preference in which any candidate has a figure; empty where there is none.
    """

    standings: tuple[Standing, ...]
    chosen: Standing | None
    preference: tuple[str, ...]
    deciding: str = ""


def choose(spec: Spec, measurements: Mapping[str, Measurement], verdicts: Sequence[Verdict]) -> Choice:
    """Rank the targets: all contracts pass, then some undecided, then some fail; by preference within each group.

    A target whose figure in the deciding dimension is unknown is never chosen: nothing says that it is preferable.
    """
    preference = spec.guidelines.optimise if spec.guidelines else ("latency",)
    pool = candidates(spec, measurements)
    order = [candidate.name for candidate in ranked(pool, preference)]
    known = [d for d in preference if d in DIMENSIONS and any(c.bound(d) is not None for c in pool)]
    deciding = known[0] if known else ""
    unweighed = {candidate.name for candidate in pool if deciding and candidate.bound(deciding) is None}
    standings = [_standing(target.name, target.name in measurements, verdicts) for target in spec.targets]
    standings = [
        replace(standing, status="unweighed")
        if standing.status == "pass" and standing.target in unweighed
        else standing
        for standing in standings
    ]

    def key(standing: Standing) -> tuple[int, int]:
        place = order.index(standing.target) if standing.target in order else len(order)
        return _ORDER.index(standing.status), place

    standings.sort(key=key)
    best = standings[0] if standings else None
    usable = best is not None and best.status in ("pass", "undecided")
    return Choice(tuple(standings), best if usable else None, preference, deciding)


def _standing(target: str, measured: bool, verdicts: Sequence[Verdict]) -> Standing:
    verdicts = [verdict for verdict in verdicts if verdict.target == target]
    outcomes = [verdict.outcome for verdict in verdicts]
    passed, failed, undecided = (outcomes.count(outcome) for outcome in ("pass", "fail", "undecided"))
    budget_lines = [verdict for verdict in verdicts if verdict.margin is not None and verdict.outcome != "undecided"]
    status: Status
    if failed:
        status = "fail"
    elif not measured:
        status = "not measured"
    elif undecided:
        status = "undecided"
    else:
        status = "pass" if budget_lines else "no contract"
    tightest = min(budget_lines, key=lambda verdict: verdict.margin or 0.0, default=None)
    return Standing(target, status, passed, failed, undecided, tightest)

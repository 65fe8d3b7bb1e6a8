"""The harness's limits on precision, as loads: how far each statistic is up to its limit."""

from __future__ import annotations

from specc.precision.contract import Judgement, judge
from specc.precision.run import Statistics
from specc.spec.contract import Harness

Loads = dict[tuple[str, str], float]  # subject and statistic: value over limit


def without_drift(harness: Harness) -> Harness:
    """What a table has a part in: drift is between runs of one table."""
    return harness.model_copy(update={"gradients": tuple(own for own in harness.gradients if own.statistic != "drift")})


def limits_anything(harness: Harness | None) -> bool:
    """Whether a harness limits what a table can keep or break."""
    return harness is not None and bool(without_drift(harness).gradients or harness.output_error)


def judged(harness: Harness, found: Statistics) -> list[Judgement]:
    """Every limit but those on drift, and those on gradients that never vary in full precision: no table changes it."""
    return [own for own in judge(without_drift(harness), found) if own.value is not None]


def loads_of(harness: Harness, found: Statistics) -> Loads:
    """The load of every limit; for the ratio, how far it lies from 1."""
    return {(own.subject, own.statistic): _load(own) for own in judged(harness, found)}


def _load(judgement: Judgement) -> float:
    assert judgement.value is not None
    value = abs(judgement.value - 1) if judgement.statistic == "ratio" else judgement.value
    if judgement.limit > 0:
        return value / judgement.limit
    return float("inf") if value > 0 else 0.0

"""Limits on precision, of the harness and of the budgets, as loads: how far each statistic is up to its limit."""

from __future__ import annotations

import math

from specc.precision.accuracy import Accuracy
from specc.precision.contract import Judgement, Outcome, judge, readable
from specc.precision.run import Statistics
from specc.spec import Spec
from specc.spec.contract import BudgetItem, Harness

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


# ---- accuracy ----


def accuracy_limits(spec: Spec) -> list[BudgetItem]:
    """The budgets' limits on accuracy, the strictest of each data set."""
    items = [item for budget in spec.budgets for item in budget.items if item.kind == "accuracy"]
    strictest: dict[str, BudgetItem] = {}
    for item in sorted(items, key=lambda own: own.limit.base):
        strictest[item.scope[0]] = item
    return list(strictest.values())


def accuracy_load(item: BudgetItem, found: Accuracy) -> float:
    """The share sorted wrong over the share that may be."""
    wrong, allowed = 1 - found.share, 1 - float(item.limit.base)
    if allowed > 0:
        return wrong / allowed
    return math.inf if wrong > 0 else 0.0


def accuracy_judged(item: BudgetItem, found: Accuracy) -> Judgement:
    """A limit on the accuracy held against Wilson's interval."""
    (low, high), limit = found.interval(), float(item.limit.base)
    if low > limit or (low == limit and item.relation == ">="):
        outcome: Outcome = "pass"
        reason = "the whole interval lies within the limit"
    elif high < limit or (high == limit and item.relation == ">"):
        outcome, reason = "fail", "the whole interval lies beyond the limit"
    else:
        outcome, reason = "undecided", _more(found, (high - low) / 2, abs(found.share - limit))
    return Judgement(item.scope[0], "accuracy", item.relation, limit, found.share, low, high, outcome, reason)


def _more(found: Accuracy, reach: float, distance: float) -> str:
    """What would decide, as an interval shrinks with the square root of the inputs."""
    if distance == 0:
        return "the limit is exactly what was found: no number of inputs decides"
    needed = max(found.count + 1, math.ceil(found.count * (reach / distance) ** 2))
    return f"the interval contains the limit; about {readable(needed)} inputs would decide"

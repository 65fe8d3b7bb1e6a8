"""The limits of a harness as verdicts, beside those of the budgets."""

from __future__ import annotations

from typing import Final

from specc.evidence import Figure
from specc.measure.precision_result import PrecisionResult
from specc.measure.verdict import Verdict
from specc.precision.contract import Judgement
from specc.spec.contract import BudgetItem

HARNESS: Final = "all targets"  # stands where other verdicts name a target: every target computes the same codes


def accuracy_figure(item: BudgetItem, precision: PrecisionResult | None) -> Figure:
    """The figure of a line such as `accuracy digits >= 97 %`, as a fraction."""
    for entry in precision.accuracies if precision else ():
        if entry.name == item.scope[0]:
            return entry.quantized
    return Figure.unknown("", "the accuracy was not assessed")


def harness_verdicts(precision: PrecisionResult) -> list[Verdict]:
    """Every judged limit, in percent."""
    return [_verdict(judgement, precision) for judgement in precision.judgements]


def _verdict(judgement: Judgement, precision: PrecisionResult) -> Verdict:
    basis = f"integer model against full precision, {precision.iterations:,} iterations of {precision.inputs}"
    return Verdict(
        target=HARNESS,
        label=label(judgement),
        relation=judgement.relation,
        limit=100 * judgement.limit,
        unit="%",
        figure=_percent(judgement, basis),
        outcome=judgement.outcome,
        margin=_margin(judgement),
        reason=judgement.reason,
    )


def label(judgement: Judgement) -> str:
    """How a limit is called: gradient variance mlp1, gradient ratio mlp1 less 1, output error."""
    if judgement.subject == "output":
        return judgement.statistic
    behind = " less 1" if judgement.statistic == "ratio" else ""
    return f"gradient {judgement.statistic} {judgement.subject}{behind}"


def _percent(judgement: Judgement, basis: str) -> Figure:
    if judgement.value is None or judgement.low is None or judgement.high is None:
        return Figure.unknown("%", judgement.reason)
    ends = sorted(_size(judgement, end) for end in (judgement.low, judgement.high))
    # An interval of the ratio that contains 1 reaches down to no difference at all.
    low = 0.0 if judgement.statistic == "ratio" and judgement.low <= 1 <= judgement.high else ends[0]
    value = _size(judgement, judgement.value)
    return Figure(value=100 * value, low=100 * low, high=100 * ends[1], unit="%", evidence="simulated", basis=basis)


def _margin(judgement: Judgement) -> float | None:
    """Room between the end of the interval that decided and the limit, as a share of the limit."""
    if judgement.low is None or judgement.high is None or judgement.outcome == "undecided" or not judgement.limit:
        return None
    ends = [_size(judgement, end) for end in (judgement.low, judgement.high)]
    deciding = max(ends) if judgement.outcome == "pass" else min(ends)
    return (judgement.limit - deciding) / judgement.limit


def _size(judgement: Judgement, value: float) -> float:
    """What is held against the limit: for the ratio, how far it lies from 1."""
    return abs(value - 1) if judgement.statistic == "ratio" else value

"""The precision contract judged: each limit against a whole interval, and what would decide where none is decided."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from specc.precision.run import Statistics
from specc.precision.statistics import BLOCKS, Estimate, LayerStatistics, student_t
from specc.spec.contract import GradientContract, Harness, OutputContract

Outcome = Literal["pass", "fail", "undecided"]
Statistic = Literal["variance", "ratio", "bias", "output error", "drift", "accuracy"]

DEFAULT_BIAS: Final = GradientContract(statistic="bias", relation="<=", limit=0.01)
_FIXED: Final = "two runs with one seed"
_FRESH: Final = "two runs with fresh seeds"
# How often a harness may call chance a drift, over all its layers together. Limits far below what the iterations can
# resolve are common here, and at 5 % by layer one run in ten of a small network would fail for no reason.
_FALSE_ALARM: Final = 0.001


@dataclass(frozen=True)
class Judgement:
    """One limit on one statistic. Values are fractions; for the ratio the limit is how far it may lie from 1.

    `subject` is a layer, "output", a data set, or "runs" for what two runs have in common.
    """

    subject: str
    statistic: Statistic
    relation: str
    limit: float
    value: float | None
    low: float | None
    high: float | None
    outcome: Outcome
    reason: str


def judge(harness: Harness, first: Statistics, second: Statistics | None = None) -> list[Judgement]:
    """Every limit of a harness against one run, and its limit on drift against two.

    A limit on the variance also holds the ratio within 1 ± limit, and the mean shift below its own limit, which is 1 %
    where none is written: the three say different things, and each passes networks that another one fails.
    """
    limits = {contract.statistic: contract for contract in harness.gradients}
    found: list[Judgement] = []
    variance, bias = limits.get("variance"), limits.get("bias")
    for layer in first.layers:
        if variance is not None:
            found.append(_below(layer.name, "variance", layer.variance, variance, first))
            found.append(_around_one(layer, variance, first))
        if bias is not None or variance is not None:
            found.append(_below(layer.name, "bias", layer.bias, bias or DEFAULT_BIAS, first))
    if (output := harness.output_error) is not None:
        found.append(_below("output", "output error", first.noise, output, first))
    if (drift := limits.get("drift")) is not None:
        found += _drift(harness, drift, first, second)
    return found


def _below(
    subject: str,
    statistic: Statistic,
    estimate: Estimate | None,
    contract: GradientContract | OutputContract,
    run: Statistics,
) -> Judgement:
    relation, limit = contract.relation, contract.limit
    if estimate is None:
        return _unknown(subject, statistic, relation, limit)
    if _within(estimate.high, relation, limit):
        outcome: Outcome = "pass"
        reason = "the whole interval lies within the limit"
    elif not _within(estimate.low, relation, limit):
        outcome, reason = "fail", "the whole interval lies beyond the limit"
    else:
        outcome, reason = "undecided", _more(run.iterations, estimate.high - estimate.value, limit - estimate.value)
    return Judgement(subject, statistic, relation, limit, estimate.value, estimate.low, estimate.high, outcome, reason)


def _around_one(layer: LayerStatistics, contract: GradientContract, run: Statistics) -> Judgement:
    """Two one-sided tests: the ratio must be shown to be near 1, not merely fail to be shown elsewhere."""
    if (estimate := layer.ratio) is None:
        return _unknown(layer.name, "ratio", contract.relation, contract.limit)
    limit = contract.limit
    ends = [abs(end - 1) for end in (estimate.low, estimate.high)]
    nearest = 0.0 if estimate.low <= 1 <= estimate.high else min(ends)
    if _within(max(ends), contract.relation, limit):
        outcome: Outcome = "pass"
        reason = "the whole interval lies within 1 ± the limit"
    elif not _within(nearest, contract.relation, limit):
        outcome, reason = "fail", "the whole interval lies outside of 1 ± the limit"
    else:
        outcome = "undecided"
        reason = _more(run.iterations, estimate.high - estimate.value, limit - abs(estimate.value - 1))
    return Judgement(
        layer.name, "ratio", contract.relation, limit, estimate.value, estimate.low, estimate.high, outcome, reason
    )


def _unknown(subject: str, statistic: Statistic, relation: str, limit: float) -> Judgement:
    what = "output" if statistic == "output error" else "gradient"
    reason = f"the {what} in full precision does not vary at all: there is nothing to compare with"
    return Judgement(subject, statistic, relation, limit, None, None, None, "undecided", reason)


def _within(value: float, relation: str, limit: float) -> bool:
    return value < limit if relation == "<" else value <= limit


def _more(iterations: int, reach: float, distance: float) -> str:
    """What would decide, as an interval shrinks with the square root of the iterations."""
    if distance == 0:
        return "the limit is exactly what was found: no number of iterations decides"
    needed = max(iterations + 1, math.ceil(iterations * (reach / distance) ** 2))
    return f"the interval contains the limit; about {readable(needed)} iterations would decide"


# ---- drift ----


def _drift(
    harness: Harness, contract: GradientContract, first: Statistics, second: Statistics | None
) -> list[Judgement]:
    if second is None:
        reason = "the second run was not taken"
        return [Judgement("runs", "drift", contract.relation, contract.limit, None, None, None, "undecided", reason)]
    if harness.seed != "fresh":
        return [repeated(contract, first, second)]
    pairs = list(zip(first.layers, second.layers, strict=True))
    return [fresh_drift(contract, before, after, first.iterations, layers=len(pairs)) for before, after in pairs]


def repeated(contract: GradientContract, first: Statistics, second: Statistics) -> Judgement:
    """Two runs with one seed must agree in every bit: anything else is not chance, but state that leaks."""
    equal = first.digest == second.digest
    drift = 0.0 if equal else max(_relative(a.power, b.power) for a, b in zip(first.layers, second.layers, strict=True))
    reason = f"{_FIXED} agree bit for bit" if equal else f"{_FIXED} differ: something but the seed decides"
    outcome: Outcome = "pass" if equal else "fail"
    return Judgement("runs", "drift", contract.relation, contract.limit, drift, drift, drift, outcome, reason)


def fresh_drift(
    contract: GradientContract, first: LayerStatistics, second: LayerStatistics, iterations: int, *, layers: int = 1
) -> Judgement:
    """Relative difference of the gradient variance of two runs with fresh seeds, and how well it is known.

    It passes by its interval of 95 %. It fails only beyond what chance does to any of the `layers` compared in one
    run of a thousand.
    """
    a, b, limit = first.power, second.power, contract.limit
    drift = _relative(a, b)
    mean = (a.value + b.value) / 2
    error = math.hypot(a.error, b.error) / mean if mean else 0.0
    reach = student_t(BLOCKS - 1) * error
    alarm = student_t(BLOCKS - 1, 1 - _FALSE_ALARM / layers) * error
    low, high = max(0.0, drift - reach), drift + reach
    if drift == 0 or a.error == 0 or b.error == 0:
        outcome: Outcome = "fail"
        reason = f"{_FRESH} do not differ, or blocks do not: a seed is used again"
    elif _within(high, contract.relation, limit):
        outcome, reason = "pass", f"{_FRESH} differ by less than the limit"
    elif not _within(drift - alarm, contract.relation, limit):
        outcome, reason = "fail", f"{_FRESH} differ by more than the limit, and by more than chance explains"
    else:
        chance = "less" if drift <= reach else "more"
        needed = math.ceil(iterations * (reach / limit) ** 2)
        outcome = "undecided"
        reason = (
            f"{_FRESH} differ by {percent(drift)}, {chance} than the {percent(reach)} of chance; resolving "
            f"{percent(limit)} takes about {readable(needed)} iterations. Testable: `gradient drift <= "
            f"{math.ceil(2000 * reach) / 10:g} %`, or a fixed `seed`, where runs must agree bit for bit"
        )
    return Judgement(first.name, "drift", contract.relation, limit, drift, low, high, outcome, reason)


def _relative(a: Estimate, b: Estimate) -> float:
    mean = (a.value + b.value) / 2
    return abs(a.value - b.value) / mean if mean else 0.0


def percent(fraction: float) -> str:
    """A fraction as a percentage with two significant digits."""
    return f"{100 * fraction:.2g} %"


def readable(count: int) -> str:
    """A number with two significant digits, in words where it is long."""
    exponent = max(0, len(str(count)) - 2)
    rounded = round(count / 10**exponent) * 10**exponent
    return f"{rounded / 1e6:,.0f} million" if rounded >= 10**7 else f"{rounded:,}"

"""Limits against intervals, with every outcome at its border."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from specc.precision.contract import Judgement, fresh_drift, judge, readable, repeated
from specc.precision.run import Statistics
from specc.precision.statistics import Estimate, LayerStatistics
from specc.spec.contract import GradientContract, Harness, OutputContract


def estimate(value: float, reach: float) -> Estimate:
    return Estimate(value, value - reach, value + reach, reach / 2)


def layer(**changes: Any) -> LayerStatistics:
    own = LayerStatistics(
        name="d",
        weights=10,
        variance=estimate(0.02, 0.001),
        gain=estimate(1, 0.001),
        ratio=estimate(1, 0.001),
        bias=estimate(0.001, 0.001),
        bias_t=0.5,
        power=estimate(4, 0.1),
    )
    return dataclasses.replace(own, **changes)


def run(*layers: LayerStatistics, digest: str = "a", noise: Estimate | None = None) -> Statistics:
    return Statistics(1000, layers or (layer(),), noise, digest)


def harness(seed: Any = 1, output: OutputContract | None = None, **limits: float) -> Harness:
    contracts = [GradientContract(statistic=name, relation="<=", limit=limit) for name, limit in limits.items()]
    return Harness(iterations=1000, seed=seed, gradients=tuple(contracts), output_error=output)


def judged(found: list[Judgement], statistic: str) -> Judgement:
    (own,) = (judgement for judgement in found if judgement.statistic == statistic)
    return own


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.039, "pass"), (0.04, "pass"), (0.0401, "undecided"), (0.0599, "undecided"), (0.0601, "fail")],
)
def test_variance_is_judged_by_the_end_that_decides(value: float, outcome: str) -> None:
    found = judge(harness(variance=0.05), run(layer(variance=estimate(value, 0.01))))
    assert judged(found, "variance").outcome == outcome


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (1.0, "pass"),
        (1.03, "pass"),
        (0.97, "pass"),
        (1.045, "undecided"),
        (0.955, "undecided"),
        (1.07, "fail"),
        (0.9, "fail"),
    ],
)
def test_the_ratio_must_be_shown_to_lie_near_one(value: float, outcome: str) -> None:
    found = judge(harness(variance=0.05), run(layer(ratio=estimate(value, 0.01))))
    assert judged(found, "ratio").outcome == outcome


def test_a_wide_interval_around_one_shows_nothing() -> None:
    found = judge(harness(variance=0.05), run(layer(ratio=estimate(1, 0.2))))
    assert judged(found, "ratio").outcome == "undecided"


def test_the_mean_shift_has_a_limit_of_one_percent_unless_one_is_written() -> None:
    shifted = run(layer(bias=estimate(0.03, 0.001)))
    assert judged(judge(harness(variance=0.05), shifted), "bias").outcome == "fail"
    assert judged(judge(harness(variance=0.05, bias=0.04), shifted), "bias").outcome == "pass"
    assert judged(judge(harness(bias=0.04), shifted), "bias").limit == 0.04


def test_a_limit_of_the_output_is_judged() -> None:
    limit = OutputContract(relation="<", limit=0.1)
    assert judged(judge(harness(output=limit), run(noise=estimate(0.05, 0.01))), "output error").outcome == "pass"
    assert judged(judge(harness(output=limit), run(noise=None)), "output error").outcome == "undecided"


def test_a_gradient_that_never_varies_has_no_verdict() -> None:
    dead = layer(variance=None, gain=None, ratio=None, bias=None, bias_t=None)
    found = judge(harness(variance=0.05), run(dead))
    assert {own.outcome for own in found} == {"undecided"}
    assert all("does not vary" in own.reason for own in found)


def test_undecided_says_how_many_iterations_would_decide() -> None:
    """An interval of ± 0.01 around 0.045 must shrink to ± 0.005: four times the iterations."""
    own = judged(judge(harness(variance=0.05), run(layer(variance=estimate(0.045, 0.01)))), "variance")
    assert "about 4,000 iterations" in own.reason


def test_nothing_limited_nothing_judged() -> None:
    assert judge(harness(), run()) == []


def test_a_fixed_seed_must_repeat_every_bit() -> None:
    own = judge(harness(drift=0.0001), run(digest="a"), run(digest="a"))
    assert judged(own, "drift").outcome == "pass"
    differing = judged(judge(harness(drift=0.0001), run(digest="a"), run(digest="b")), "drift")
    assert differing.outcome == "fail"  # although the statistics are equal


def test_a_second_run_that_is_missing_decides_nothing() -> None:
    assert judged(judge(harness(drift=0.0001), run()), "drift").outcome == "undecided"


def drift(before: Estimate, after: Estimate, limit: float) -> Judgement:
    contract = GradientContract(statistic="drift", relation="<", limit=limit)
    return fresh_drift(contract, layer(power=before), layer(power=after), 10_000)


def test_a_limit_below_chance_is_not_decided_and_says_what_could_be() -> None:
    """Standard errors of 0.7 % each: differences of up to t * sqrt(2) * 0.7 % = 2 % are chance."""
    own = drift(Estimate(1, 0, 2, 0.007), Estimate(1.004, 0, 2, 0.007), 0.0001)
    assert own.outcome == "undecided"
    assert "390 million iterations" in own.reason  # 10,000 * (1.985 % / 0.01 %)^2
    assert "`gradient drift <= 4 %`" in own.reason and "fixed `seed`" in own.reason


def test_drift_beyond_chance_and_limit_fails() -> None:
    assert drift(Estimate(1, 0, 2, 0.001), Estimate(1.1, 0, 2, 0.001), 0.01).outcome == "fail"


def test_drift_that_chance_explains_once_in_twenty_is_undecided() -> None:
    """2.5 standard errors: outside of the interval of 95 %, inside what a harness of many layers meets every day."""
    own = drift(Estimate(1, 0, 2, 0.01), Estimate(1 + 2.5 * math.sqrt(2) * 0.01, 0, 2, 0.01), 0.0001)
    assert own.outcome == "undecided" and "more than" in own.reason


def test_chance_alone_hardly_ever_fails() -> None:
    draws = np.random.default_rng(5).normal(1, 0.01, (3000, 8, 2))
    contract = GradientContract(statistic="drift", relation="<", limit=0.0001)
    failed = 0
    for pairs in draws:
        both = [[layer(power=Estimate(value, 0, 2, 0.01)) for value in pair] for pair in pairs]
        failed += any(fresh_drift(contract, *pair, 300, layers=8).outcome == "fail" for pair in both)
    assert failed <= 6


def test_drift_within_the_limit_passes() -> None:
    assert drift(Estimate(1, 0, 2, 0.001), Estimate(1.001, 0, 2, 0.001), 0.01).outcome == "pass"


@pytest.mark.parametrize(("error", "after"), [(0.001, 1.0), (0.0, 1.01)])
def test_no_drift_at_all_or_no_scatter_is_a_stale_seed(error: float, after: float) -> None:
    own = drift(Estimate(1, 1, 1, error), Estimate(after, 1, 1, error), 0.5)
    assert own.outcome == "fail" and "seed is used again" in own.reason


def test_two_runs_are_compared_layer_by_layer() -> None:
    found = judge(
        harness(seed="fresh", drift=0.5),
        run(layer(), layer(name="e")),
        run(layer(power=estimate(4.1, 0.1)), layer(name="e")),
    )
    assert [own.subject for own in found] == ["d", "e"]


def test_repeating_reports_how_far_runs_are_apart() -> None:
    contract = GradientContract(statistic="drift", relation="<", limit=0.01)
    assert repeated(contract, run(), run(layer(power=estimate(5, 0.1)), digest="b")).value == pytest.approx(1 / 4.5)


@pytest.mark.parametrize(
    ("count", "text"), [(7, "7"), (4000, "4,000"), (123_456, "120,000"), (394_000_000, "390 million")]
)
def test_numbers_of_iterations_are_readable(count: int, text: str) -> None:
    assert readable(count) == text

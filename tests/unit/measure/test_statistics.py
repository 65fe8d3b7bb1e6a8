"""Percentiles against definitions worked by hand, intervals against simulation."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.measure.statistics import (
    bootstrap_median,
    percentile,
    percentile_figure,
    percentile_interval,
    samples_to_bound,
    summarise,
    summarise_bounds,
    variability,
)

finite = st.floats(0, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("samples", "percent", "expected"),
    [
        ([7.0], 95, 7.0),
        ([1.0, 2.0], 50, 1.5),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 90, 4.6),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 0, 1.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 100, 5.0),
    ],
)
def test_percentile(samples: list[float], percent: float, expected: float) -> None:
    assert percentile(samples, percent) == pytest.approx(expected)


@given(st.lists(finite, min_size=1, max_size=50), st.floats(0, 100))
def test_percentile_equals_numpy(samples: list[float], percent: float) -> None:
    assert percentile(samples, percent) == pytest.approx(float(np.percentile(samples, percent)), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("samples", "percent"), [([], 50), ([1.0], -1), ([1.0], 101)])
def test_percentile_of_nonsense(samples: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(samples, percent)


@given(st.lists(finite, min_size=2, max_size=40))
def test_bootstrap_lies_within_the_samples(samples: list[float]) -> None:
    low, high = bootstrap_median(samples)
    assert min(samples) <= low <= high <= max(samples)
    assert (low, high) == bootstrap_median(samples)


def test_bootstrap_covers_the_true_median_as_often_as_it_says() -> None:
    generator = random.Random(5)
    covered = 0
    for _ in range(200):
        low, high = bootstrap_median([generator.expovariate(1.0) for _ in range(60)])
        covered += low <= math.log(2) <= high
    assert 180 <= covered <= 199  # 95 % of 200 is 190


@pytest.mark.parametrize("percent", [50, 90, 95])
def test_order_statistics_cover_the_true_percentile(percent: int) -> None:
    generator = random.Random(6)
    covered = 0
    for _ in range(400):
        low, high = percentile_interval([generator.random() for _ in range(120)], percent)
        assert low is not None and high is not None
        covered += low <= percent / 100 <= high
    assert covered >= 372  # the interval covers at least 95 %: 380 of 400, less three standard deviations


def test_too_few_samples_leave_the_upper_end_open() -> None:
    # The largest of n samples exceeds the 95th percentile with probability 1 - 0.95**n; 0.95**72 is the first <= 0.025.
    assert samples_to_bound(95) == 72
    assert 0.95**72 <= 0.025 < 0.95**71
    for count, bounded in ((71, False), (72, True)):
        low, high = percentile_interval([float(i) for i in range(count)], 95)
        assert low is not None
        assert (high == count - 1) if bounded else (high is None)


def test_two_samples_cannot_bound_anything() -> None:
    assert percentile_interval([1.0, 2.0], 50) == (None, None)


def test_measured_latency() -> None:
    generator = random.Random(7)
    samples = [0.001 + 0.0001 * generator.random() for _ in range(100)]
    latency = summarise(samples, basis="100 runs on one core")
    assert latency.samples == tuple(samples)
    assert latency.best.value == latency.p50 == percentile(samples, 50)
    assert latency.best.low is not None and latency.best.high is not None
    assert latency.best.low < latency.p50 < latency.best.high
    assert latency.best.evidence == "measured"
    assert latency.best.basis.startswith("100 runs on one core; 95% bootstrap interval")
    assert percentile_figure(latency, 50) == latency.best
    p95, p99 = percentile_figure(latency, 95), percentile_figure(latency, 99)
    assert p95.value == latency.p95 and p95.high is not None
    assert p99.value == latency.p99 and p99.high is None
    assert "at least 368 samples" in p99.basis


def test_single_measured_sample_has_no_interval() -> None:
    best = summarise([0.5]).best
    assert (best.value, best.low, best.high) == (0.5, None, None)


def test_no_samples() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        summarise([])


def test_bounds_of_a_model() -> None:
    latency = summarise_bounds([1.0, 3.0, 2.0], [1.5, 4.5, 2.5], "simulated", "a model")
    assert (latency.best.low, latency.best.value, latency.best.high) == (1.0, 2.0, 4.5)
    p95 = percentile_figure(latency, 95)
    assert (p95.low, p95.high, p95.evidence, p95.basis) == (1.0, 4.5, "simulated", "a model")
    assert p95.value == pytest.approx(2.9)


def test_lower_bound_of_a_model() -> None:
    latency = summarise_bounds([1.0, 2.0], None, "simulated", "a model")
    assert latency.best.high is None
    assert percentile_figure(latency, 99).high is None


def test_variability() -> None:
    assert variability(summarise([2.0, 2.0, 2.0])) == 1
    assert variability(summarise([0.0, 0.0])) is None

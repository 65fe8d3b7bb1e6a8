"""From samples to figures: percentiles, and intervals that say how far a percentile can be trusted.

Two kinds of latency come in. Measured ones vary from run to run: the interval of the median is a bootstrap interval
(percentile method, B. Efron, "Bootstrap methods: another look at the jackknife", 1979), and the interval of any other
percentile lies between two order statistics (binomial, free of any assumption on the distribution; H. A. David and
H. N. Nagaraja, "Order Statistics", section 7.1). Simulated ones are deterministic: they carry the bounds of the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from specc.evidence import Evidence, Figure
from specc.measure.result import Latency

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 20240101  # of the bootstrap: equal samples give equal intervals


def percentile(samples: Sequence[float], percent: float) -> float:
    """A percentile by linear interpolation between the two nearest order statistics (Hyndman and Fan, type 7).

    Raises:
        ValueError: there are no samples, or `percent` is not within 0 to 100.
    """
    if not samples:
        raise ValueError("a percentile needs at least one sample")
    if not 0 <= percent <= 100:
        raise ValueError(f"percentile {percent} is not within 0 to 100")
    ordered = sorted(samples)
    position = (len(ordered) - 1) * percent / 100
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def bootstrap_median(samples: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bootstrap interval of the median; deterministic.

    Raises:
        ValueError: fewer than two samples, which say nothing about spread.
    """
    import numpy as np

    if len(samples) < 2:
        raise ValueError("an interval needs at least two samples")
    values = np.asarray(samples, dtype=np.float64)
    generator = np.random.Generator(np.random.PCG64(SEED))
    chunk = max(1, 1_000_000 // len(values))  # bounds the memory of one batch of resamples
    medians = [
        np.median(values[generator.integers(0, len(values), (min(chunk, RESAMPLES - start), len(values)))], axis=1)
        for start in range(0, RESAMPLES, chunk)
    ]
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(medians), [tail, 1 - tail])
    return float(low), float(high)


def percentile_interval(
    samples: Sequence[float], percent: float, confidence: float = CONFIDENCE
) -> tuple[float | None, float | None]:
    """Interval of a percentile between two order statistics. An end that the samples cannot bound is None."""
    ordered = sorted(samples)
    count, share, tail = len(ordered), percent / 100, (1 - confidence) / 2
    below = 0.0  # P(fewer than `rank` samples lie below the true percentile)
    low: float | None = None
    for rank in range(1, count + 1):
        below += _binomial(count, rank - 1, share)
        if below <= tail:
            low = ordered[rank - 1]
        if 1 - below <= tail:
            return low, ordered[rank - 1]
    return low, None


def samples_to_bound(percent: float, confidence: float = CONFIDENCE) -> int:
    """The smallest number of samples whose largest one bounds a percentile from above."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(percent / 100))


def summarise(samples_seconds: Sequence[float], evidence: Evidence = "measured", basis: str = "") -> Latency:
    """Latency from samples that vary by chance.

    Args:
        samples_seconds: warm runs in the order they were taken.
        evidence: class of the samples.
        basis: what they are samples of; the kind of interval is added.

    Raises:
        ValueError: there are no samples.
    """
    middle = percentile(samples_seconds, 50)
    low: float | None
    high: float | None
    if len(samples_seconds) < 2:
        low, high, interval = None, None, "one sample: no interval"
    else:
        low, high = bootstrap_median(samples_seconds)
        interval = f"{CONFIDENCE:.0%} bootstrap interval of the median of {len(samples_seconds)} samples"
    best = Figure(value=middle, low=low, high=high, unit="s", evidence=evidence, basis=_join(basis, interval))
    return _latency(samples_seconds, best)


def summarise_bounds(
    low_seconds: Sequence[float], high_seconds: Sequence[float] | None, evidence: Evidence, basis: str
) -> Latency:
    """Latency from a deterministic model: one lower and one upper bound for each distinct input.

    The figure quoted is the median of the lower bounds; its interval reaches from the smallest lower bound to the
    largest upper bound. `high_seconds` is None where the model bounds from below only.

    Raises:
        ValueError: there are no samples.
    """
    best = Figure(
        value=percentile(low_seconds, 50),
        low=min(low_seconds),
        high=max(high_seconds) if high_seconds else None,
        unit="s",
        evidence=evidence,
        basis=basis,
    )
    return _latency(low_seconds, best)


def percentile_figure(latency: Latency, percent: float) -> Figure:
    """A percentile of a latency with its interval, in seconds.

    The median of any latency is the figure it quotes. Other percentiles of measured samples get an order-statistic
    interval, whose upper end is None when there are too few samples to bound it. For simulated ones the upper end is
    the model's bound over all inputs.
    """
    best = latency.best
    if percent == 50:
        return best
    value = percentile(latency.samples, percent)
    if best.evidence != "measured":
        low = value if best.low is None else min(best.low, value)
        return best.model_copy(update={"value": value, "low": low})
    low_end, high = percentile_interval(latency.samples, percent)
    count = len(latency.samples)
    basis = f"p{percent} of {count} samples, {CONFIDENCE:.0%} order-statistic interval"
    if high is None:
        basis += f"; at least {samples_to_bound(percent)} samples are needed to bound it from above"
    return best.model_copy(update={"value": value, "low": low_end, "high": high, "basis": basis})


def variability(latency: Latency) -> float | None:
    """p95 divided by p50: 1 means steady. None where the median is zero."""
    return latency.p95 / latency.p50 if latency.p50 else None


def _latency(samples: Sequence[float], best: Figure) -> Latency:
    p50, p90, p95, p99 = (percentile(samples, percent) for percent in (50, 90, 95, 99))
    return Latency(samples=tuple(samples), best=best, p50=p50, p90=p90, p95=p95, p99=p99)


def _binomial(count: int, successes: int, share: float) -> float:
    """Probability of exactly `successes` out of `count`; by logarithms, so that large counts do not overflow."""
    if share <= 0 or share >= 1:
        return float(successes == (0 if share <= 0 else count))
    log_choose = math.lgamma(count + 1) - math.lgamma(successes + 1) - math.lgamma(count - successes + 1)
    return math.exp(log_choose + successes * math.log(share) + (count - successes) * math.log1p(-share))


def _join(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second

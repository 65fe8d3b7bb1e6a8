"""How far quantized gradients are from full precision, with intervals: from sums over blocks of iterations.

Per layer, with g_q and g_f the gradients of the same inputs and d = g_q - g_f:

    rho  = tr Cov(d) / tr Cov(g_f)            what quantization adds, as a share of what varies
    beta = tr Cov(g_q, g_f) / tr Cov(g_f)     gain
    R    = tr Cov(g_q) / tr Cov(g_f) = rho + 2 beta - 1
    b    = sqrt(|mean d|^2 - tr Cov(d) / n) / sqrt(tr Cov(g_f))     mean shift, without what chance adds to it

Covariances are taken within blocks, about each block's own mean, and pooled. Intervals are of 95 %, by the jackknife
that leaves out one block at a time (Efron and Stein, "The jackknife estimate of variance", 1981), with Student's t.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Final

import numpy as np

from specc.numerics.weights import FloatArray

BLOCKS: Final = 50
CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Estimate:
    """A statistic, its 95 % interval, and its standard error."""

    value: float
    low: float
    high: float
    error: float


@dataclass(frozen=True)
class LayerStatistics:
    """What is known about one layer's gradient. None: the gradient in full precision does not vary at all."""

    name: str
    weights: int
    variance: Estimate | None  # rho
    gain: Estimate | None  # beta
    ratio: Estimate | None  # R
    bias: Estimate | None  # b
    bias_t: float | None  # mean shift of one half of the blocks along that of the other, in standard errors
    power: Estimate  # tr Cov(g_q), in squared units of the gradient: what is compared between runs


@dataclass(frozen=True)
class LayerSums:
    """Sums over each block about its mean, for one layer: arrays (blocks,), and the block means of d."""

    difference: FloatArray  # of |d|^2
    cross: FloatArray  # of d g_f
    full: FloatArray  # of |g_f|^2
    means: FloatArray  # of d: (blocks, weights)


def layer_statistics(name: str, counts: FloatArray, sums: LayerSums) -> LayerStatistics:
    """The statistics of one layer, from blocks of `counts` iterations each."""
    freedom = counts - 1
    difference, cross, full = (_left_out(part) for part in (sums.difference, sums.cross, sums.full))
    left = _left_out(freedom)
    power = _estimate((difference + 2 * cross + full) / left)
    weights = sums.means.shape[1]
    if not full.min() > 0:
        return LayerStatistics(name, weights, None, None, None, None, None, power)
    rho, beta = difference / full, 1 + cross / full
    shift = _shift(counts, sums.means) - difference / left / _left_out(counts)
    return LayerStatistics(
        name=name,
        weights=weights,
        variance=_estimate(rho),
        gain=_estimate(beta),
        ratio=_estimate(rho + 2 * beta - 1),
        bias=_rooted(_estimate(shift / (full / left))),
        bias_t=_split_half_t(sums.means),
        power=power,
    )


def _left_out(parts: FloatArray) -> FloatArray:
    """The sum of all blocks, and behind it the sums that leave out one: (1 + blocks,)."""
    total = parts.sum()
    return np.concatenate([[total], total - parts])


def _shift(counts: FloatArray, means: FloatArray) -> FloatArray:
    """Squared mean of d over all blocks, and with each left out."""
    sums = means.astype(np.float64) * counts[:, np.newaxis]
    total = sums.sum(axis=0)
    squares = total @ total - 2 * (sums @ total) + np.einsum("bi,bi->b", sums, sums)
    return np.concatenate([[total @ total], squares]) / _left_out(counts) ** 2


def _estimate(values: FloatArray) -> Estimate:
    """From a statistic over all blocks, and behind it with each left out."""
    whole, others = float(values[0]), values[1:]
    blocks = len(others)
    # Differences from the first, so that equal values give exactly zero.
    spread = others - others[0]
    error = math.sqrt((blocks - 1) / blocks * float(((spread - spread.mean()) ** 2).sum()))
    reach = student_t(blocks - 1) * error
    return Estimate(whole, whole - reach, whole + reach, error)


def _rooted(square: Estimate) -> Estimate:
    """The root of what cannot be negative; its interval is that of the square."""
    value, low, high = (math.sqrt(max(0.0, part)) for part in (square.value, square.low, square.high))
    return Estimate(value, low, high, (high - low) / (2 * 1.96))


def _split_half_t(means: FloatArray) -> float | None:
    """Student's t of the mean shift in every second block along the direction it has in the others."""
    direction = means[0::2].mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(direction))
    along = means[1::2].astype(np.float64) @ direction
    if length == 0 or len(along) < 2 or (spread := float(along.std(ddof=1))) == 0:
        return None
    return float(along.mean()) / (spread / math.sqrt(len(along)))


def student_t(freedom: int, confidence: float = CONFIDENCE) -> float:
    """Two-sided quantile of Student's t, by its expansion about the normal quantile (Abramowitz and Stegun, 26.7.5).

    Right to 0.01 from 4 degrees of freedom, to 0.0001 from 20.
    """
    z = statistics.NormalDist().inv_cdf(0.5 + confidence / 2)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def output_noise(counts: FloatArray, error: FloatArray, spread: FloatArray) -> Estimate | None:
    """Root mean square error of the output over its standard deviation in full precision.

    Args:
        error: by block, the sum of squared errors.
        spread: by block, the sum of squares about the block's mean.
    """
    varying = _left_out(spread) / _left_out(counts - 1)
    if not varying.min() > 0:
        return None
    return _rooted(_estimate(_left_out(error) / _left_out(counts) / varying))

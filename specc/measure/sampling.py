"""When to stop sampling, and what is wrong with the samples: noise and drift are said, never averaged away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from specc.measure.statistics import percentile, percentile_interval

NARROW: Final = 0.01  # half the interval of the median, as a share of the median
NOISY: Final = 1.2  # p95 / p50 from which a reader is warned
_DRIFT_SHARE: Final = 0.02  # change of the median from the first to the last third that is worth a note
_DRIFT_DEVIATIONS: Final = 3.29  # two-sided 0.1 %: the normal approximation of the trend test
_OUTLIER_SCORE: Final = 3.5  # modified z-score; B. Iglewicz, D. Hoaglin, "How to detect and handle outliers", 1993
_NORMAL_DEVIATION: Final = 0.6745  # the median absolute deviation of a standard normal distribution
_TREND_SAMPLES: Final = 8  # the normal approximation of the trend test needs at least this many
_OUTLIER_SHARE: Final = 1.1  # an outlier must also be this far above the median to be worth a word


def narrow_enough(samples: Sequence[float], share: float = NARROW) -> bool:
    """Whether the order-statistic interval of the median is within plus and minus `share` of it."""
    low, high = percentile_interval(samples, 50)
    return low is not None and high is not None and (high - low) / 2 <= share * percentile(samples, 50)


def sample_notes(samples: Sequence[float]) -> tuple[str, ...]:
    """What a reader should know of warm samples: a wide interval, noise, outliers, drift. Empty for steady ones."""
    found = (_width(samples), _noise(samples), _outliers(samples), _drift(samples))
    return tuple(note for note in found if note)


def trend(samples: Sequence[float]) -> float:
    """Deviations by which samples rise (positive) or fall with time; 0 for fewer than eight.

    The statistic of the Mann-Kendall test (H. B. Mann, "Nonparametric tests against trend", 1945) divided by its
    standard deviation without ties, which makes it smaller, never larger, where samples tie.
    """
    import numpy as np

    count = len(samples)
    if count < _TREND_SAMPLES:
        return 0.0
    values = np.asarray(samples, dtype=np.float64)
    score = sum(int(np.sign(values[index + 1 :] - values[index]).sum()) for index in range(count - 1))
    return score / math.sqrt(count * (count - 1) * (2 * count + 5) / 18)


def _width(samples: Sequence[float]) -> str:
    if len(samples) < 2 or narrow_enough(samples):
        return ""
    low, high = percentile_interval(samples, 50)
    middle = percentile(samples, 50)
    if low is None or high is None or middle <= 0:
        return f"{len(samples)} samples are too few for an interval of the median"
    return f"after {len(samples)} samples the median is known to ±{(high - low) / 2 / middle:.1%} only"


def _noise(samples: Sequence[float]) -> str:
    middle = percentile(samples, 50)
    ratio = percentile(samples, 95) / middle if middle > 0 else 1.0
    return f"noisy: the 95th percentile is {ratio:.2f} times the median" if ratio >= NOISY else ""


def _outliers(samples: Sequence[float]) -> str:
    middle = percentile(samples, 50)
    spread = percentile([abs(sample - middle) for sample in samples], 50)
    limit = max(middle + _OUTLIER_SCORE * spread / _NORMAL_DEVIATION, _OUTLIER_SHARE * middle)
    far = [sample for sample in samples if sample > limit]
    if not far or middle <= 0:
        return ""
    worst = max(far) / middle
    return f"{len(far)} of {len(samples)} samples are outliers, up to {worst:.1f} times the median; all kept"


def _drift(samples: Sequence[float]) -> str:
    third = len(samples) // 3
    if third == 0 or abs(trend(samples)) < _DRIFT_DEVIATIONS:
        return ""
    first, last = percentile(samples[:third], 50), percentile(samples[-third:], 50)
    change = (last - first) / first if first > 0 else 0.0
    if abs(change) < _DRIFT_SHARE:
        return ""
    return f"drift: the median of the last third is {change:+.1%} from that of the first; the clock may have changed"

"""Real ratios as integer multipliers and shifts: ratio = multiplier / 2**shift."""

from __future__ import annotations

import math

import numpy as np

from specc.numerics.quantized import IntArray
from specc.numerics.weights import FloatArray

_MANTISSA_BITS = 31
_MAX_SHIFT = 62


def multipliers(ratios: FloatArray) -> tuple[IntArray, IntArray]:
    """Multiplier and shift of each ratio: multipliers in [2**30, 2**31), shifts in 1 to 62.

    Ratios below 2**-32 get a smaller multiplier at the largest shift.

    Raises:
        OverflowError: a ratio is not positive, not finite, or 2**30 or more.
    """
    pairs = [_pair(float(ratio)) for ratio in ratios]
    return np.array([m for m, _ in pairs], np.int64), np.array([s for _, s in pairs], np.int64)


def add_multipliers(first: float, second: float) -> tuple[IntArray, IntArray]:
    """Multipliers of the two inputs of an addition, with one shift for both, so that the sum is rounded once.

    Raises:
        OverflowError: as `multipliers`.
    """
    _, shift = _pair(max(first, second))
    both = np.array([round(math.ldexp(ratio, shift)) for ratio in (first, second)], np.int64)
    return both, np.array([shift, shift], np.int64)


def _pair(ratio: float) -> tuple[int, int]:
    if not 0 < ratio < math.inf:
        raise OverflowError(f"the ratio of its scales is {ratio}: no multiplier represents it")
    _, exponent = math.frexp(ratio)  # ratio = fraction * 2**exponent, fraction in [1/2, 1)
    shift = min(_MANTISSA_BITS - exponent, _MAX_SHIFT)
    multiplier = round(math.ldexp(ratio, shift))
    if multiplier == 1 << _MANTISSA_BITS:  # rounded up to the next power of two
        multiplier, shift = multiplier >> 1, shift - 1
    if shift < 1:
        raise OverflowError(
            f"the ratio of its scales is {ratio:.3g}: its output step is far finer than the product of one input step "
            "and one weight step"
        )
    return multiplier, shift

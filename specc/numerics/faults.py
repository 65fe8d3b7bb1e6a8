"""Faults that a layer of any kind may have: what they would give, to be compared with what was found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.numerics.golden import wrap
from specc.numerics.quantized import IntArray

ENOUGH_DIFFERING: Final = 8  # codes that must differ for a fault with a number fitted to them

Fault = tuple[str, IntArray]  # what is wrong, and what the layer would give


def channels_of(differs: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Numbers of the channels, the last axis, in which anything differs."""
    return np.flatnonzero(differs.reshape(-1, differs.shape[-1]).any(axis=0))


def saturation(raw: IntArray, bounds: tuple[int, int], container_bits: int, found: IntArray) -> Iterator[Fault]:
    """Other clamps than the layer's: none, that of the container, and bounds fitted to what was found."""
    low, high = bounds
    least, most = -(1 << (container_bits - 1)), (1 << (container_bits - 1)) - 1
    yield "saturation: codes wrap instead of being clamped", wrap(raw, container_bits)
    yield (
        f"saturation: clamped to {least}..{most}, what {container_bits} bits hold, not to {low}..{high}",
        np.clip(raw, least, most),
    )
    clamped = np.clip(raw, low, high)
    width = max(-low, high + 1, 1).bit_length()  # that holds the bounds, or one more
    for bits in range(max(width - 2, 2), min(width + 1, container_bits)):
        yield f"saturation: codes wrap at {bits} bits", wrap(clamped, bits)
    differs = found != clamped
    if np.count_nonzero(differs) < ENOUGH_DIFFERING:
        return
    part = found[..., channels_of(differs)]
    fitted = int(part.min()), int(part.max())
    if fitted[0] < fitted[1]:
        seen = f"{fitted[0]}..{fitted[1]}"
        yield f"saturation: codes end at {seen}, not at {low}..{high}", np.clip(raw, *fitted)


def threshold(raw: IntArray, bounds: tuple[int, int], found: IntArray) -> Iterator[Fault]:
    """A ReLU that cuts off more than what lies below zero."""
    low, high = bounds
    above = found[found > low]
    clamped = np.clip(raw, low, high)
    if above.size and np.count_nonzero(found != clamped) >= ENOUGH_DIFFERING:
        least = int(above.min())
        yield f"threshold: codes below {least} become {low}", np.where(clamped < least, low, clamped)


def zero_points(raw: IntArray, bounds: tuple[int, int], found: IntArray) -> Iterator[Fault]:
    """One offset of every code before the clamp."""
    low, high = bounds
    expected = np.clip(raw, low, high)
    differs = found != expected
    if np.count_nonzero(differs) < ENOUGH_DIFFERING:
        return
    inside = differs & (expected > low) & (expected < high) & (found > low) & (found < high)
    if inside.any():
        offset = int(found[inside][0] - expected[inside][0])
        yield f"zero point: every code is off by {offset:+d} before the clamp", np.clip(raw + offset, low, high)

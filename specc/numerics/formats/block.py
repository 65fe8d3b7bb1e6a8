"""Block formats: neighbours share a power of two as their scale (OCP Microscaling Formats Specification 1.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from specc.numerics.formats.base import Array, ScalarFormat

BLOCK = 32  # elements that share a scale: section 5.2
SCALE_BITS = 8  # E8M0: powers of two from 2**-127 to 2**127
_SMALLEST, _LARGEST = -127, 127


class Element(ScalarFormat, Protocol):
    """A format whose numbers a block scales."""

    @property
    def largest(self) -> float:
        """The largest number."""
        ...


@dataclass(frozen=True)
class BlockFormat:
    """Elements in blocks of 32 along the last axis; a shorter last block has a scale of its own.

    The scale is the largest power of two in the block over the largest power of two of the element format (section
    6.3); what then lies beyond the element's range saturates.
    """

    name: str
    element: Element

    @property
    def bits(self) -> float:
        """Bits of one number, its part of the scale included."""
        return self.element.bits + SCALE_BITS / BLOCK

    def round(self, values: Array) -> Array:
        """The nearest numbers under each block's scale. A block with a number that is not finite is not a number."""
        values = np.asarray(values, dtype=np.float64)
        if values.size == 0:
            return values
        length = values.shape[-1] if values.ndim else 1
        rows = values.reshape(-1, length)
        padding = -length % BLOCK
        blocks = np.pad(rows, ((0, 0), (0, padding))).reshape(len(rows), -1, BLOCK)
        largest = np.abs(blocks).max(axis=-1, keepdims=True)
        finite = np.isfinite(largest)
        safe = np.where(finite & (largest > 0), largest, 1.0)
        exponent = np.frexp(safe)[1] - np.frexp(self.element.largest)[1]
        scale = np.ldexp(1.0, np.clip(exponent, _SMALLEST, _LARGEST))
        with np.errstate(invalid="ignore"):
            rounded = np.where(finite, self.element.round(np.where(finite, blocks, 0.0) / scale) * scale, np.nan)
        return np.asarray(rounded.reshape(len(rows), -1)[:, :length].reshape(values.shape))

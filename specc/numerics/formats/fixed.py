"""Fixed point: whole multiples of a step, within the codes of a width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specc.numerics.formats.base import Array


@dataclass(frozen=True)
class FixedPoint:
    """Codes of `bits` bits, two's complement, times `step`. What lies beyond the codes is clipped.

    `symmetric` leaves out the most negative code, so that the range is the same on both sides. Halves round to the even
    code (IEEE 754 `rint`); the integer model rounds halves up instead, in its requantization, as the kernels do.
    """

    name: str
    bits: int
    step: float
    symmetric: bool = False

    @property
    def lowest(self) -> int:
        """The smallest code."""
        return -(1 << (self.bits - 1)) + self.symmetric

    @property
    def highest(self) -> int:
        """The largest code."""
        return (1 << (self.bits - 1)) - 1

    @property
    def largest(self) -> float:
        """The largest number."""
        return self.highest * self.step

    def round(self, values: Array) -> Array:
        """The nearest multiple of the step, clipped to the codes."""
        return np.clip(np.rint(values / self.step), self.lowest, self.highest) * self.step

    def values(self) -> Array:
        """Every number, ascending."""
        return np.arange(self.lowest, self.highest + 1, dtype=np.float64) * self.step

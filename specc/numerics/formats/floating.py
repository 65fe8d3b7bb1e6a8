"""Small floating-point formats: IEEE 754 binary16, bfloat16, and those of the Open Compute Project with 8 to 4 bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specc.numerics.formats.base import Array


@dataclass(frozen=True)
class SmallFloat:
    """Sign, exponent and mantissa, with subnormal numbers; halves round to even.

    `largest` is the largest finite number, which says what the top codes are used for. With `infinite`, numbers that
    round beyond it become infinite, as IEEE 754 has it; without, they become `largest` (saturation). Exact for all
    formats narrower than float64 by four bits of mantissa or more.
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    bias: int
    largest: float
    infinite: bool = False

    @property
    def bits(self) -> int:
        """Bits of one number."""
        return 1 + self.exponent_bits + self.mantissa_bits

    def round(self, values: Array) -> Array:
        """The nearest number of the format."""
        values = np.asarray(values, dtype=np.float64)
        # frexp gives fraction in [1/2, 1), so the leading bit has weight 2**(exponent - 1).
        exponent = np.maximum(np.frexp(values)[1] - 1, 1 - self.bias)
        quantum = np.ldexp(1.0, exponent - self.mantissa_bits)
        with np.errstate(invalid="ignore"):  # infinity less infinity
            rounded = np.where(np.isfinite(values), np.rint(values / quantum) * quantum, values)
        beyond = np.abs(rounded) > self.largest
        return np.where(beyond, np.copysign(np.inf if self.infinite else self.largest, rounded), rounded)

    def values(self) -> Array:
        """Every finite number, ascending; zero once."""
        steps = 1 << self.mantissa_bits
        mantissas = np.arange(steps, dtype=np.float64) / steps
        exponents = np.arange(1, 1 << self.exponent_bits)
        normal = np.ldexp(1.0 + mantissas[np.newaxis, :], (exponents - self.bias)[:, np.newaxis]).ravel()
        positive = np.concatenate([np.ldexp(mantissas[1:], 1 - self.bias), normal[normal <= self.largest]])
        return np.concatenate([-positive[::-1], [0.0], positive])

"""Posits: a sign, a run-length coded regime, exponent and fraction (Posit Standard 2022).

A posit rounds as a string of bits: x lies between two neighbouring strings, and the border is the value of the string
that has one bit more, a one, behind the lower of them. In the middle of the range that is the arithmetic middle; where
the regime has pushed out the fraction it is not, so borders are decoded and never computed from the two neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from specc.numerics.formats.base import Array


def decode(code: int, bits: int, exponent_bits: int) -> float:
    """Value of the positive posit with this code (1 to 2**(bits-1) - 1). Exact: no posit of 17 bits needs more."""
    length = bits - 1
    text = format(code, f"0{length}b")
    first = text[0]
    run = len(text) - len(text.lstrip(first))
    regime = run - 1 if first == "1" else -run
    rest = text[run + 1 :]  # behind the bit that ends the run
    exponent = int(rest[:exponent_bits].ljust(exponent_bits, "0") or "0", 2)
    fraction = rest[exponent_bits:]
    significand = 1.0 + (int(fraction, 2) / (1 << len(fraction)) if fraction else 0.0)
    return math.ldexp(significand, regime * (1 << exponent_bits) + exponent)


@dataclass(frozen=True)
class Posit:
    """Posits of `bits` bits. They saturate at both ends: nothing but zero rounds to zero, and nothing to infinity."""

    name: str
    bits: int
    exponent_bits: int

    def round(self, values: Array) -> Array:
        """The nearest posit, as strings of bits are near. Infinities become not-a-number (NaR)."""
        values = np.asarray(values, dtype=np.float64)
        magnitude = np.abs(values)
        place = np.searchsorted(self._borders, magnitude, side="left")
        on_border = magnitude == self._borders[np.minimum(place, len(self._borders) - 1)]
        # A tie goes to the even code; the codes of positive posits count from 1, so an even place is an odd code.
        place = np.where(on_border & (place < len(self._borders)) & (place % 2 == 0), place + 1, place)
        rounded = np.copysign(self._positive[np.minimum(place, len(self._positive) - 1)], values)
        return np.where(magnitude == 0, 0.0, np.where(np.isfinite(values), rounded, np.nan))

    def values(self) -> Array:
        """Every number but NaR, ascending."""
        return np.concatenate([-self._positive[::-1], [0.0], self._positive])

    @cached_property
    def _positive(self) -> Array:
        codes = range(1, 1 << (self.bits - 1))
        return np.array([decode(code, self.bits, self.exponent_bits) for code in codes])

    @cached_property
    def _borders(self) -> Array:
        codes = range(1, (1 << (self.bits - 1)) - 1)
        return np.array([decode(2 * code + 1, self.bits + 1, self.exponent_bits) for code in codes])

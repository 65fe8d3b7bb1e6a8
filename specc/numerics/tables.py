"""The tables that integers read for sigmoid, tanh and softmax (see `quantized` and `golden.softmax` for how).

A code of sigmoid or tanh is the real function of its input, divided by the output's scale and rounded half up. A table
with an entry for each code gives exactly that. One to interpolate from covers the codes between which the output still
changes, and has as few entries as keep every output within one code of it, but at least one for every 256th part of
the codes that the input's width holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.numerics.golden import TABLE_FRACTION, interpolated, softmax_table_shift
from specc.numerics.quantized import IntArray, TensorFormat

_Reals = npt.NDArray[np.floating]
_DIRECT_BITS: Final = 8  # codes up to this width have an entry each
_FARTHEST_CODE: Final = 1 << 15  # beyond it every output is clamped; entries stay small enough for 32-bit interpolation


@dataclass(frozen=True)
class Table:
    """Entries for the codes from `first` to `last`, one for every 2**`shift` of them."""

    entries: IntArray
    first: int
    last: int
    shift: int


def function(kind: str, x: _Reals) -> _Reals:
    """Sigmoid or tanh of real numbers, in their own precision."""
    if kind == "tanh":
        return np.tanh(x)
    power = np.exp(-np.abs(x))  # never overflows
    return np.asarray(np.where(x < 0, power, x.dtype.type(1)) / (1 + power))


def slope(kind: str, y: _Reals) -> _Reals:
    """Derivative of sigmoid or tanh where it has the value y."""
    return np.asarray(y * (1 - y) if kind == "sigmoid" else 1 - y * y)


@lru_cache(maxsize=256)
def table_of(kind: str, source: TensorFormat, out: TensorFormat) -> Table:
    """The table of sigmoid or tanh from codes of one format to codes of another."""
    codes = np.arange(source.low, source.high + 1)
    exact = np.clip(np.floor(real_codes(kind, codes, source, out) + 0.5).astype(np.int64), out.low, out.high)
    if source.bits <= _DIRECT_BITS:
        return Table(exact, source.low, source.high, 0)
    changes = np.flatnonzero(np.diff(exact))
    first, last = (int(codes[changes[0]]), int(codes[changes[-1]]) + 1) if len(changes) else (source.low, source.low)
    for shift in range(source.bits - _DIRECT_BITS, 0, -1):
        table = _every(shift, kind, (first, last), source, out)
        places = np.clip(codes, first, last) - first
        found = np.clip(interpolated(table.entries, places, shift), out.low, out.high)
        if np.abs(found - exact).max() <= 1:
            return table
    return _every(0, kind, (first, last), source, out)


def _every(shift: int, kind: str, ends: tuple[int, int], source: TensorFormat, out: TensorFormat) -> Table:
    first, last = ends
    count = ((last - first) >> shift) + 2  # the last code needs an entry behind it too
    codes = first + (np.arange(count) << shift)
    entries = np.floor(real_codes(kind, codes, source, out) * (1 << TABLE_FRACTION) + 0.5)
    return Table(entries.astype(np.int64), first, last, shift)


def softmax_table(source: TensorFormat, output_bits: int, beta: float = 1.0) -> IntArray:
    """Exponentials of minus `beta` times a distance of codes, for `golden.softmax`."""
    if source.bits <= _DIRECT_BITS:
        distances = np.arange(1 << source.bits, dtype=np.float64)
    else:
        distances = np.concatenate([np.arange(256) * 256.0, np.arange(256.0)])
    powers = np.exp(-distances * (source.scale * beta))
    return np.asarray(np.rint(powers * (1 << softmax_table_shift(output_bits))), dtype=np.int64)


def real_codes(kind: str, codes: IntArray, source: TensorFormat, out: TensorFormat) -> npt.NDArray[np.float64]:
    """Output codes before they are rounded and clamped."""
    x = source.scale * (codes - source.zero_point).astype(np.float64)
    return np.asarray(np.clip(function(kind, x) / out.scale + out.zero_point, -_FARTHEST_CODE, _FARTHEST_CODE))

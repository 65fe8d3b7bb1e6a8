"""A constant array of the generated C."""

from __future__ import annotations

from dataclasses import dataclass

from specc.numerics.quantized import IntArray


@dataclass(frozen=True)
class Array:
    """One constant array."""

    name: str
    c_type: str
    values: tuple[int, ...]


def array(name: str, c_type: str, values: IntArray) -> Array:
    """An array of the values in the order they lie in memory."""
    return Array(name, c_type, tuple(values.ravel().tolist()))

"""Inputs drawn from what a spec says arrives, and their codes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from specc.numerics.quantized import IntArray, QuantizedNetwork, TensorFormat
from specc.numerics.weights import FloatArray
from specc.spec.model import InputSpec


def draw_inputs(declared: InputSpec, count: int, seed: int | np.random.SeedSequence) -> FloatArray:
    """`count` inputs from the declared distribution: (count, *shape).

    Raises:
        ValueError: the spec declares no distribution.
    """
    if declared.distribution is None:
        raise ValueError(f"input {declared.name} has no distribution")
    generator = np.random.Generator(np.random.PCG64(seed))
    shape = (count, *declared.shape)
    if declared.distribution == "uniform":
        # The numbers of `generator.uniform`, in a fraction of its time.
        values = generator.random(shape)
        values *= 2 * declared.scale
        values -= declared.scale
        return values
    return generator.standard_normal(shape) * declared.scale


def draw_codes(declared: InputSpec, network: QuantizedNetwork, count: int, seed: int) -> IntArray:
    """`count` seeded inputs for a measurement, as codes: (count, *shape).

    Without a declared distribution every code of the input's format is equally likely.
    """
    form = network.formats[network.network.input]
    if declared.distribution is not None:
        return encode(draw_inputs(declared, count, seed), form)
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.integers(form.low, form.high, (count, *declared.shape), dtype=np.int64, endpoint=True)


def encode(values: npt.ArrayLike, form: TensorFormat) -> IntArray:
    """Codes of real values in a format, rounded to nearest (ties to even) and clamped."""
    codes = np.rint(np.asarray(values, dtype=np.float64) / form.scale) + form.zero_point
    return np.asarray(np.clip(codes, form.low, form.high), dtype=np.int64)


def decode(codes: IntArray, form: TensorFormat) -> FloatArray:
    """Real values of codes."""
    return form.scale * (codes - form.zero_point).astype(np.float64)


def to_bytes(codes: IntArray, form: TensorFormat) -> bytes:
    """Codes as they lie in a target's memory: little endian containers in C order."""
    return codes.astype(f"<i{form.container_bits // 8}").tobytes()


def from_bytes(data: bytes, form: TensorFormat, shape: tuple[int, ...]) -> IntArray:
    """Codes from a target's memory.

    Raises:
        ValueError: the number of bytes does not fit the shape.
    """
    return np.frombuffer(data, dtype=f"<i{form.container_bits // 8}").astype(np.int64).reshape(shape)

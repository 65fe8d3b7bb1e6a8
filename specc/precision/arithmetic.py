"""How a network computes: every number of it, and which operations lose precision where.

A layer whose input, weights and output are fixed point computes in the integers of `specc.numerics.quantized`. A layer
of other formats, or one with an operation switched off, computes in floating point and rounds what it is asked to.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer, Network
from specc.graph.rewrites import pooled_convolutions
from specc.numerics.formats import NumberFormat
from specc.numerics.quantized import IntArray, LayerNumbers, TensorFormat
from specc.numerics.weights import FloatArray, Parameters

Operation = Literal["weights", "activations", "saturation", "accumulator"]
OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)

# What is switched on, by the name of the layer or of the input; None: everything.
Active = frozenset[tuple[str, Operation]] | None

_EXACT_IN_FLOAT32: Final = 2**24
_EXACT_IN_FLOAT64: Final = 2**53


@dataclass(frozen=True)
class Grid:
    """Fixed point, whose rounding and whose limits can be switched off one by one."""

    form: TensorFormat
    rounds: bool = True
    saturates: bool = True


Rounding = Grid | NumberFormat | None


@dataclass(frozen=True)
class LayerArithmetic:
    """The numbers of one layer, or of a convolution and the pool that it is summed with.

    With `integers`, the layer computes as the golden model does; `weights` are then what the codes stand for. Without,
    it computes with `weights` and `bias` in floating point, wraps its sums at `accumulator_bits` in units of
    `accumulator_steps` (one per channel; None: sums do not wrap) and rounds its output.
    """

    layer: Layer
    pool: Layer | None = None
    weights: FloatArray | None = None
    bias: FloatArray | None = None
    integers: LayerNumbers | None = None
    form: TensorFormat | None = None  # of the output, with `integers`
    source: TensorFormat | None = None  # of the first input, with `integers`
    accumulator_bits: int = 32
    accumulator_steps: FloatArray | None = None
    rounding: Rounding = None

    @property
    def output(self) -> str:
        """The tensor it makes."""
        return self.pool.name if self.pool else self.layer.name

    def digest(self) -> bytes:
        """Equal for two that compute the same from the same input."""
        text = hashlib.sha256(f"{self.output} {self.accumulator_bits} {self.form} {self.rounding}".encode())
        arrays: list[npt.NDArray[np.generic] | None] = [self.weights, self.bias, self.accumulator_steps]
        if (own := self.integers) is not None:
            arrays += [own.weights, own.bias, own.multipliers, own.shifts, own.table]
            text.update(f"{own.accumulator_bits} {own.clamp_low} {own.clamp_high}".encode())
            text.update(f"{own.table_first} {own.table_last} {own.table_shift}".encode())
        for array in arrays:
            text.update(b"none" if array is None else array.tobytes())
        return text.digest()


@dataclass(frozen=True)
class Arithmetic:
    """How a whole network computes. `real` is the type of what is not in integers."""

    network: Network
    layers: tuple[LayerArithmetic, ...]  # in order of execution; a summed pool is part of its convolution
    input_rounding: Rounding = None
    real: type[np.floating] = np.float32
    digests: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def only_summed(self) -> bool:
        """Whether nothing reads the input but convolutions that are summed: then no conversion of it pays."""
        return all(own.pool is not None for own in self.layers if self.network.input in own.layer.inputs)

    def __post_init__(self) -> None:
        start = hashlib.sha256(f"{self.network.input} {self.input_rounding}".encode()).digest()
        self.digests[self.network.input] = start
        for own in self.layers:
            before = b"".join(self.digests[name] for name in own.layer.inputs)
            self.digests[own.output] = hashlib.sha256(before + own.digest()).digest()


def reference(network: Network, parameters: dict[str, Parameters], real: type[np.floating] = np.float32) -> Arithmetic:
    """The network in full precision. A linear convolution under a global average pool is summed before it multiplies,
    which is the same in real numbers."""
    pools = linear_pools(network)
    layers = []
    for layer, pool in grouped(network, pools):
        own = parameters.get(layer.name)
        layers.append(LayerArithmetic(layer, pool, own.weights if own else None, own.bias if own else None))
    return Arithmetic(network, tuple(layers), real=real)


def linear_pools(network: Network) -> dict[str, Layer]:
    """The global average pool of each linear convolution that nothing else reads, by the convolution's name."""
    return {layer.name: pool for layer, pool in pooled_convolutions(network) if layer.activation == "linear"}


def grouped(network: Network, pools: Mapping[str, Layer]) -> list[tuple[Layer, Layer | None]]:
    """The layers in order, each convolution with the pool that is summed with it."""
    inside = {pool.name for pool in pools.values()}
    return [(layer, pools.get(layer.name)) for layer in network.layers if layer.name not in inside]


def exact_type(layer: Layer, weights: IntArray, source: TensorFormat) -> type[np.floating]:
    """The narrowest floating-point type in which a layer's sums of products of codes are exact.

    Raises:
        ValueError: not even float64 is exact.
    """
    axes = (0, 1) if layer.kind == "dwconv" else tuple(range(1, weights.ndim))
    largest = max(abs(source.low - source.zero_point), abs(source.high - source.zero_point))
    bound = largest * int(np.abs(weights).sum(axis=axes).max(initial=0))
    if bound >= _EXACT_IN_FLOAT64:
        raise ValueError(f"{layer.name}: its sums reach {bound:.3g}, beyond what float64 holds exactly")
    return np.float32 if bound < _EXACT_IN_FLOAT32 else np.float64


def sums_fit_float32(layer: Layer, source: TensorFormat) -> bool:
    """Whether the sums of codes over a whole input are exact in float32."""
    largest = max(abs(source.low - source.zero_point), abs(source.high - source.zero_point))
    return largest * math.prod(layer.input_shapes[0][:2]) < _EXACT_IN_FLOAT32

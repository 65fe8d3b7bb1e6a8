"""A network with every number fixed: what the golden model computes and what the generated C must equal bit for bit.

The arithmetic, per output element of a layer with weights:

    acc = bias + sum((x - zero_point_in) * w)            wrapped to `accumulator_bits`, two's complement
    y   = clamp(zero_point_out + requantize(acc), clamp_low, clamp_high)
    requantize(acc) = (acc * multiplier + 2**(shift-1)) >> shift    in 64 bits: one rounding, half up

Pools without a reduction in precision of their own use the same requantize on the sum of (x - zero_point_in).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer, Network

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TensorFormat:
    """Codes of an activation tensor: real = scale * (code - zero_point), low <= code <= high."""

    scale: float
    zero_point: int
    bits: int
    low: int
    high: int

    @property
    def container_bits(self) -> int:
        """Bits each code occupies in memory: 8, 16 or 32."""
        return 8 if self.bits <= 8 else 16 if self.bits <= 16 else 32


@dataclass(frozen=True)
class LayerNumbers:
    """Every constant of one layer's integer arithmetic; arrays are int64 here whatever their container in C.

    `multipliers` and `shifts` have one entry per output channel (conv, dwconv, dense), one (pools), or one per input
    (add). `table` holds a softmax's exponentials (see `golden.softmax`). `weight_scales` says what the codes of the
    weights stand for: real = scale * code, one per output channel; no target computes with it.
    """

    weights: IntArray | None = None  # layout of Layer.weight_shape
    bias: IntArray | None = None  # (output channels,)
    weight_bits: int = 8
    accumulator_bits: int = 32
    multipliers: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    shifts: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    clamp_low: int = -128
    clamp_high: int = 127
    table: IntArray | None = None
    weight_scales: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def weight_container_bits(self) -> int:
        """Bits each weight occupies in memory."""
        return 8 if self.weight_bits <= 8 else 16


@dataclass(frozen=True)
class QuantizedNetwork:
    """A network, the format of each of its tensors, and the numbers of each of its layers."""

    network: Network
    formats: dict[str, TensorFormat]  # by tensor name, the input included
    numbers: dict[str, LayerNumbers]  # by layer name

    def layer_format(self, layer: Layer) -> TensorFormat:
        """Format of a layer's output."""
        return self.formats[layer.name]

"""A network with every number fixed: what the golden model computes and what the generated C must equal bit for bit.

The arithmetic, per output element of a layer with weights:

    acc = bias + sum((x - zero_point_in) * w)            wrapped to `accumulator_bits`, two's complement
    y   = clamp(zero_point_out + requantize(acc), clamp_low, clamp_high)
    requantize(acc) = (acc * multiplier + 2**(shift-1)) >> shift    in 64 bits: one rounding, half up

Pools without a reduction in precision of their own use the same requantize on the sum of (x - zero_point_in).

Sigmoid and tanh read a table T of their function. For codes x of up to 8 bits it has an entry for each code: the code
of the output. For wider ones it has an entry at every 2**k-th code, in units of 2**-7 of an output code, and between
two entries lies a straight line, rounded half up:

    y = T[x - first]                                                                   up to 8 bits
    p = clamp(x, first, last) - first;  i = p >> k;  r = p mod 2**k                     more than 8 bits
    y = clamp((T[i] * 2**k + (T[i + 1] - T[i]) * r + 2**(k + 6)) >> (k + 7), clamp_low, clamp_high)

`specc.numerics.tables` makes the tables, and says how far y may lie from the function.

A linear convolution whose outputs are only averaged may run as window sums: it rounds nothing, and its pool requantizes
the sum of its accumulators over all N output positions, once, with the multiplier of each channel divided by N:

    acc = sum over positions of (bias + sum((x - zero_point_in) * w))    wrapped to the convolution's `accumulator_bits`
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from specc.graph.execution import Execution, resident
from specc.graph.network import Layer, Network
from specc.graph.tiles import Tiles

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

    `multipliers` and `shifts` have one entry per output channel (conv, dwconv, dense, a pool of window sums), one
    (other pools), one per input (add), or none (a convolution as window sums, which rounds nothing). `table` holds a
    softmax's exponentials (see `golden.softmax`), or T of a sigmoid or tanh, with `table_first`, `table_last` and
    `table_shift` for first, last and k. `weight_scales` says what the codes of the weights stand for: real = scale *
    code, one per output channel; no target computes with it. With `activation_clamp`, an output is clamped to these
    codes in a pass of its own, behind the clamp of the layer's arithmetic.
    """

    weights: IntArray | None = None  # layout of Layer.weight_shape
    bias: IntArray | None = None  # (output channels,)
    weight_bits: int = 8
    accumulator_bits: int = 32
    multipliers: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    shifts: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    clamp_low: int = -128
    clamp_high: int = 127
    activation_clamp: tuple[int, int] | None = None
    table: IntArray | None = None
    table_first: int = 0
    table_last: int = 0
    table_shift: int = 0
    weight_scales: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def output_clamp(self) -> tuple[int, int]:
        """The lowest and the highest code that an output can have in the end."""
        return self.activation_clamp or (self.clamp_low, self.clamp_high)

    @property
    def weight_container_bits(self) -> int:
        """Bits each weight occupies in memory."""
        return 8 if self.weight_bits <= 8 else 16


@dataclass(frozen=True)
class QuantizedNetwork:
    """A network, the format of each of its tensors, and the numbers of each of its layers.

    `window_sums` names the convolutions that run as window sums: their outputs exist nowhere. `execution` says in which
    steps generated code runs the layers (None: each as a whole), and `off` which exact rewrites it goes without, of
    those that there are for this network; they change no result.
    """

    network: Network
    formats: dict[str, TensorFormat]  # by tensor name, the input included
    numbers: dict[str, LayerNumbers]  # by layer name
    window_sums: frozenset[str] = frozenset()
    execution: Execution | None = None
    off: frozenset[str] = frozenset()  # of `specc.spec.kernels.REWRITES`

    @property
    def steps(self) -> Execution:
        """The steps in which generated code runs the layers."""
        return self.execution or resident(self.network)

    @cached_property
    def by_rows(self) -> frozenset[str]:
        """Names of the layers that run by rows."""
        return frozenset(self.network.layers[index].name for index in self.steps.by_rows)

    @cached_property
    def rings(self) -> dict[str, int]:
        """Rows kept of each tensor that is never there as a whole."""
        return self.steps.rings

    @cached_property
    def tiles(self) -> dict[str, Tiles]:
        """The tiles in which layers run, by layer; those that run without have none."""
        layers = self.network.layers
        return {
            layer.name: step.tiles
            for step in self.steps.steps
            if step.tiles
            for layer in layers[step.first : step.last + 1]
        }

    @cached_property
    def without_rows(self) -> frozenset[str]:
        """Names of the layers of whose outputs no whole row ever lies in memory."""
        return self.window_sums | {name for name, tiles in self.tiles.items() if name in tiles.kept}

    @property
    def schedule(self) -> str:
        """How the layers run, in words; equal words are equal schedules of a network."""
        sums = [f"{name}+{self.network.consumers(name)[0].name} as window sums" for name in sorted(self.window_sums)]
        without = [f"without the rewrite of {', '.join(sorted(self.off))}"] if self.off else []
        return "; ".join([*sums, self.steps.describe(self.network), *without])

    @property
    def value_bytes(self) -> dict[str, int]:
        """Bytes of each value of a tensor in memory."""
        return {tensor: form.container_bits // 8 for tensor, form in self.formats.items()}

    def layer_format(self, layer: Layer) -> TensorFormat:
        """Format of a layer's output."""
        return self.formats[layer.name]

    def weight_scales(self, layer: Layer) -> npt.NDArray[np.float64]:
        """Scale of each output channel's weights, as its multiplier stands for it.

        A layer that is summed before it is rescaled has no multipliers, so a file that holds it rounds its outputs too.
        """
        numbers = self.numbers[layer.name]
        if layer.name in self.window_sums:
            assert numbers.weight_scales is not None
            return numbers.weight_scales
        # multiplier / 2**shift = source scale * weight scale / output scale
        ratios = numbers.multipliers.astype(np.float64) / np.exp2(numbers.shifts.astype(np.float64))
        scales = ratios * self.layer_format(layer).scale / self.formats[layer.inputs[0]].scale
        return np.broadcast_to(scales, (layer.output_shape[-1],))

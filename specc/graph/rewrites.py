"""Exact rewrites of a network: the same integers from fewer operations.

A convolution without activation is linear, and so is a global average pool. The pool's sum over all output pixels is
therefore a sum over kernel taps: each weight times the sum of the inputs that this tap meets. Those window sums need
one addition per input code and a few corrections at the borders, and each weight is multiplied once. The result is the
same integer as long as nothing is rounded between convolution and pool and no accumulator overflows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from specc.graph.network import Layer, Network


@dataclass(frozen=True)
class WindowSums:
    """Operations of a convolution and its global average pool as window sums.

    The input is split into classes of positions that meet the same kernel taps: `classes` sums per channel take
    `additions` in all, each tap's window sum is put together from them with `corrections` more additions, and `macs`
    multiply each window sum by its weight.
    """

    additions: int
    corrections: int
    macs: int
    classes: int  # sums kept, all channels together

    def at_least(self, additions_per_cycle: Fraction, macs_per_cycle: Fraction) -> int:
        """Cycles below which no schedule gets: every input code added once, every weight multiplied once."""
        return math.ceil(self.additions / additions_per_cycle + self.macs / macs_per_cycle)

    def about(self, additions_per_cycle: Fraction) -> int:
        """Cycles when the input codes are added at that rate and all the rest is done one by one."""
        return math.ceil(self.additions / additions_per_cycle) + self.corrections + self.macs


def pooled_convolutions(network: Network) -> tuple[tuple[Layer, Layer], ...]:
    """Every convolution whose output is read by nothing but a global average pool, with that pool."""
    pairs = []
    for layer in network.layers:
        readers = network.consumers(layer.name)
        if layer.kind in ("conv", "dwconv") and len(readers) == 1 and is_global_average(readers[0]):
            pairs.append((layer, readers[0]))
    return tuple(pairs)


def is_global_average(layer: Layer) -> bool:
    """Whether a layer averages its whole input into one value per channel."""
    return layer.kind == "avgpool" and layer.kernel == layer.input_shapes[0][:2]


def window_sums(convolution: Layer) -> WindowSums | None:
    """Cost of a linear convolution followed by a global average pool; None if its activation is not linear."""
    if convolution.activation != "linear" or convolution.weight_shape is None:
        return None
    rows, columns = _axis_of(convolution, 0), _axis_of(convolution, 1)
    channels = convolution.input_shapes[0][2]
    corrections = (rows.memberships - rows.taps) * columns.classes + rows.taps * (columns.memberships - columns.taps)
    return WindowSums(
        additions=rows.touched * columns.touched * channels,
        corrections=corrections * channels,
        macs=math.prod(convolution.weight_shape),
        classes=rows.classes * columns.classes * channels,
    )


def positions_met(layer: Layer) -> int:
    """Input positions (row, column) that some output of a convolution or pool meets: strides may step over the rest."""
    return _axis_of(layer, 0).touched * _axis_of(layer, 1).touched


def taps_met(layer: Layer) -> int:
    """Kernel taps that meet some input position: on a small input, some may only ever lie on the padding."""
    if layer.kernel == (1, 1):
        return 1
    return _axis_of(layer, 0).taps * _axis_of(layer, 1).taps


@dataclass(frozen=True)
class _Axis:
    """Positions of one axis of the input, seen by the kernel's taps along it."""

    touched: int  # positions that some tap meets
    classes: int  # groups of positions that meet the same taps
    memberships: int  # taps met, summed over the classes
    taps: int  # taps that meet some position


def _axis_of(layer: Layer, axis: int) -> _Axis:
    size, outputs = layer.input_shapes[0][axis], layer.output_shape[axis]
    return _axis(size, outputs, layer.kernel[axis], layer.stride[axis], layer.pad_before[axis])


@lru_cache(maxsize=64)
def _axis(size: int, outputs: int, kernel: int, stride: int, before: int) -> _Axis:
    touched = 0
    classes: set[tuple[int, int]] = set()
    for position in range(size):
        # Output o meets the position with tap `position + before - o * stride`: an arithmetic progression of taps.
        offset = position + before
        first_output = max(0, -((kernel - 1 - offset) // stride))
        last_output = min(outputs - 1, offset // stride)
        if first_output <= last_output:
            touched += 1
            classes.add((offset - last_output * stride, offset - first_output * stride))
    met = {tap for low, high in classes for tap in range(low, high + 1, stride)}
    memberships = sum((high - low) // stride + 1 for low, high in classes)
    return _Axis(touched, len(classes), memberships, len(met))

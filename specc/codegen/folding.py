"""One shift and one rounding for every output channel of a layer, exactly: what differs goes into wider weights.

The integer model's code of a sum is

    zero point + (sum * multiplier + 2**(shift - 1)) >> shift    (specc/numerics/quantized.py)

With shift = 32 + k and k >= 1, the lower word of the product takes no part in the rounding, so that this equals

    (high word of (sum * multiplier) + 2**(k - 1) + zero point * 2**k) >> k

A channel whose k is smaller than the layer's has its weights and bias multiplied by the power of two between them. One
whose k is larger reaches few codes only, most often one: there a coarser multiplier does, with a bias that is moved
until the codes begin at the same sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_LEAST_SHIFT: Final = 1  # below it, the lower word takes part in the rounding
_MOST_SHIFT: Final = 20  # a high word (2**30) and the zero point's part (2**(20 + 7)) add up within 32 bits
_WEIGHTS_WITHIN: Final = 2**15
_SUMS_WITHIN: Final = 2**31


@dataclass(frozen=True)
class Folded:
    """A layer's constants with one shift for all channels; arrays are by output channel first."""

    weights: IntArray  # (channels, taps), 16 bits
    bias: IntArray  # (channels,), 32 bits; the input's zero point is part of it
    multipliers: IntArray  # (channels,)
    shift: int  # of the high word of sum * multiplier
    rounding: int  # added to the high word: half a unit, and the output's zero point
    raised: IntArray  # (channels,), bits by which weights and bias, and so sums, are raised to reach that shift


@dataclass(frozen=True)
class _Channel:
    """One output channel, in Python's integers, which never overflow."""

    weights: list[int]
    bias: int
    multiplier: int
    shift: int  # of the whole product
    lowest: int  # sum that it can reach, the bias included
    highest: int
    codes: tuple[int, int]  # that it can put out, less the zero point

    def code(self, total: int) -> int:
        return (total * self.multiplier + (1 << (self.shift - 1))) >> self.shift


def fold(network: QuantizedNetwork, layer: Layer) -> Folded | None:
    """A layer's constants with one shift, or None where that is not exact, or is switched off.

    Args:
        network: the network.
        layer: one with weights.
    """
    channels = None if "shifts" in network.off else _channels(network, layer)
    if channels is None:
        return None
    for shift in sorted({channel.shift - 32 for channel in channels} | {_LEAST_SHIFT}, reverse=True):
        if _LEAST_SHIFT <= shift <= _MOST_SHIFT and (folded := _with_shift(channels, shift)) is not None:
            weights, bias, multipliers, raised = map(np.array, zip(*folded, strict=True))
            zero_point = network.layer_format(layer).zero_point
            rounding = (1 << (shift - 1)) + (zero_point << shift)
            return Folded(weights, bias, multipliers, shift, rounding, raised)
    return None


def folded_bias(layer: Layer, weights: IntArray, bias: IntArray, zero_point: int) -> IntArray:
    """Bias less zero point times the sum of the weights, so that the kernel may use input codes as they are.

    Exact modulo 2**32, which is all that the accumulator keeps.
    """
    axes = (0, 1) if layer.kind == "dwconv" else tuple(range(1, weights.ndim))
    folded = bias - zero_point * weights.sum(axis=axes)
    return np.asarray(folded.astype(np.int32), dtype=np.int64)


def channel_weights(network: QuantizedNetwork, layer: Layer) -> IntArray:
    """The weights of a layer by output channel: (channels, taps)."""
    weights, count = network.numbers[layer.name].weights, layer.output_shape[-1]
    assert weights is not None
    return weights.reshape(-1, count).T if layer.kind == "dwconv" else weights.reshape(count, -1)


def sum_ranges(network: QuantizedNetwork, layer: Layer) -> tuple[IntArray, IntArray]:
    """The lowest and the highest sum that each output channel can reach, the bias included: (channels,) each."""
    source, bias = network.formats[layer.inputs[0]], network.numbers[layer.name].bias
    assert bias is not None
    weights = channel_weights(network, layer)
    folded = bias - source.zero_point * weights.sum(axis=1)
    ends = weights * source.low, weights * source.high
    return folded + np.minimum(*ends).sum(axis=1), folded + np.maximum(*ends).sum(axis=1)


def _channels(network: QuantizedNetwork, layer: Layer) -> list[_Channel] | None:
    """The channels of a layer; None if a sum can leave the accumulator."""
    numbers, source, out = network.numbers[layer.name], network.formats[layer.inputs[0]], network.layer_format(layer)
    assert numbers.weights is not None and numbers.bias is not None
    weights = channel_weights(network, layer)
    bias = numbers.bias - source.zero_point * weights.sum(axis=1)
    lowest, highest = sum_ranges(network, layer)
    within = 2 ** (numbers.accumulator_bits - 1)
    if (lowest < -within).any() or (highest >= within).any():
        return None
    codes = (numbers.clamp_low - out.zero_point, numbers.clamp_high - out.zero_point)
    return [
        _Channel(weights[i].tolist(), int(bias[i]), int(multiplier), int(shift), int(lowest[i]), int(highest[i]), codes)
        for i, (multiplier, shift) in enumerate(zip(numbers.multipliers, numbers.shifts, strict=True))
    ]


def _with_shift(channels: list[_Channel], shift: int) -> list[tuple[list[int], int, int, int]] | None:
    """Weights, bias, multiplier and bits raised of each channel for a shift of 32 + `shift`; None if one has none."""
    found = []
    for channel in channels:
        own = _scaled(channel, shift) if channel.shift <= 32 + shift else _coarser(channel, shift)
        if own is None:
            return None
        found.append(own)
    return found


def _scaled(channel: _Channel, shift: int) -> tuple[list[int], int, int, int] | None:
    up = 32 + shift - channel.shift
    reach = max(abs(channel.bias), abs(channel.lowest), abs(channel.highest))
    widest = max(map(abs, channel.weights))
    if reach << up >= _SUMS_WITHIN or widest << up >= _WEIGHTS_WITHIN:
        return None
    return [weight << up for weight in channel.weights], channel.bias << up, channel.multiplier, up


def _coarser(channel: _Channel, shift: int) -> tuple[list[int], int, int, int] | None:
    """A channel whose codes change at the same sums with a multiplier that has fewer bits."""
    low, high = (
        min(max(channel.code(end), channel.codes[0]), channel.codes[1]) for end in (channel.lowest, channel.highest)
    )
    if low == high:  # one code whatever the input: a sum that is 2**30 to the product's high word
        bias = low << (shift + 2)
        return ([0] * len(channel.weights), bias, 2**30, 0) if abs(bias) < _SUMS_WITHIN else None
    multiplier = channel.multiplier >> (channel.shift - 32 - shift)
    if not multiplier:
        return None
    # The least sums of which each code but the lowest comes, in the one arithmetic and in the other.
    codes = range(low + 1, high + 1)
    exact = [-(((1 << (channel.shift - 1)) - (code << channel.shift)) // channel.multiplier) for code in codes]
    coarse = [-(((1 << (shift + 31)) - (code << (shift + 32))) // multiplier) for code in codes]
    moved = coarse[0] - exact[0]
    bias = channel.bias + moved
    reach = max(abs(bias), abs(channel.lowest + moved), abs(channel.highest + moved))
    if [begin + moved for begin in exact] != coarse or reach >= _SUMS_WITHIN:
        return None
    return channel.weights, bias, multiplier, 0

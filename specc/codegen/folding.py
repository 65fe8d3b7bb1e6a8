"""One shift and one rounding for every output channel of a layer, exactly: what differs goes into wider weights.

The integer model's code of a sum is

    zero point + (sum * multiplier + 2**(shift - 1)) >> shift    (specc/numerics/quantized.py)

With shift = 32 + k and k >= 1, the lower word of the product takes no part in the rounding, so that this equals

    (high word of (sum * multiplier) + 2**(k - 1) + zero point * 2**k) >> k

A channel whose k is larger than the layer's gets a multiplier of fewer bits, which does where every code begins at the
same sum: few codes and short sums leave room for that, and moving the bias some more. One whose k is smaller has its
weights and bias multiplied by the power of two between them, where the kernel has room for wider weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_LEAST_SHIFT: Final = 1  # below it, the lower word takes part in the rounding
_MOST_SHIFT: Final = 20  # a high word (2**30) and the zero point's part (2**(20 + 7)) add up within 32 bits
_SUMS_WITHIN: Final = 2**31
_MOST_MOVED: Final = 32  # of a bias, in either direction; more seldom help


@dataclass(frozen=True)
class Folded:
    """A layer's constants with one shift for all channels; arrays are by output channel first."""

    weights: IntArray  # (channels, taps)
    bias: IntArray  # (channels,), 32 bits; the input's zero point is part of it
    multipliers: IntArray  # (channels,)
    shift: int  # of the high word of sum * multiplier, where the sum is as high as the kernel raises it
    rounding: int  # added to the high word: half a unit, and the output's zero point


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


def fold(network: QuantizedNetwork, layer: Layer, *, bits: int, height: int = 0) -> Folded | None:
    """A layer's constants with one shift, or None where that is not exact, or is switched off.

    Args:
        network: the network.
        layer: one with weights.
        bits: that the kernel has room for in a weight.
        height: bits by which the kernel raises its sums, so that more of them may make one code.
    """
    channels = None if "shifts" in network.off else _channels(network, layer)
    if channels is None:
        return None
    least = _LEAST_SHIFT - height
    for shift in sorted({channel.shift - 32 for channel in channels} | {least}, reverse=True):
        if least <= shift <= _MOST_SHIFT and (folded := _with_shift(channels, shift, bits)) is not None:
            weights, bias, multipliers = map(np.array, zip(*folded, strict=True))
            zero_point = network.layer_format(layer).zero_point
            raised = shift + height
            rounding = (1 << (raised - 1)) + (zero_point << raised)
            return Folded(weights, bias, multipliers, raised, rounding)
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


def _with_shift(channels: list[_Channel], shift: int, bits: int) -> list[tuple[list[int], int, int]] | None:
    """Weights, bias and multiplier of each channel for a shift of 32 + `shift`; None if one has none."""
    # What is quickly worked out comes first.
    scaled = [_scaled(channel, shift, bits) if channel.shift <= 32 + shift else None for channel in channels]
    if any(own is None and channel.shift <= 32 + shift for own, channel in zip(scaled, channels, strict=True)):
        return None
    found = []
    for own, channel in zip(scaled, channels, strict=True):
        one = own or _coarser(channel, shift)
        if one is None:
            return None
        found.append(one)
    return found


def _scaled(channel: _Channel, shift: int, bits: int) -> tuple[list[int], int, int] | None:
    up = 32 + shift - channel.shift
    reach = max(abs(channel.bias), abs(channel.lowest), abs(channel.highest))
    widest = max(map(abs, channel.weights))
    if reach << up >= _SUMS_WITHIN or (up and widest << up >= 1 << (bits - 1)):
        return None
    return [weight << up for weight in channel.weights], channel.bias << up, channel.multiplier


def _coarser(channel: _Channel, shift: int) -> tuple[list[int], int, int] | None:
    """A channel whose codes begin at the same sums with a multiplier that has fewer bits."""
    low, high = (
        min(max(channel.code(end), channel.codes[0]), channel.codes[1]) for end in (channel.lowest, channel.highest)
    )
    if low == high:  # one code whatever the input: a sum that is 2**30 to the product's high word
        bias = low << max(shift + 2, 0)
        return ([0] * len(channel.weights), bias, 1 << min(shift + 32, 30)) if abs(bias) < _SUMS_WITHIN else None
    # For each code but the lowest the least sum that makes it; the product from which on it comes.
    codes = range(low + 1, high + 1)
    begins = np.array(
        [-(((1 << (channel.shift - 1)) - (code << channel.shift)) // channel.multiplier) for code in codes]
    )
    products = (np.array(codes) << (shift + 32)) - (1 << (shift + 31))
    # These sums times the multiplier make at least these products; less than them as the same of negative ones.
    sums, signs = np.concatenate([begins, begins - 1]), np.repeat([1, -1], len(begins))
    least = np.concatenate([products, products - 1])
    step = 1 << (shift + 32)
    if low > channel.codes[0]:
        sums, signs, least = np.append(sums, channel.lowest), np.append(signs, 1), np.append(least, products[0] - step)
    if high < channel.codes[1]:
        sums, signs = np.append(sums, channel.highest), np.append(signs, -1)
        least = np.append(least, products[-1] + step - 1)
    for moved in sorted(range(-_MOST_MOVED, _MOST_MOVED + 1), key=abs):
        multiplier = _least_multiplier((sums + moved) * signs, least * signs)
        bias = channel.bias + moved
        reach = max(abs(bias), abs(channel.lowest + moved), abs(channel.highest + moved))
        if multiplier is not None and reach < _SUMS_WITHIN:
            return channel.weights, bias, multiplier
    return None


def _least_multiplier(sums: IntArray, products: IntArray) -> int | None:
    """The least number below 2**31 by which each sum makes at least its product."""
    if (products[sums == 0] > 0).any():
        return None
    up, down = sums > 0, sums < 0
    low = int((-(-products[up] // sums[up])).max(initial=1))
    high = int((products[down] // sums[down]).min(initial=2**31 - 1))
    return low if low <= high else None

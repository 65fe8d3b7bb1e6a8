"""Faults of some channels of a layer with weights, and of its border: constants and outputs of other channels, padding
of another value, one wrong weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer
from specc.numerics.faults import ENOUGH_DIFFERING, Fault, channels_of
from specc.numerics.golden import requantize, weighted_sums, wrap
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork
from specc.numerics.windows import is_padded, windows

_PRODUCTS: Final = 1 << 21  # of weights and outputs that are looked at to find one wrong weight


def faults_of_channels(network: QuantizedNetwork, layer: Layer, x: IntArray, found: IntArray) -> Iterator[Fault]:
    """Faults of a conv, dwconv or dense layer of the codes x."""
    numbers, zero = network.numbers[layer.name], network.formats[layer.inputs[0]].zero_point
    own = _Weighted(layer, numbers, network.layer_format(layer).zero_point, x - zero)
    if layer.kind != "dense" and is_padded(layer) and zero:
        inside = weighted_sums(np.ones_like(x[:1]), own.weights, layer)
        axes = (0, 1) if layer.kind == "dwconv" else tuple(range(1, own.weights.ndim))
        outside = own.weights.sum(axis=axes) - inside
        yield (
            f"padding: it has the code 0, not {zero}, the zero point",
            own.output(products=own.products - zero * outside),
        )
    expected = own.output()
    channels = channels_of(found != expected)
    yield from _other_constants(own)
    yield from _other_order(channels, expected, found)
    if len(channels) == 1:
        yield from _one_weight(own, int(channels[0]), expected, found)


class _Weighted:
    """The arithmetic of a layer with weights, whose constants can be exchanged."""

    def __init__(self, layer: Layer, numbers: LayerNumbers, zero_point: int, x: IntArray) -> None:
        assert numbers.weights is not None and numbers.bias is not None
        self.layer, self.numbers, self.zero_point, self.x = layer, numbers, zero_point, x
        self.weights, self.bias = numbers.weights, numbers.bias
        self.products = weighted_sums(x, numbers.weights, layer)

    def output(
        self, *, products: IntArray | None = None, bias: IntArray | None = None, order: npt.ArrayLike | None = None
    ) -> IntArray:
        """Codes, with other sums of products, another bias, or multipliers and shifts in another order."""
        own = self.numbers
        total = (self.products if products is None else products) + (self.bias if bias is None else bias)
        channels = np.arange(total.shape[-1]) if order is None else np.asarray(order)
        scaled = requantize(wrap(total, own.accumulator_bits), own.multipliers[channels], own.shifts[channels])
        return np.asarray(np.clip(self.zero_point + scaled, own.clamp_low, own.clamp_high))


def _other_constants(own: _Weighted) -> Iterator[Fault]:
    """Multipliers or biases of other channels, where they differ."""
    every = np.arange(len(own.bias))
    orders = {"channel 0": 0 * every, "the channel before": np.roll(every, 1), "the channel behind": np.roll(every, -1)}
    for whose, order in orders.items():
        if len(np.unique(np.stack([own.numbers.multipliers, own.numbers.shifts]), axis=1).T) > 1:
            yield f"scale: each channel has the multiplier of {whose}", own.output(order=order)
        if len(np.unique(own.bias)) > 1:
            yield f"bias: each channel has that of {whose}", own.output(bias=own.bias[order])


def _other_order(channels: npt.NDArray[np.intp], expected: IntArray, found: IntArray) -> Iterator[Fault]:
    """Channels that hold what belongs to others: each in full, and told apart from all others."""
    columns = {column.tobytes(): number for number, column in enumerate(expected.reshape(-1, expected.shape[-1]).T)}
    order = np.arange(expected.shape[-1])
    if len(columns) < len(order):
        return  # channels that are equal
    wrong = (found != expected).reshape(-1, len(order))
    for channel in channels:
        other = columns.get(np.ascontiguousarray(found.reshape(-1, len(order))[:, channel]).tobytes())
        if other is None or np.count_nonzero(wrong[:, channel]) < ENOUGH_DIFFERING:
            return
        order[channel] = other
    first = int(channels[0])
    yield f"order: channel {first} holds what belongs to channel {order[first]}", expected[..., order]


def _one_weight(own: _Weighted, channel: int, expected: IntArray, found: IntArray) -> Iterator[Fault]:
    """One weight of a channel that has another value: each code bounds by how much, and all must agree."""
    seen, right = found[..., channel].reshape(-1), expected[..., channel].reshape(-1)
    if np.count_nonzero(seen != right) < ENOUGH_DIFFERING:
        return
    taps = _taps(own, channel)
    if taps.size > _PRODUCTS:
        return
    numbers = own.numbers
    total = own.products[..., channel].reshape(-1) + own.bias[channel]
    step = 2.0 ** float(numbers.shifts[channel]) / float(numbers.multipliers[channel])  # sums per code
    code = seen - own.zero_point
    least = np.where(seen <= numbers.clamp_low, -np.inf, (code - 0.5) * step - total)
    most = np.where(seen >= numbers.clamp_high, np.inf, (code + 0.5) * step - total)
    # A weight that is off by d moves each sum by d times the input that it meets.
    met = taps != 0
    if not ((least <= 0) & (most >= 0))[~met.any(axis=1)].all():
        return
    unmet_fits = np.where(met, True, ((least <= 0) & (most >= 0))[:, np.newaxis]).all(axis=0)
    divisor = np.where(met, taps, 1)
    ends = np.sort(np.stack([least[:, np.newaxis] / divisor, most[:, np.newaxis] / divisor]), axis=0)
    low = np.where(met, ends[0], -np.inf).max(axis=0)
    high = np.where(met, ends[1], np.inf).min(axis=0)
    nearest = np.rint((low + high) / 2)
    fits = unmet_fits & np.isfinite(low) & np.isfinite(high) & (low <= nearest) & (nearest <= high) & (nearest != 0)
    if np.count_nonzero(fits) != 1:
        return  # none, or more than one that might be it
    tap = int(np.flatnonzero(fits)[0])
    off = int(nearest[tap])
    products = own.products.copy()
    products[..., channel] += (off * taps[:, tap]).reshape(products.shape[:-1])
    where, value = _place(own, channel, tap)
    yield f"weights: that of {where} counts as {value + off}, not as {value}", own.output(products=products)


def _taps(own: _Weighted, channel: int) -> IntArray:
    """The inputs that each weight of a channel meets: (outputs, weights of the channel)."""
    layer = own.layer
    if layer.kind == "dense":
        return own.x.reshape(len(own.x), -1)
    patches = windows(own.x, layer, fill=0)
    if layer.kind == "dwconv":
        patches = patches[:, :, :, channel : channel + 1]
    return patches.reshape(-1, patches.shape[3] * patches.shape[4] * patches.shape[5])


def _place(own: _Weighted, channel: int, tap: int) -> tuple[str, int]:
    """Where a weight stands, in words, and its value."""
    if own.layer.kind == "dense":
        return f"unit {channel} for input {tap}", int(own.weights[channel, tap])
    height, width = own.layer.kernel
    source, row, column = np.unravel_index(tap, (tap // (height * width) + 1, height, width))
    if own.layer.kind == "dwconv":
        return f"channel {channel} in row {row}, column {column}", int(own.weights[row, column, channel])
    place = f"filter {channel} for input channel {source} in row {row}, column {column}"
    return place, int(own.weights[channel, row, column, source])

"""Why a layer's output differs from the golden model's: faults of arithmetic, each tested on the layer's own inputs.

A fault is named only if it gives every code that was found, in the whole layer or in all of the channels that differ;
what explains no more than some of them is no cause. A fault that is fitted to what was found (a factor, an offset, a
bound) needs more codes that differ than a chance agreement would have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer
from specc.numerics.channel_faults import faults_of_channels
from specc.numerics.faults import ENOUGH_DIFFERING, Fault, channels_of, saturation, threshold, zero_points
from specc.numerics.golden import REQUANTIZED, requantize, scaling, sums, unclamped, wrap
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.numerics.table_faults import faults_of_function, faults_of_softmax
from specc.spec.model import TABULATED

NO_CAUSE: Final = "no single cause found"
# Codes that must be explained. Truncation alters about half of them: it agrees with noise once in 2**16.
_ENOUGH: Final = 16
_EXACT_SUM: Final = 2**31  # times a multiplier below 2**31, sums below this stay within 64 bits
_HIGH_HALF: Final = 31  # bits that a doubling high multiplication takes off, with a rounding of its own


@dataclass(frozen=True)
class _Arithmetic:
    """A layer that sums, scales and rounds, and what it sums of a batch of inputs."""

    total: IntArray  # exact
    bits: int  # that the sums wrap at; 64: they do not
    multipliers: IntArray
    shifts: IntArray
    zero_point: int
    low: int
    high: int
    container_bits: int

    def output(self, total: IntArray) -> IntArray:
        """Codes of other sums, which are not wrapped."""
        return self.clamp(self.zero_point + requantize(total, self.multipliers, self.shifts))

    def clamp(self, codes: IntArray) -> IntArray:
        """The layer's own bounds."""
        return np.asarray(np.clip(codes, self.low, self.high))


def likely_cause(network: QuantizedNetwork, layer: Layer, tensors: Mapping[str, IntArray], found: IntArray) -> str:
    """The fault that turns the golden model's output of a layer into the one that was found; else `NO_CAUSE`.

    Args:
        network: the network and its numbers.
        layer: the layer that differs. Its inputs must be those of the golden model.
        tensors: the golden model's tensors, each with a batch axis.
        found: what was found of the layer's output: (batch, *output shape).
    """
    expected = tensors[layer.name]
    differs = found != expected
    channels = channels_of(differs)
    some = len(channels) < differs.shape[-1] and layer.kind != "flatten"
    where = f", in channel{'s' if len(channels) > 1 else ''} {_listed(channels)} alone" if some else ""
    whole = found.size >= _ENOUGH
    part = some and found[..., channels].size >= _ENOUGH
    for fault, codes in _faults(network, layer, tensors, found):
        if whole and np.array_equal(codes, found):
            return fault
        if part and np.array_equal(codes[..., channels], found[..., channels]):
            return fault + where
    return NO_CAUSE + where


def _faults(
    network: QuantizedNetwork, layer: Layer, tensors: Mapping[str, IntArray], found: IntArray
) -> Iterator[Fault]:
    numbers, form = network.numbers[layer.name], network.layer_format(layer)
    inputs = [_tensor(network, tensors, name) for name in layer.inputs]
    if layer.kind in ("relu", "relu6", "maxpool"):
        raw = unclamped(layer, inputs[0])
        yield from saturation(raw, (numbers.clamp_low, numbers.clamp_high), form.container_bits, found)
    if layer.kind in ("relu", "relu6"):
        yield from threshold(inputs[0], (numbers.clamp_low, numbers.clamp_high), found)
    if layer.kind in TABULATED:
        yield from faults_of_function(network, layer, inputs[0], found)
    if layer.kind == "softmax":
        yield from faults_of_softmax(network, layer, inputs[0], found)
    if layer.kind not in REQUANTIZED:
        return
    multipliers, shifts, bits = scaling(layer, numbers)
    own = _Arithmetic(
        total=sums(network, layer, inputs),
        bits=bits,
        multipliers=multipliers,
        shifts=shifts,
        zero_point=form.zero_point,
        low=numbers.clamp_low,
        high=numbers.clamp_high,
        container_bits=form.container_bits,
    )
    accumulator = wrap(own.total, bits)
    yield from _rounding(own, accumulator)
    raw = own.zero_point + requantize(accumulator, multipliers, shifts)
    yield from saturation(raw, (own.low, own.high), own.container_bits, found)
    if layer.activation != "linear":
        yield from threshold(raw, (own.low, own.high), found)
    yield from _accumulators(own)
    if numbers.bias is not None and np.abs(own.total).max(initial=0) < _EXACT_SUM:
        yield "bias: it is not added", own.output(wrap(own.total - numbers.bias, bits))
    yield from zero_points(raw, (own.low, own.high), found)
    yield from _scale(own, accumulator, found)
    if numbers.weights is not None and layer.name not in network.window_sums:
        yield from faults_of_channels(network, layer, inputs[0], found)


def _tensor(network: QuantizedNetwork, tensors: Mapping[str, IntArray], name: str) -> IntArray:
    """A tensor of the golden model; where it exists nowhere, the sums of the convolution that would give it."""
    if name in tensors:
        return tensors[name]
    layer = network.network.layer(name)
    return sums(network, layer, [tensors[source] for source in layer.inputs])


def _rounding(own: _Arithmetic, accumulator: IntArray) -> Iterator[Fault]:
    """Other roundings than once, half up."""
    product, shifts = accumulator * own.multipliers, own.shifts
    down = product >> shifts
    yield "rounding: the fraction is cut off downwards", own.clamp(own.zero_point + down)
    yield "rounding: the fraction is cut off towards zero", own.clamp(own.zero_point + _towards_zero(product, shifts))
    yield "rounding: halves go to the even code, not up", own.clamp(own.zero_point + _even(product, shifts))
    yield "rounding: halves go away from zero, not up", own.clamp(own.zero_point + _away(product, shifts))
    if (shifts > _HIGH_HALF).all():
        high = (product + (1 << (_HIGH_HALF - 1))) >> _HIGH_HALF
        yield from _second_rounding(own, high, shifts - _HIGH_HALF)
    if (shifts > 1).all():
        yield from _second_rounding(own, requantize(product, 1, shifts - 1), np.ones_like(shifts))


def _second_rounding(own: _Arithmetic, once: IntArray, rest: IntArray) -> Iterator[Fault]:
    """What is rounded already, with `rest` bits left to round."""
    for name, twice in (
        ("up", requantize(once, 1, rest)),
        ("away from zero", _away(once, rest)),
        ("to the even code", _even(once, rest)),
    ):
        yield f"rounding: twice, the second time with halves {name}", own.clamp(own.zero_point + twice)


def _towards_zero(product: IntArray, shifts: IntArray) -> IntArray:
    return np.asarray(np.sign(product) * (np.abs(product) >> shifts))


def _even(product: IntArray, shifts: IntArray) -> IntArray:
    half = np.int64(1) << (shifts - 1)
    down, rest = product >> shifts, product & ((np.int64(1) << shifts) - 1)
    return np.asarray(down + ((rest > half) | ((rest == half) & (down % 2 == 1))))


def _away(product: IntArray, shifts: IntArray) -> IntArray:
    return np.asarray(np.sign(product) * requantize(np.abs(product), 1, shifts))


def _accumulators(own: _Arithmetic) -> Iterator[Fault]:
    """Sums that wrap or saturate at other bits than the layer's: codes off by a multiple of 2**bits before scaling."""
    right = f"wrapping at {own.bits}" if own.bits < 64 else "keeping every bit"
    for bits in (16, 32, 24, 8):
        largest = 1 << (bits - 1)
        if bits != own.bits:
            yield f"accumulator: it wraps at {bits} bits instead of {right}", own.output(wrap(own.total, bits))
        saturated = np.asarray(np.clip(own.total, -largest, largest - 1))
        yield f"accumulator: it saturates at {bits} bits instead of {right}", own.output(saturated)
    if own.bits < 64 and np.abs(own.total).max(initial=0) < _EXACT_SUM:
        yield f"accumulator: it does not wrap at {own.bits} bits", own.output(own.total)


def _scale(own: _Arithmetic, accumulator: IntArray, found: IntArray) -> Iterator[Fault]:
    """One factor of every sum: each code bounds it from both sides, and the bounds must leave some room in common."""
    multipliers = np.broadcast_to(own.multipliers, found.shape[-1:])
    scaled = accumulator * (multipliers / np.exp2(own.shifts.astype(np.float64)))
    expected = own.clamp(own.zero_point + requantize(accumulator, own.multipliers, own.shifts))
    differs = found != expected
    if np.count_nonzero(differs) < ENOUGH_DIFFERING:
        return
    part = channels_of(differs)
    low, high = _common_factor(own, scaled[..., part], found[..., part])
    if not low < high or not np.isfinite([low, high]).all():
        return
    factor = (low + high) / 2
    fitted = own.clamp(own.zero_point + np.floor(scaled * factor + 0.5).astype(np.int64))
    yield f"scale: every sum is multiplied by {factor:.4g} times the multiplier", fitted


def _common_factor(own: _Arithmetic, scaled: npt.NDArray[np.float64], found: IntArray) -> tuple[float, float]:
    """Bounds of the factors that give every code; the lower is above the upper where none does."""
    code = found - own.zero_point
    least = np.where(found <= own.low, -np.inf, code - 0.5)
    most = np.where(found >= own.high, np.inf, code + 0.5)
    some = scaled != 0
    ends = np.sort(np.stack([least[some], most[some]]) / scaled[some], axis=0)
    return float(ends[0].max(initial=-np.inf)), float(ends[1].min(initial=np.inf))


def _listed(channels: npt.NDArray[np.intp]) -> str:
    shown = ", ".join(str(channel) for channel in channels[:4])
    return shown if len(channels) <= 4 else f"{shown} and {len(channels) - 4} more"

"""The integer golden model: what every target must compute, bit for bit. The arithmetic is in `quantized`.

Sums are exact in int64 and wrapped once at the end; that equals an accumulator that wraps after every addition, because
two's complement addition is addition modulo 2**bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork
from specc.numerics.windows import windows
from specc.spec.model import TABULATED

REQUANTIZED: Final = ("conv", "dwconv", "dense", "avgpool", "add")  # kinds of layers that sum, scale and round
TABLE_FRACTION: Final = 7  # fraction bits of an entry to interpolate from: 16 + 7, shifted by 8 more, stay within 32
_EXACT_IN_FLOAT64 = 2**53


def run(network: QuantizedNetwork, codes: npt.ArrayLike) -> dict[str, IntArray]:
    """Every tensor of an inference, by name, the input included.

    Args:
        network: the network and its numbers.
        codes: input codes, in the input's shape or with a batch axis before it.

    Returns:
        Arrays of the tensors' shapes, with a batch axis if the input has one. The outputs of convolutions that run as
        window sums are not among them.

    Raises:
        ValueError: wrong shape, or codes outside the input's format.
    """
    shape = network.network.input_shape
    x = np.asarray(codes, dtype=np.int64)
    single = x.shape == shape
    if not single and x.shape[1:] != shape:
        raise ValueError(f"input is {x.shape}, the network takes {shape} or a batch of it")
    form = network.formats[network.network.input]
    if x.size and (x.min() < form.low or x.max() > form.high):
        raise ValueError(f"input codes reach from {x.min()} to {x.max()}, the format from {form.low} to {form.high}")
    tensors = {network.network.input: x[np.newaxis] if single else x}
    for layer in network.network.layers:
        tensors[layer.name] = _layer(network, layer, [tensors[name] for name in layer.inputs])
    return {name: x[0] if single else x for name, x in tensors.items() if name not in network.window_sums}


def requantize(accumulator: IntArray, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> IntArray:
    """`accumulator * multiplier / 2**shift`, rounded half up once, in 64 bits."""
    shifts = np.asarray(shift, dtype=np.int64)
    product = accumulator * np.asarray(multiplier, dtype=np.int64)
    return (product + (np.int64(1) << (shifts - 1))) >> shifts


def wrap(total: IntArray, bits: int) -> IntArray:
    """What a two's complement accumulator of `bits` bits holds after adding up to `total`."""
    return (total << np.int64(64 - bits)) >> np.int64(64 - bits)


def _layer(network: QuantizedNetwork, layer: Layer, inputs: list[IntArray]) -> IntArray:
    x = inputs[0]
    numbers = network.numbers[layer.name]
    if layer.kind == "flatten":
        return x.reshape(len(x), *layer.output_shape)
    if layer.kind == "softmax":
        return softmax(x, numbers, network.formats[layer.inputs[0]].bits, network.layer_format(layer).bits)
    if layer.kind in TABULATED:
        return tabulated(x, numbers, network.formats[layer.inputs[0]].bits)
    if layer.kind not in REQUANTIZED:
        return _clamp(unclamped(layer, x), numbers)
    total = sums(network, layer, inputs)
    if layer.name in network.window_sums:
        return total
    multipliers, shifts, bits = scaling(layer, numbers)
    return _clamp(network.layer_format(layer).zero_point + requantize(wrap(total, bits), multipliers, shifts), numbers)


def unclamped(layer: Layer, x: IntArray) -> IntArray:
    """What a relu, relu6 or maxpool layer clamps."""
    if layer.kind == "maxpool":
        return np.asarray(windows(x, layer, fill=int(np.iinfo(np.int64).min)).max(axis=(-2, -1)))
    return x


def sums(network: QuantizedNetwork, layer: Layer, inputs: Sequence[IntArray]) -> IntArray:
    """What a layer of `REQUANTIZED` adds up, exactly: neither wrapped nor scaled yet."""
    x = inputs[0]
    numbers = network.numbers[layer.name]
    zero = network.formats[layer.inputs[0]].zero_point
    if layer.kind == "add":
        second_zero = network.formats[layer.inputs[1]].zero_point
        both = (x - zero) * numbers.multipliers[0] + (inputs[1] - second_zero) * numbers.multipliers[1]
        return np.asarray(both)
    if layer.inputs[0] in network.window_sums:
        return np.asarray(x.sum(axis=(1, 2), keepdims=True))
    if layer.kind == "avgpool":
        return np.asarray(windows(x - zero, layer, fill=0).sum(axis=(-2, -1)))
    assert numbers.weights is not None and numbers.bias is not None
    return np.asarray(numbers.bias + weighted_sums(x - zero, numbers.weights, layer))


def scaling(layer: Layer, numbers: LayerNumbers) -> tuple[IntArray, IntArray, int]:
    """Multipliers and shifts of a layer's sums, and the bits that the sums wrap at: 64 where they never do."""
    if layer.kind == "add":  # its inputs are scaled before they are added
        return np.ones(1, np.int64), numbers.shifts[:1], 64
    return numbers.multipliers, numbers.shifts, numbers.accumulator_bits


def weighted_sums(x: IntArray, weights: IntArray, layer: Layer) -> IntArray:
    """Exact sums of products of a conv, dwconv or dense layer over `x` (batch, *input shape), zero point taken off."""
    if layer.kind == "dense":
        return _exact_product(x.reshape(len(x), -1), weights.T)
    patches = windows(x, layer, fill=0)  # (batch, rows, columns, channels, kernel height, kernel width)
    if layer.kind == "conv":
        matrix = weights.transpose(0, 3, 1, 2).reshape(len(weights), -1).T
        rows = patches.reshape(-1, matrix.shape[0])
        return _exact_product(rows, matrix).reshape(*patches.shape[:3], -1)
    return np.asarray(np.einsum("bxycij,ijc->bxyc", patches, weights))


def _exact_product(a: IntArray, b: IntArray) -> IntArray:
    """Integer matrix product: by float64 BLAS where no partial sum can leave its exact range, else in int64."""
    largest = int(np.abs(a).max(initial=0)) * int(np.abs(b).max(initial=0)) * a.shape[1]
    if largest < _EXACT_IN_FLOAT64:
        return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)
    return a @ b


def softmax(x: IntArray, numbers: LayerNumbers, input_bits: int, output_bits: int) -> IntArray:
    """Softmax by a table of exponentials; output code 0 probability is -2**(bits-1), one LSB is 2**-bits.

    `numbers.table` holds exp(-distance * scale) in units of 2**-t with t = `softmax_table_shift(output_bits)`. For
    codes of up to 8 bits it is indexed by the distance from the largest code. For wider codes it holds 256 entries for
    distance // 256 and 256 for distance % 256; their product, rounded half up, is the exponential. The quotient is
    floor((e * 2**bits + sum // 2) / sum): rounded half up. One clamp keeps a probability of 1 in range.
    """
    assert numbers.table is not None
    parts = exponentials(numbers.table, x.max(axis=-1, keepdims=True) - x, input_bits, output_bits)
    total = parts.sum(axis=-1, keepdims=True)
    codes = -(1 << (output_bits - 1)) + ((parts << output_bits) + total // 2) // total
    return np.asarray(np.minimum(numbers.clamp_high, codes))


def exponentials(table: IntArray, distance: IntArray, input_bits: int, output_bits: int) -> IntArray:
    """What a softmax adds up, from the table or from both of its halves."""
    if input_bits <= 8:
        return table[distance]
    shift = softmax_table_shift(output_bits)
    product = table[distance >> 8] * table[256 + (distance & 255)]
    return np.asarray((product + (1 << (shift - 1))) >> shift)


def softmax_table_shift(output_bits: int) -> int:
    """Fraction bits of the exponentials: at most 16, and few enough that e * 2**bits fits in 32 bits unsigned."""
    return min(16, 31 - output_bits)


def tabulated(x: IntArray, numbers: LayerNumbers, input_bits: int) -> IntArray:
    """Sigmoid or tanh of codes, as its table has it: by entry, or for codes of more than 8 bits by interpolation."""
    assert numbers.table is not None
    if input_bits <= 8:
        return numbers.table[x - numbers.table_first]
    place = np.clip(x, numbers.table_first, numbers.table_last) - numbers.table_first
    return _clamp(interpolated(numbers.table, place, numbers.table_shift), numbers)


def interpolated(table: IntArray, place: IntArray, shift: int) -> IntArray:
    """Codes on the straight lines between entries that are 2**shift places and units of 2**-`TABLE_FRACTION` apart."""
    entry, between = place >> shift, place & ((1 << shift) - 1)
    fine = (table[entry] << shift) + (table[entry + 1] - table[entry]) * between
    return np.asarray((fine + (1 << (shift + TABLE_FRACTION - 1))) >> (shift + TABLE_FRACTION))


def _clamp(y: IntArray, numbers: LayerNumbers) -> IntArray:
    return np.asarray(np.clip(np.clip(y, numbers.clamp_low, numbers.clamp_high), *numbers.output_clamp))

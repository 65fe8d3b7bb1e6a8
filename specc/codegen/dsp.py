"""Constants of the family `dsp`: weights in the order in which its inner loops want them.

Each function says of a layer whether its kernel computes it exactly, and if so with which constants. What a stream of
constants holds is said in the kernels, `firmware/kernels/dsp/`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from specc.codegen.folding import Folded, fold, folded_bias
from specc.codegen.geometry import reads_ring, row_width
from specc.codegen.packed import BESIDE, FILTERS, Packed, Packers, in_quads, in_words, shared_bits
from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_POSITIONS: Final = 2  # at once
_MOST_FILTERS: Final = 4092  # an offset of a store
_COLUMNS_AT_ONCE: Final = 10  # that dwconv.inc reaches from one address, with a stride of 1
_MOST_ADD_SHIFT: Final = 48  # the output's zero point in its place is within 64 bits
_MOST_OFFSET: Final = 4095  # of a load
_SUMS_WITHIN: Final = 2**31
_ROUNDINGS_WITHIN: Final = 2**30  # and as much has the high word of a product
_HALF: Final = 2**15  # numbers in a half of a word are below it
_RAISED: Final = (0, 4)  # bits, the second where less than a sum makes a code
_WORD_BITS: Final = 32
_MOST_IN_HALF: Final = 255  # codes of 8 bits whose sum is within 16


def conv(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Blocks of four filters: beginnings of sums, for each pair of taps a word of two filters each, multipliers."""
    folded = _folded_conv(network, layer, bits=8)
    if folded is None:
        return None
    own = _in_order(layer, folded.weights)
    even = np.pad(own, ((0, 0), (0, own.shape[1] % 2)))
    halves = _stacked(even, 8, 2)
    if not _fit_halves(halves) or not _sums_stay_within(network, layer, folded, (0, 8)):
        return None
    # (blocks, words of a block, taps) to (blocks, pairs, words)
    words = _pairs(halves).reshape(-1, 2, halves.shape[1] // 2).transpose(0, 2, 1)
    bias = folded.bias.copy()
    bias[1::2] = _stacked(bias, 8, 2)
    return _in_blocks(folded, bias, words, folded.multipliers.reshape(-1, FILTERS)[:, [0, 2, 1, 3]])


def conv_fields(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As `conv`, with weights of 4 or 2 bits of four filters in a word, for a pair of taps or two."""
    bits = shared_bits(network, layer)
    if bits is None:
        return None
    for raised in _RAISED:
        folded = _folded_conv(network, layer, bits=bits, height=bits + raised)
        heights = (bits + raised, bits + raised, 2 * bits + raised, 3 * bits + raised)
        if folded is not None and _sums_stay_within(network, layer, folded, heights):
            break
    else:
        return None
    weights = _in_order(layer, folded.weights)
    bias = folded.bias << (np.arange(len(folded.bias)) % FILTERS * bits)
    if bits == 4:  # sums of a filter hold those before it, and the last one's weights keep their sign
        weights[3::FILTERS] -= _moved(bits)
        bias = bias.reshape(-1, FILTERS).cumsum(axis=1)
    words = _fields(weights, bits)
    packed = _in_blocks(folded, bias, words, folded.multipliers)
    own = {"PAIRS": words.shape[1] * _pairs_in_word(bits), "FIELD_BITS": bits, "RAISED": raised}
    return Packed(packed.weights, packed.macros | own)


def _folded_conv(network: QuantizedNetwork, layer: Layer, *, bits: int, height: int = 0) -> Folded | None:
    """The constants of a convolution that two positions by four filters compute exactly; as for `fold`."""
    filters = layer.output_shape[-1]
    if (
        not _is_8_bit(network, layer)
        or filters % FILTERS
        or filters > _MOST_FILTERS
        or row_width(network, layer) < _POSITIONS
    ):
        return None
    return fold(network, layer, bits=bits, height=height)


def _stacked(numbers: IntArray, bits: int, count: int) -> IntArray:
    """Of each `count` filters one number, in which each next filter's stands so many bits higher.

    Args:
        numbers: (filters, ...)
    """
    each = numbers.reshape(-1, count, *numbers.shape[1:])
    return np.asarray(sum(each[:, i] << (i * bits) for i in range(count)), dtype=np.int64)


def _fit_halves(numbers: IntArray) -> bool:
    return bool(numbers.min() >= -_HALF and numbers.max() < _HALF)


def _sums_stay_within(network: QuantizedNetwork, layer: Layer, folded: Folded, heights: tuple[int, ...]) -> bool:
    """Whether sums, and their roundings, stay within a word where filters' sums stand so many bits high, in turn."""
    source = network.formats[layer.inputs[0]]
    reach = np.abs(folded.bias) + np.abs(folded.weights).sum(axis=1) * max(-source.low, source.high)
    within = (reach << np.resize(heights, len(reach)) < _SUMS_WITHIN).all()
    return bool(within) and abs(folded.rounding) << (max(heights) - min(heights)) < _ROUNDINGS_WITHIN


def _in_order(layer: Layer, taps: IntArray) -> IntArray:
    """(filters, taps) in the order in which conv_row.h widens codes."""
    return _even_bytes_first(taps) if layer.input_shapes[0][-1] % 4 == 0 else taps


def _in_blocks(folded: Folded, bias: IntArray, taps: IntArray, multipliers: IntArray) -> Packed:
    """A stream of blocks of four filters; `taps` are (blocks, pairs, ...)."""
    blocks, pairs = taps.shape[:2]
    parts = [part.astype(np.int32).astype(np.int64).reshape(blocks, -1) for part in (bias, taps, multipliers)]
    return Packed(np.concatenate(parts, axis=1), {"PAIRS": pairs, "SHIFT": folded.shift, "ROUNDING": folded.rounding})


def dwconv(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Channel by channel: the weights in pairs of rows, the multiplier, the bias. Only 3x3, stride 1 or 2."""
    if not _is_8_bit(network, layer) or layer.kernel != (3, 3) or layer.stride[1] > 2 or not _fits_dwconv(layer):
        return None
    folded = fold(network, layer, bits=16)
    if folded is None:
        return None
    upper, middle, lower = folded.weights.reshape(-1, 3, 3).transpose(1, 0, 2)  # each (channels, columns)
    columns = np.stack([upper, middle], axis=-1).reshape(len(upper), -1)
    stream = np.concatenate([_pairs(columns), _pairs(lower), folded.multipliers[:, None], folded.bias[:, None]], axis=1)
    in_ring = int(reads_ring(network, layer))
    return Packed(stream, {"SHIFT": folded.shift, "ROUNDING": folded.rounding, "INPUT_IN_RING": in_ring})


def dense(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Blocks of four units: for each pair of features a word of two units each."""
    if not _is_dense_of_8_bits(network, layer):
        return None
    weights = network.numbers[layer.name].weights
    assert weights is not None
    halves = _stacked(_even_bytes_first(np.pad(weights, [(0, -size % 4) for size in weights.shape])), 8, 2)
    if not _fit_halves(halves):
        return None
    return Packed(_pairs(halves).reshape(-1, 2, halves.shape[1] // 2).transpose(0, 2, 1), beside=BESIDE)


def dense_bytes(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Blocks of four units: four weights of each unit, one word each. For what `dense` cannot hold."""
    weights = network.numbers[layer.name].weights
    assert weights is not None
    own = _is_dense_of_8_bits(network, layer) and dense(network, layer) is None
    return in_quads(weights) if own else None


def _is_dense_of_8_bits(network: QuantizedNetwork, layer: Layer) -> bool:
    numbers = network.numbers[layer.name]
    return (network.formats[layer.inputs[0]].container_bits, numbers.weight_container_bits) == (8, 8)


def dense_fields(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Blocks of four units: weights of 4 or 2 bits of four units in a word."""
    numbers, bits = network.numbers[layer.name], shared_bits(network, layer)
    source = network.formats[layer.inputs[0]]
    if source.container_bits != 8 or bits is None:
        return None
    assert numbers.weights is not None and numbers.bias is not None
    weights = np.pad(numbers.weights, ((0, 0), (0, -numbers.weights.shape[1] % 4)))
    bias = numbers.bias - source.zero_point * weights.sum(axis=1)
    if not _fields_stay_within(network, layer, weights, bias, bits):
        return None
    return Packed(_fields(_even_bytes_first(weights), bits), {"FIELD_BITS": bits}, beside=BESIDE)


def conv_any(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Blocks of four filters: biases, pairs of taps filter by filter. For what no faster kernel computes."""
    numbers = network.numbers[layer.name]
    if _is_wide(network, layer) or conv(network, layer) is not None:
        return None
    assert numbers.weights is not None
    weights = numbers.weights.reshape(len(numbers.weights), -1)
    whole = [(0, -len(weights) % FILTERS), (0, 0)]
    in_order = weights if network.formats[layer.inputs[0]].container_bits == 16 else _in_order(layer, weights)
    pairs = _pairs(np.pad(in_order, whole))
    taps = pairs.reshape(-1, FILTERS, pairs.shape[1]).transpose(0, 2, 1).reshape(len(pairs) // FILTERS, -1)
    bias = np.pad(_folded_bias(network, layer), whole[:1]).reshape(-1, FILTERS)
    return Packed(np.concatenate([bias, taps], axis=1), {"PAIRS": pairs.shape[1]}, beside=BESIDE[1:])


def dense_any(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Blocks of four units: pairs of taps of each unit, then the next pairs."""
    numbers = network.numbers[layer.name]
    if network.formats[layer.inputs[0]].container_bits != 16 or _is_wide(network, layer):
        return None
    assert numbers.weights is not None
    weights = np.pad(numbers.weights, [(0, -size % 4) for size in numbers.weights.shape])
    pairs = _pairs(weights)
    return Packed(pairs.reshape(-1, FILTERS, pairs.shape[1]).transpose(0, 2, 1), beside=BESIDE)


def dwconv_any(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Fours of channels: biases as of whole windows and as they are, then for each tap two words of weights.

    For what no faster kernel computes.
    """
    numbers, channels = network.numbers[layer.name], layer.output_shape[-1]
    if _is_wide(network, layer) or channels % FILTERS or dwconv(network, layer) is not None:
        return None
    assert numbers.weights is not None and numbers.bias is not None
    taps = numbers.weights.reshape(-1, channels)
    bias = np.stack([_folded_bias(network, layer), numbers.bias])
    if network.formats[layer.inputs[0]].container_bits == 8:
        taps, bias = _even_bytes_first(taps), _even_bytes_first(bias)
    blocks = channels // FILTERS
    words = _pairs(taps).reshape(len(taps), blocks, 2).transpose(1, 0, 2).reshape(blocks, -1)
    both = bias.reshape(2, blocks, FILTERS).transpose(1, 0, 2).reshape(blocks, -1)
    return Packed(np.concatenate([both, words], axis=1), beside=BESIDE[1:])


def _is_wide(network: QuantizedNetwork, layer: Layer) -> bool:
    """Whether codes or weights are wider than the halves of a word."""
    return (
        network.formats[layer.inputs[0]].container_bits > 16 or network.numbers[layer.name].weight_container_bits > 16
    )


def _folded_bias(network: QuantizedNetwork, layer: Layer) -> IntArray:
    numbers = network.numbers[layer.name]
    assert numbers.weights is not None and numbers.bias is not None
    return folded_bias(layer, numbers.weights, numbers.bias, network.formats[layer.inputs[0]].zero_point)


def _fields(weights: IntArray, bits: int) -> IntArray:
    """Words with a tap of four filters in the lowest bits of each half, where there is room two; as unsigned numbers.

    Args:
        weights: (filters, taps), which are filled up to whole words.
        bits: 4 or 2.

    Returns:
        (blocks, words)
    """
    pairs = _pairs_in_word(bits)
    whole = np.pad(weights, ((0, -weights.shape[0] % FILTERS), (0, -weights.shape[1] % (2 * pairs))))
    # (blocks, filters, words, pairs of a word, halves) to (blocks, words, halves, pairs, filters)
    order = whole.reshape(len(whole) // FILTERS, FILTERS, -1, pairs, 2).transpose(0, 2, 4, 3, 1)
    return in_words(order.reshape(*order.shape[:2], -1) + _moved(bits), bits)[..., 0]


def _pairs_in_word(bits: int) -> int:
    return 16 // (bits * FILTERS)


def _moved(bits: int) -> int:
    """What makes every weight of so many bits a number from 0."""
    return 1 << (bits - 1)


def _field_shifts(channels: int, bits: int) -> IntArray:
    """Bits by which the place of a channel's weights in a byte raises its sums: (channels,)."""
    return np.arange(channels) % (8 // bits) * bits


def _fields_stay_within(network: QuantizedNetwork, layer: Layer, weights: IntArray, bias: IntArray, bits: int) -> bool:
    """Whether sums with unsigned weights, raised by their places, stay within 32 bits."""
    source = network.formats[layer.inputs[0]]
    largest = max(-source.low, source.high)
    reach = np.abs(bias) + (np.abs(weights) + _moved(bits)).sum(axis=1) * largest
    return bool(((reach << _field_shifts(len(weights), bits)) < _SUMS_WITHIN).all())


def _fits_dwconv(layer: Layer) -> bool:
    """Whether no window lacks more than a row or a column, and offsets from a row's start fit into a load."""
    for axis in (0, 1):
        before = layer.pad_before[axis]
        behind = (layer.output_shape[axis] - 1) * layer.stride[axis] + 3 - before - layer.input_shapes[0][axis]
        if before > 1 or behind > 1:
            return False
    height, width, channels = layer.input_shapes[0]
    farthest = min(width, _COLUMNS_AT_ONCE * layer.stride[1]) - 1
    return height >= 3 and (2 * width + farthest) * channels <= _MOST_OFFSET


def add(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones."""
    tensors = (*layer.inputs, layer.name)
    shift = int(network.numbers[layer.name].shifts[0])
    fits = all(network.formats[name].container_bits == 8 for name in tensors) and 16 <= shift <= _MOST_ADD_SHIFT
    return Packed() if fits else None


def maxpool(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones."""
    container = network.formats[layer.inputs[0]].container_bits
    fits = container <= 16 and layer.output_shape[-1] * container % _WORD_BITS == 0
    return Packed() if fits else None


def avgpool(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones."""
    eight_bits = network.formats[layer.inputs[0]].container_bits == 8
    fits = eight_bits and layer.output_shape[-1] % 4 == 0 and math.prod(layer.kernel) <= _MOST_IN_HALF
    return Packed() if fits else None


# By kind of layer, the fastest kernel first.
PACKERS: Final[Packers] = {
    "conv": {"conv": conv, "conv_fields": conv_fields, "conv_any": conv_any},
    "dwconv": {"dwconv": dwconv, "dwconv_any": dwconv_any},
    "dense": {"dense": dense, "dense_bytes": dense_bytes, "dense_fields": dense_fields, "dense_any": dense_any},
    "add": {"add": add},
    "maxpool": {"maxpool": maxpool},
    "avgpool": {"avgpool": avgpool},
}


def _is_8_bit(network: QuantizedNetwork, layer: Layer) -> bool:
    """Whether input, weights and output take 8 bits, and the output's range is one that SSAT or USAT saturates to."""
    numbers, source, out = network.numbers[layer.name], network.formats[layer.inputs[0]], network.layer_format(layer)
    widths = (source.container_bits, numbers.weight_container_bits, out.container_bits)
    low, count = numbers.clamp_low, numbers.clamp_high + 1
    return widths == (8, 8, 8) and count & (count - 1) == 0 and low in (0, -count)


def _even_bytes_first(taps: IntArray) -> IntArray:
    """Each four neighbours in the order 0, 2, 1, 3, as SXTB16 takes them from a word."""
    return taps.reshape(len(taps), -1, 2, 2).transpose(0, 1, 3, 2).reshape(taps.shape)


def _pairs(taps: IntArray) -> IntArray:
    """(channels, taps) as words of two 16-bit weights, the earlier one in the lower half: (channels, pairs)."""
    even = np.pad(taps, ((0, 0), (0, taps.shape[1] % 2)))
    words = (even[:, 0::2] & 0xFFFF) | (even[:, 1::2] << 16)
    return np.asarray(words.astype(np.int32), dtype=np.int64)

"""Constants of the family `armv6m`: `firmware/kernels/armv6m/` says what they hold."""

from __future__ import annotations

from typing import Final

import numpy as np

from specc.codegen.folding import sum_ranges
from specc.codegen.geometry import row_width
from specc.codegen.packed import Packed, Packers, in_quads, in_words, shared_bits
from specc.codegen.parts import in_parts
from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_FILTERS: Final = 2  # at once, by three positions
_POSITIONS_WORTHWHILE: Final = 2  # in a row, of three at once
_SUMS_WITHIN: Final = 2**20  # 21 bits, in two's complement
_THIRDS: Final = 3  # what tells that rescale_thirds of arithmetic.h computes every code
_SHIFTS_OF_THIRDS: Final = (33, 54)  # of which the lower end is that of the kernels' other rescaling

_UNITS: Final = 4  # of a dense layer in a word
_MOVED: Final = 128  # what makes every code and weight of 8 bits a number from 0
_SHIFTS_OF_SUMS: Final = (17, 48)  # of additions, in halves

_MOST_OUTPUTS: Final = 6  # at once of a depthwise layer, a high register for each sum
_MOST_COLUMNS: Final = 32  # under the outputs, that a load reaches
_MOST_GATHERED: Final = 255  # the way to the next row is within 8 bits
_MOST_PASSES: Final = 60  # a record's bytes are an immediate
_SHIFT_BITS: Final = 5  # below a bias
_THIRD_BITS: Final = 11  # of a multiplier's part


def _quads(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Values of any width, weights of 8 bits."""
    numbers = network.numbers[layer.name]
    assert numbers.weights is not None
    return _with_thirds(network, layer, in_quads(numbers.weights)) if numbers.weight_container_bits == 8 else None


def _fields(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Values of any width, weights of up to 4 bits."""
    bits, weights = shared_bits(network, layer), network.numbers[layer.name].weights
    assert weights is not None
    return _with_thirds(network, layer, in_quads(weights, bits)) if bits else None


def _three(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Values and weights of 8 bits: pairs of filters in the order of three_positions.h."""
    return _three_positions(network, layer, 8) if network.numbers[layer.name].weight_container_bits == 8 else None


def _three_fields(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As `_three`, with weights of up to 4 bits."""
    bits = shared_bits(network, layer)
    return _three_positions(network, layer, bits) if bits else None


def _three_positions(network: QuantizedNetwork, layer: Layer, bits: int) -> Packed | None:
    source = network.formats[layer.inputs[0]]
    if not _is_8_bit(network, layer) or row_width(network, layer) < _POSITIONS_WORTHWHILE:
        return None
    own = in_parts(network, layer)
    if own is None:
        return None
    beside = np.stack([own.bias << _SHIFT_BITS | own.shifts, own.multipliers], axis=1)
    weights, beside = (np.pad(each, ((0, -len(each) % _FILTERS), (0, 0))) for each in (own.weights, beside))
    segment = segment_taps(weights, (source.low, source.high), 8 if bits == 2 else 4)
    segments = -(-weights.shape[1] // segment)
    whole = np.pad(weights, ((0, 0), (0, segments * segment - weights.shape[1])))
    in_order = whole.reshape(-1, _FILTERS, segments * segment).transpose(0, 2, 1)
    words = in_words(in_order.reshape(len(in_order), -1), bits)
    stream = np.concatenate([words, beside.reshape(len(words), -1)], axis=1).ravel()
    stream = stream[: stream.size - beside.shape[1] * (len(own.weights) % _FILTERS)]  # no constants of no filter
    own_macros = {"SEGMENT": segment, "SEGMENTS": segments, "PADDING": source.zero_point}
    return Packed(stream, {"FIELD_BITS": bits, "PART_BITS": own.part_bits, **own_macros})


def segment_taps(weights: IntArray, codes: tuple[int, int], step: int) -> int:
    """The most taps, by equal cuts, of which every sum of products with codes is within 21 bits.

    Args:
        weights: (filters, taps).
        codes: the lowest and the highest.
        step: what the taps of a segment are a multiple of.
    """
    ends = weights * codes[0], weights * codes[1]
    lowest, highest = np.minimum(*ends), np.maximum(*ends)
    taps = weights.shape[1]
    segment, count = _whole(taps, step), 1
    while True:
        starts = range(0, taps, segment)
        low, high = (np.add.reduceat(ends, starts, axis=1) for ends in (lowest, highest))
        if segment == step or (low.min() >= -_SUMS_WITHIN and high.max() < _SUMS_WITHIN):
            return segment  # so few products of 8 by 8 bits always are
        count += 1
        segment = _whole(-(-taps // count), step)


def _whole(taps: int, step: int) -> int:
    return -(-taps // step) * step


def _depthwise(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Codes and weights of 8 bits: the weights of a channel in the order of dwconv.inc."""
    return _channel_by_channel(network, layer, 8) if network.numbers[layer.name].weight_container_bits == 8 else None


def _depthwise_fields(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As `_depthwise`, with weights of up to 4 bits."""
    bits = shared_bits(network, layer)
    return _channel_by_channel(network, layer, bits) if bits else None


def _channel_by_channel(network: QuantizedNetwork, layer: Layer, bits: int) -> Packed | None:
    outputs = _outputs_at_once(row_width(network, layer))
    (height, width), stride = layer.kernel, layer.stride[1]
    parts = -(-width // 3)
    needed = (row_width(network, layer) - 1) * stride + 3 * parts
    gathered = max(needed, layer.pad_before[1] + layer.input_shapes[0][1])
    columns = (outputs - 1) * stride + 3
    if gathered > _MOST_GATHERED or columns > _MOST_COLUMNS or height * parts > _MOST_PASSES:
        return None
    own = in_parts(network, layer) if _is_8_bit(network, layer) else None
    if own is None or own.part_bits != _THIRD_BITS:
        return None
    rows = own.weights.reshape(-1, height, width)
    passes = np.pad(rows, ((0, 0), (0, 0), (0, 3 * parts - width))).reshape(len(rows), height * parts, 3)
    if bits == 8:
        ways = np.tile([3] * (parts - 1) + [gathered - 3 * (parts - 1)], height)
        ways[-1] = 0
        passes = np.concatenate([passes, np.broadcast_to(ways[:, None], (*passes.shape[:2], 1))], axis=2)
    words = in_words(passes.reshape(len(rows), -1), bits)
    stream = np.concatenate([own.bias[:, None], words, own.multipliers[:, None], own.shifts[:, None]], axis=1)
    zero_point = network.formats[layer.inputs[0]].zero_point
    own_macros = {"OUTPUTS": outputs, "GATHERED": gathered, "PADDING": zero_point}
    return Packed(stream, {"FIELD_BITS": bits, "PART_BITS": own.part_bits, **own_macros})


def _pairs(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Codes and weights of 8 bits: four units in a word for each feature, as numbers from 0; see dense_pairs.inc."""
    eight_bits = _is_8_bit(network, layer) and network.numbers[layer.name].weight_container_bits == 8
    own = in_parts(network, layer) if eight_bits else None
    if own is None:
        return None
    units, features = own.weights.shape
    # (weight + moved) * (code + moved), less what that is more than the product of both but for the codes' sum.
    bias = own.bias - _MOVED * own.weights.sum(axis=1)
    moved = np.pad(own.weights + _MOVED, ((0, -units % _UNITS), (0, -features % 4)))
    words = in_words(moved.reshape(-1, _UNITS, moved.shape[1]).transpose(0, 2, 1).reshape(-1, _UNITS), 8)
    beside = np.pad(np.stack([own.multipliers, bias, own.shifts], axis=1), ((0, -units % _UNITS), (0, 0)))
    blocks = len(moved) // _UNITS
    stream = np.concatenate([words.reshape(blocks, -1), beside.reshape(blocks, -1)], axis=1)
    return Packed(stream, {"PART_BITS": own.part_bits})


def _add(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones."""
    least, most = _SHIFTS_OF_SUMS
    inputs = all(network.formats[name].container_bits == 8 for name in layer.inputs)
    return Packed() if inputs and least <= network.numbers[layer.name].shifts[0] <= most else None


def _is_8_bit(network: QuantizedNetwork, layer: Layer) -> bool:
    """Whether codes take 8 bits before and behind a layer."""
    return {network.formats[layer.inputs[0]].container_bits, network.layer_format(layer).container_bits} == {8}


def _outputs_at_once(width: int) -> int:
    """Neighbouring outputs that meet the fewest columns in all, of as many as there are registers for their sums."""
    return min(range(min(width, _MOST_OUTPUTS), 0, -1), key=lambda count: -(-width // count) * (count + 2))


def _with_thirds(network: QuantizedNetwork, layer: Layer, packed: Packed) -> Packed:
    """The constants, with word of it where the faster rescaling of arithmetic.h is exact."""
    thirds = {"HIGH_SHIFTS": _THIRDS} if _rescales_by_thirds(network, layer) else {}
    return Packed(packed.weights, packed.macros | thirds, packed.beside)


def _rescales_by_thirds(network: QuantizedNetwork, layer: Layer) -> bool:
    numbers = network.numbers[layer.name]
    lowest, highest = sum_ranges(network, layer)
    least, most = _SHIFTS_OF_THIRDS
    within = min(_SUMS_WITHIN, 2 ** (numbers.accumulator_bits - 1))
    in_reach = lowest.min() >= -within and highest.max() < within
    return bool(in_reach and least <= numbers.shifts.min() and numbers.shifts.max() <= most)


PACKERS: Final[Packers] = {
    "conv": {"conv_three": _three, "conv": _quads, "conv_three_fields": _three_fields, "conv_fields": _fields},
    "dwconv": {"dwconv": _depthwise, "dwconv_fields": _depthwise_fields},
    "dense": {"dense_pairs": _pairs, "dense": _quads, "dense_fields": _fields},
    "add": {"add": _add},
}

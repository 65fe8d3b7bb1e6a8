"""Constants of the family `armv6m`: `firmware/kernels/armv6m/` says what they hold."""

from __future__ import annotations

from typing import Final

import numpy as np

from specc.codegen.folding import channel_weights, folded_bias, sum_ranges
from specc.codegen.geometry import row_width
from specc.codegen.packed import BESIDE, Packed, Packers, in_quads, in_words, shared_bits
from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_FILTERS: Final = 2  # at once, by three positions
_POSITIONS_WORTHWHILE: Final = 2  # in a row, of three at once
_SUMS_WITHIN: Final = 2**20  # 21 bits, in two's complement
_THIRDS: Final = 3  # what tells that rescale_thirds of arithmetic.h computes every code
_SHIFTS_OF_THIRDS: Final = (33, 54)  # of which the lower end is that of the kernels' other rescaling


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
    source, numbers = network.formats[layer.inputs[0]], network.numbers[layer.name]
    if source.container_bits != 8 or row_width(network, layer) < _POSITIONS_WORTHWHILE:
        return None
    assert numbers.weights is not None and numbers.bias is not None
    weights = channel_weights(network, layer)
    weights = np.pad(weights, ((0, -len(weights) % _FILTERS), (0, 0)))
    segment = segment_taps(weights, (source.low, source.high), 8 if bits == 2 else 4)
    segments = -(-weights.shape[1] // segment)
    whole = np.pad(weights, ((0, 0), (0, segments * segment - weights.shape[1])))
    in_order = whole.reshape(-1, _FILTERS, segments * segment).transpose(0, 2, 1)
    bias = folded_bias(layer, numbers.weights, numbers.bias, source.zero_point)
    biases = np.pad(bias, (0, -len(bias) % _FILTERS)).reshape(-1, _FILTERS)
    stream = np.concatenate([biases, in_words(in_order.reshape(len(biases), -1), bits)], axis=1)
    macros = {"FIELD_BITS": bits, "SEGMENT": segment, "SEGMENTS": segments, "PADDING": source.zero_point}
    return _with_thirds(network, layer, Packed(stream, macros, beside=BESIDE[1:]))


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


def _with_thirds(network: QuantizedNetwork, layer: Layer, packed: Packed) -> Packed:
    """The constants, with word of it where the faster rescaling of arithmetic.h is exact."""
    numbers = network.numbers[layer.name]
    lowest, highest = sum_ranges(network, layer)
    least, most = _SHIFTS_OF_THIRDS
    within = min(_SUMS_WITHIN, 2 ** (numbers.accumulator_bits - 1))
    exact = (
        lowest.min() >= -within
        and highest.max() < within
        and least <= numbers.shifts.min()
        and numbers.shifts.max() <= most
    )
    return Packed(packed.weights, packed.macros | ({"HIGH_SHIFTS": _THIRDS} if exact else {}), packed.beside)


PACKERS: Final[Packers] = {
    "conv": {"conv_three": _three, "conv": _quads, "conv_three_fields": _three_fields, "conv_fields": _fields},
    "dense": {"dense": _quads, "dense_fields": _fields},
}

"""Constants of the family `x86`: weights in the order in which its vectors want them.

Each function says of a layer whether its kernel computes it exactly, and if so with which constants. What a stream of
constants holds is said in the kernels, `firmware/kernels/x86/`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from specc.codegen.geometry import row_width
from specc.codegen.packed import Packed, Packers
from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_LANES: Final = 16  # sums in a vector
_TAPS: Final = 4  # in a word
_LINE: Final = 64  # bytes of a vector and of a cache line
_MOST_BLOCKS: Final = 4  # of 16 filters at once
_MOST_BLOCKS_OF_UNITS: Final = 8
_MOST_PATTERNS: Final = 16  # of channels in vectors: 63 channels would need 63
_TILE_BYTES: Final = 16384  # half a cache of the first level
_TILE_STEP: Final = 24  # positions; every count of positions at once divides it
_LEAST_SHIFT: Final = 33  # below it, the lower word of a product takes part in the rounding
_MOST_SHIFT: Final = 31  # of an upper word: from there on every sum gives the same code
_SUMS_WITHIN: Final = 2**31
_UNSIGNED: Final = 128  # that codes are moved by


def conv(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Groups of blocks of 16 filters: weights of four taps of each, then biases and scaling."""
    height, width, channels = layer.kernel[0], layer.kernel[1], layer.input_shapes[0][-1]
    tile = _tile(network, layer, channels * height * layer.stride[1], _TILE_STEP)
    packed = _products(network, layer, rows=height, taps=width * channels, most=_MOST_BLOCKS)
    return packed and Packed(packed.weights, packed.macros | {"TILE": tile}, alignment=_LINE)


def dense(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As a convolution's, with every unit a filter."""
    return _products(network, layer, rows=1, taps=math.prod(layer.input_shapes[0]), most=_MOST_BLOCKS_OF_UNITS)


def dwconv(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Vectors of 64 outputs until channels repeat: weights of four taps of each, then biases and scaling."""
    channels = layer.output_shape[-1]
    patterns = channels // math.gcd(channels, _LINE)
    scaling = _scaling(network, layer)
    if scaling is None or patterns > _MOST_PATTERNS:
        return None
    weights = network.numbers[layer.name].weights
    assert weights is not None
    order = _order(4 * _LANES * patterns, fold=4) % channels
    taps = _padded(weights.reshape(-1, channels).T, 1, _TAPS)[order]  # (outputs, taps)
    quads = taps.reshape(patterns, 4 * _LANES, -1, _TAPS).transpose(0, 2, 1, 3)
    constants, up = scaling
    tile = _tile(network, layer, channels * layer.kernel[0] * layer.stride[1], 1)
    stream = np.concatenate([_words(quads), constants[:, order].ravel()])
    return Packed(stream, {"PATTERNS": patterns, "UP": up, "TILE": tile}, alignment=_LINE)


def add(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones."""
    tensors = (*layer.inputs, layer.name)
    shift = int(network.numbers[layer.name].shifts[0])
    fits = all(network.formats[name].container_bits == 8 for name in tensors) and 16 <= shift <= 48
    return Packed() if fits else None


def avgpool(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones; every format."""
    return Packed()


PACKERS: Final[Packers] = {
    "conv": {"conv": conv},
    "dwconv": {"dwconv": dwconv},
    "dense": {"dense": dense},
    "add": {"add": add},
    "avgpool": {"avgpool": avgpool},
}


def _products(network: QuantizedNetwork, layer: Layer, *, rows: int, taps: int, most: int) -> Packed | None:
    scaling = _scaling(network, layer)
    if scaling is None:
        return None
    constants, up = scaling
    weights = network.numbers[layer.name].weights
    assert weights is not None
    filters = len(weights)
    blocks = -(-filters // _LANES)
    groups = -(-blocks // most)
    group = -(-blocks // groups)
    order = _order(groups * group * _LANES, fold=4 if group % 4 == 0 else 2 if group % 2 == 0 else 1)
    windows = _padded(weights.reshape(filters, rows, taps), 2, _TAPS)
    windows = np.pad(windows, ((0, len(order) - filters), (0, 0), (0, 0)))[order]
    quads = windows.shape[2] // _TAPS
    # (group, block, lane, row, quad, tap) to (group, row, quad, block, lane, tap)
    stream = windows.reshape(groups, group, _LANES, rows, quads, _TAPS).transpose(0, 3, 4, 1, 2, 5)
    constants = np.pad(constants, ((0, 0), (0, len(order) - filters)))[:, order]
    macros = {"GROUPS": groups, "GROUP": group, "ROW_QUADS": quads, "UP": up}
    return Packed(np.concatenate([_words(stream), constants.ravel()]), macros, alignment=_LINE)


def _scaling(network: QuantizedNetwork, layer: Layer) -> tuple[IntArray, int] | None:
    """Biases, multipliers, halves and shifts, (4, channels), and what sums are shifted up by; None where not exact."""
    numbers, source, out = network.numbers[layer.name], network.formats[layer.inputs[0]], network.layer_format(layer)
    if (source.container_bits, numbers.weight_container_bits, out.container_bits) != (8, 8, 8):
        return None
    assert numbers.weights is not None and numbers.bias is not None
    count = layer.output_shape[-1]
    weights = numbers.weights.reshape(-1, count).T if layer.kind == "dwconv" else numbers.weights.reshape(count, -1)
    bias = numbers.bias - source.zero_point * weights.sum(axis=1)
    ends = weights * source.low, weights * source.high
    lowest, highest = bias + np.minimum(*ends).sum(axis=1), bias + np.maximum(*ends).sum(axis=1)
    reach = max(int(-lowest.min()), int(highest.max()), 1)
    up = max(0, _LEAST_SHIFT - int(numbers.shifts.min()))
    if reach >= 2 ** (numbers.accumulator_bits - 1) or reach << up >= _SUMS_WITHIN:
        return None
    shifts = np.minimum(numbers.shifts + up - 32, _MOST_SHIFT)
    moved = (bias - _UNSIGNED * weights.sum(axis=1)).astype(np.int32)  # exact modulo 2**32
    multipliers = np.broadcast_to(numbers.multipliers, count)
    shifts = np.broadcast_to(shifts, count)
    return np.stack([moved.astype(np.int64), multipliers, 1 << (shifts - 1), shifts]), up


def _order(count: int, fold: int) -> IntArray:
    """The filter in each place: `fold` blocks of 16 lanes take turns, four filters each, as packing puts them."""
    places = np.arange(count).reshape(-1, 4, fold, 4)  # set, lane of four, block, element
    return np.asarray(places.transpose(0, 2, 1, 3).ravel(), dtype=np.int64)


def _padded(values: IntArray, axis: int, multiple: int) -> IntArray:
    """Zeros behind, up to a multiple."""
    behind = [(0, -size % multiple if number == axis else 0) for number, size in enumerate(values.shape)]
    return np.asarray(np.pad(values, behind))


def _words(quads: IntArray) -> IntArray:
    """Weights, four bytes to a word, the first lowest."""
    return np.ascontiguousarray(quads.astype(np.int8)).view("<i4").ravel().astype(np.int64)


def _tile(network: QuantizedNetwork, layer: Layer, bytes_each: int, step: int) -> int:
    """Positions of a row at a time, so that their input stays in the cache."""
    width = row_width(network, layer)
    fitting = max(1, _TILE_BYTES // (bytes_each * step)) * step
    # Of equal size: the last tile of a row comes with neighbours that have been computed.
    even = -(-width // -(-width // fitting))
    return min(width, -(-even // step) * step)

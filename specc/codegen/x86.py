"""Constants of the family `x86`: weights in the order in which its vectors want them.

Each function says of a layer whether its kernel computes it exactly, and if so with which constants. What a stream of
constants holds is said in the kernels, `firmware/kernels/x86/`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from specc.codegen.geometry import row_width
from specc.codegen.packed import Packed, Packers
from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork

_LANES: Final = 16  # sums in a vector
_TAPS: Final = 4  # in a word, of 8 bits
_WIDE_TAPS: Final = 2  # of 16 bits
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
    scaling = _scaling(network, layer)
    return scaling and _conv(network, layer, scaling, wide=False)


def conv_wide(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As `conv`, with two taps of 16 bits in place of four."""
    scaling = _wide_scaling(network, layer)
    return scaling and _conv(network, layer, scaling, wide=True)


def dense(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As a convolution's, with every unit a filter."""
    scaling = _scaling(network, layer)
    return scaling and _dense(layer, _weights(network, layer), scaling, wide=False)


def dense_wide(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As `dense`, with two taps of 16 bits in place of four."""
    scaling = _wide_scaling(network, layer)
    return scaling and _dense(layer, _weights(network, layer), scaling, wide=True)


def dwconv(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Vectors of 64 outputs until channels repeat: weights of four taps of each, then biases and scaling."""
    scaling = _scaling(network, layer)
    return scaling and _dwconv(network, layer, scaling, wide=False)


def dwconv_wide(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """As `dwconv`, with vectors of 32 outputs and two taps of 16 bits in place of four."""
    scaling = _wide_scaling(network, layer)
    return scaling and _dwconv(network, layer, scaling, wide=True)


def add(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones."""
    tensors = (*layer.inputs, layer.name)
    shift = int(network.numbers[layer.name].shifts[0])
    fits = all(network.formats[name].container_bits == 8 for name in tensors) and 16 <= shift <= 48
    return Packed() if fits else None


def pool(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """No constants but the generic ones; every format."""
    return Packed()


PACKERS: Final[Packers] = {
    "conv": {"conv": conv, "conv_wide": conv_wide},
    "dwconv": {"dwconv": dwconv, "dwconv_wide": dwconv_wide},
    "dense": {"dense": dense, "dense_wide": dense_wide},
    "add": {"add": add},
    "avgpool": {"avgpool": pool},
    "maxpool": {"maxpool": pool},
}

# Biases, multipliers, halves and shifts, (4, channels), and what sums are shifted up by.
_Scaling = tuple[IntArray, int]


def _conv(network: QuantizedNetwork, layer: Layer, scaling: _Scaling, *, wide: bool) -> Packed:
    height, width, channels = layer.kernel[0], layer.kernel[1], layer.input_shapes[0][-1]
    tile = _tile(network, layer, (1 + wide) * channels * height * layer.stride[1], _TILE_STEP)
    weights = _weights(network, layer).reshape(-1, height, width * channels)
    packed = _products(weights, scaling, most=_MOST_BLOCKS, wide=wide)
    return Packed(packed.weights, packed.macros | {"TILE": tile}, alignment=_LINE)


def _dense(layer: Layer, weights: IntArray, scaling: _Scaling, *, wide: bool) -> Packed:
    units = weights.reshape(-1, 1, math.prod(layer.input_shapes[0]))
    return _products(units, scaling, most=_MOST_BLOCKS_OF_UNITS, wide=wide)


def _dwconv(network: QuantizedNetwork, layer: Layer, scaling: _Scaling, *, wide: bool) -> Packed | None:
    channels, word = layer.output_shape[-1], _WIDE_TAPS if wide else _TAPS
    blocks = word  # so that a vector of outputs is as wide as one of input codes
    outputs = blocks * _LANES
    patterns = channels // math.gcd(channels, outputs)
    if patterns > _MOST_PATTERNS:
        return None
    order = _order(outputs * patterns, fold=blocks) % channels
    taps = _padded(_weights(network, layer).reshape(-1, channels).T, 1, word)[order]  # (outputs, taps)
    words = taps.reshape(patterns, outputs, -1, word).transpose(0, 2, 1, 3)
    constants, up = scaling
    tile = _tile(network, layer, (1 + wide) * channels * layer.kernel[0] * layer.stride[1], 1)
    stream = np.concatenate([_words(words, np.int16 if wide else np.int8), constants[:, order].ravel()])
    return Packed(stream, {"PATTERNS": patterns, "UP": up, "TILE": tile}, alignment=_LINE)


def _products(weights: IntArray, scaling: _Scaling, *, most: int, wide: bool) -> Packed:
    """Of weights by (filters, window rows, taps of a row), in groups of at most so many blocks."""
    constants, up = scaling
    word = _WIDE_TAPS if wide else _TAPS
    filters = len(weights)
    blocks = -(-filters // _LANES)
    groups = -(-blocks // most)
    group = -(-blocks // groups)
    fold = 1 if wide or group % 2 else 4 if group % 4 == 0 else 2
    order = _order(groups * group * _LANES, fold)
    windows = _padded(weights, 2, word)
    windows = np.pad(windows, ((0, len(order) - filters), (0, 0), (0, 0)))[order]
    words = windows.shape[2] // word
    # (group, block, lane, row, word, tap) to (group, row, word, block, lane, tap)
    stream = windows.reshape(groups, group, _LANES, -1, words, word).transpose(0, 3, 4, 1, 2, 5)
    constants = np.pad(constants, ((0, 0), (0, len(order) - filters)))[:, order]
    macros = {"GROUPS": groups, "GROUP": group, "ROW_WORDS": words, "UP": up}
    constants = constants.ravel()
    return Packed(np.concatenate([_words(stream, np.int16 if wide else np.int8), constants]), macros, alignment=_LINE)


def _scaling(network: QuantizedNetwork, layer: Layer) -> _Scaling | None:
    """That of a kernel for 8 bits, whose codes are moved; None where it would not be exact."""
    numbers = network.numbers[layer.name]
    formats = network.formats[layer.inputs[0]], network.layer_format(layer)
    if {*(form.container_bits for form in formats), numbers.weight_container_bits} != {8}:
        return None
    reach, up = _reach(network, layer), _up(numbers)
    if reach >= 2 ** (numbers.accumulator_bits - 1) or reach << up >= _SUMS_WITHIN:
        return None
    return _constants(network, layer, up, moved=_UNSIGNED)


def _wide_scaling(network: QuantizedNetwork, layer: Layer) -> _Scaling | None:
    """That of a kernel for 16 bits, whose sums wrap as accumulators do; None where it would not be exact, and where one
    for 8 bits is."""
    numbers = network.numbers[layer.name]
    formats = network.formats[layer.inputs[0]], network.layer_format(layer)
    if max(form.container_bits for form in formats) > 16 or _scaling(network, layer) is not None:
        return None
    reach, up = min(_reach(network, layer), 2 ** (numbers.accumulator_bits - 1)), _up(numbers)
    return _constants(network, layer, up) if up == 0 or reach << up < _SUMS_WITHIN else None


def _up(numbers: LayerNumbers) -> int:
    """Bits by which sums are shifted up, so that shifts are large enough."""
    return max(0, _LEAST_SHIFT - int(numbers.shifts.min()))


def _reach(network: QuantizedNetwork, layer: Layer) -> int:
    """The largest magnitude of any sum, without wrapping."""
    weights, bias = _by_channel(network, layer)
    source = network.formats[layer.inputs[0]]
    ends = weights * source.low, weights * source.high
    lowest, highest = bias + np.minimum(*ends).sum(axis=1), bias + np.maximum(*ends).sum(axis=1)
    return max(int(-lowest.min()), int(highest.max()), 1)


def _constants(network: QuantizedNetwork, layer: Layer, up: int, *, moved: int = 0) -> _Scaling:
    """For input codes that are moved by a constant."""
    numbers = network.numbers[layer.name]
    weights, bias = _by_channel(network, layer)
    count = len(weights)
    own = (bias - moved * weights.sum(axis=1)).astype(np.int32)  # exact modulo 2**32
    shifts = np.broadcast_to(np.minimum(numbers.shifts + up - 32, _MOST_SHIFT), count)
    multipliers = np.broadcast_to(numbers.multipliers, count)
    return np.stack([own.astype(np.int64), multipliers, 1 << (shifts - 1), shifts]), up


def _by_channel(network: QuantizedNetwork, layer: Layer) -> tuple[IntArray, IntArray]:
    """Weights, (channels, taps), and biases that the input's zero point is part of."""
    numbers, zero_point = network.numbers[layer.name], network.formats[layer.inputs[0]].zero_point
    count, weights = layer.output_shape[-1], _weights(network, layer)
    weights = weights.reshape(-1, count).T if layer.kind == "dwconv" else weights.reshape(count, -1)
    assert numbers.bias is not None
    return weights, numbers.bias - zero_point * weights.sum(axis=1)


def _weights(network: QuantizedNetwork, layer: Layer) -> IntArray:
    weights = network.numbers[layer.name].weights
    assert weights is not None
    return weights


def _order(count: int, fold: int) -> IntArray:
    """The filter in each place: `fold` blocks of 16 lanes take turns, four filters each, as packing puts them."""
    places = np.arange(count).reshape(-1, 4, fold, 4)  # set, lane of four, block, element
    return np.asarray(places.transpose(0, 2, 1, 3).ravel(), dtype=np.int64)


def _padded(values: IntArray, axis: int, multiple: int) -> IntArray:
    """Zeros behind, up to a multiple."""
    behind = [(0, -size % multiple if number == axis else 0) for number, size in enumerate(values.shape)]
    return np.asarray(np.pad(values, behind))


def _words(taps: IntArray, kind: type[np.signedinteger[Any]]) -> IntArray:
    """Weights of a kind of integer, the first of a word lowest."""
    return np.ascontiguousarray(taps.astype(kind)).view("<i4").ravel().astype(np.int64)


def _tile(network: QuantizedNetwork, layer: Layer, bytes_each: int, step: int) -> int:
    """Positions of a row at a time, so that their input stays in the cache."""
    width = row_width(network, layer)
    fitting = max(1, _TILE_BYTES // (bytes_each * step)) * step
    # Of equal size: the last tile of a row comes with neighbours that have been computed.
    even = -(-width // -(-width // fitting))
    return min(width, -(-even // step) * step)

"""The integer arithmetic once more, by plain loops over Python's unbounded integers: slow, and easy to check by eye."""

import itertools
from typing import Any

from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork

Tensor = dict[tuple[int, ...], int]


def positions(shape: tuple[int, ...]) -> Any:
    return itertools.product(*map(range, shape))


def run(network: QuantizedNetwork, codes: Any) -> dict[str, Tensor]:
    graph = network.network
    tensors = {graph.input: {p: int(codes[p]) for p in positions(graph.input_shape)}}
    for layer in graph.layers:
        tensors[layer.name] = _layer(network, layer, [tensors[name] for name in layer.inputs])
    return tensors


def _layer(network: QuantizedNetwork, layer: Layer, inputs: list[Tensor]) -> Tensor:
    x = inputs[0]
    if layer.kind == "flatten":
        return {(i,): x[p] for i, p in enumerate(positions(layer.input_shapes[0]))}
    if layer.kind == "softmax":
        return _softmax(network, layer, x)
    return {p: _element(network, layer, inputs, p) for p in positions(layer.output_shape)}


def _element(network: QuantizedNetwork, layer: Layer, inputs: list[Tensor], p: tuple[int, ...]) -> int:
    own = network.numbers[layer.name]
    x = inputs[0]
    zero_in = network.formats[layer.inputs[0]].zero_point
    zero_out = network.formats[layer.name].zero_point
    channel = p[-1]
    if layer.kind in ("relu", "relu6"):
        return _clamp(x[p], own)
    if layer.kind in ("sigmoid", "tanh"):
        return _from_table(own, x[p], wide=network.formats[layer.inputs[0]].bits > 8)
    if layer.kind == "maxpool":
        return _clamp(max(x[q] for q, _ in _window(layer, p)), own)
    if layer.kind == "add":
        zero_second = network.formats[layer.inputs[1]].zero_point
        total = (x[p] - zero_in) * int(own.multipliers[0]) + (inputs[1][p] - zero_second) * int(own.multipliers[1])
        return _clamp(zero_out + _half_up(total, int(own.shifts[0])), own)
    if layer.kind == "avgpool":
        total, index = sum(x[q] - zero_in for q, _ in _window(layer, p)), 0
    else:
        total, index = _products(layer, own, x, zero_in, p), channel
    total = (total + (1 << (own.accumulator_bits - 1))) % (1 << own.accumulator_bits) - (
        1 << (own.accumulator_bits - 1)
    )
    return _clamp(zero_out + _half_up(total * int(own.multipliers[index]), int(own.shifts[index])), own)


def _products(layer: Layer, own: Any, x: Tensor, zero_in: int, p: tuple[int, ...]) -> int:
    channel = p[-1]
    total = int(own.bias[channel])
    if layer.kind == "dense":
        return total + sum(
            (x[q] - zero_in) * int(own.weights[channel, i]) for i, q in enumerate(positions(layer.input_shapes[0]))
        )
    for q, (ky, kx) in _window(layer, p):
        if layer.kind == "dwconv":
            total += (x[q] - zero_in) * int(own.weights[ky, kx, channel])
        else:
            for c in range(layer.input_shapes[0][2]):
                total += (x[q[0], q[1], c] - zero_in) * int(own.weights[channel, ky, kx, c])
    return total


def _window(layer: Layer, p: tuple[int, ...]) -> Any:
    """Positions of the input under the window of output `p` (in its own channel), with the place in the kernel."""
    height, width, channels = layer.input_shapes[0]
    for ky in range(layer.kernel[0]):
        for kx in range(layer.kernel[1]):
            y = p[0] * layer.stride[0] + ky - layer.pad_before[0]
            x = p[1] * layer.stride[1] + kx - layer.pad_before[1]
            if 0 <= y < height and 0 <= x < width:
                yield (y, x, min(p[2], channels - 1)), (ky, kx)


def _softmax(network: QuantizedNetwork, layer: Layer, x: Tensor) -> Tensor:
    own = network.numbers[layer.name]
    bits = network.formats[layer.name].bits
    shift = min(16, 31 - bits)
    largest = max(x.values())
    parts = {}
    for p, code in x.items():
        distance = largest - code
        if network.formats[layer.inputs[0]].bits <= 8:
            parts[p] = int(own.table[distance])
        else:
            parts[p] = _half_up(int(own.table[distance // 256]) * int(own.table[256 + distance % 256]), shift)
    total = sum(parts.values())
    return {
        p: min(own.clamp_high, (part * 2**bits + total // 2) // total - 2 ** (bits - 1)) for p, part in parts.items()
    }


def _from_table(own: Any, code: int, *, wide: bool) -> int:
    if not wide:
        return int(own.table[code - own.table_first])
    place = max(own.table_first, min(own.table_last, code)) - own.table_first
    index, rest = divmod(place, 2**own.table_shift)
    # The mean of two entries, weighted by the distance from the other; entries are 128ths of a code.
    mean = int(own.table[index]) * (2**own.table_shift - rest) + int(own.table[index + 1]) * rest
    return _clamp(_half_up(mean, own.table_shift + 7), own)


def _half_up(value: int, shift: int) -> int:
    return (value + 2 ** (shift - 1)) // 2**shift


def _clamp(value: int, own: Any) -> int:
    return max(own.clamp_low, min(own.clamp_high, value))

"""The fewest bytes that a layer moves between memory and the core in one inference.

Layers run one after the other. Every weight that some output meets is loaded once, every input code that some output
meets is read once, and every output code is written once, each in its container (`specc.graph.widths`); of weights of
up to 4 bits several share a byte. Biases, tensors inside a declared fusion and what is read a second time are not
counted. Nor are the outputs of ReLU and max pool: in place, an output may already be where it belongs. Flatten moves
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from specc.graph.network import Layer
from specc.graph.rewrites import positions_met, taps_met
from specc.graph.widths import FORMAT_KEEPING, field_bits, weight_bits
from specc.spec.model import QuantizationTable


def least_traffic(layer: Layer, width: Mapping[str, int], table: QuantizationTable | None, kept: frozenset[str]) -> int:
    """Bytes that a layer loads and stores at the very least.

    Args:
        layer: the layer.
        width: bytes of one code of each tensor.
        table: tells how wide the weights are.
        kept: the tensors that never go through memory.
    """
    return _weights(layer, table) + _activations(layer, width, kept)


def _weights(layer: Layer, table: QuantizationTable | None) -> int:
    if layer.weight_shape is None:
        return 0
    row = table.row(layer.name) if table else None
    met = math.prod(layer.weight_shape) // math.prod(layer.kernel) * taps_met(layer)
    return met * field_bits(weight_bits(row)) // 8


def _activations(layer: Layer, width: Mapping[str, int], kept: frozenset[str]) -> int:
    if layer.kind == "flatten":
        return 0
    shapes = dict(zip(layer.inputs, layer.input_shapes, strict=True))  # a tensor added to itself is read once
    read = sum(_codes_read(layer, shape) * width[name] for name, shape in shapes.items() if name not in kept)
    if layer.kind in FORMAT_KEEPING or layer.name in kept:
        return read
    return read + math.prod(layer.output_shape) * width[layer.name]


def _codes_read(layer: Layer, shape: tuple[int, ...]) -> int:
    if layer.kind in ("conv", "dwconv", "avgpool", "maxpool"):
        return positions_met(layer) * shape[-1]
    return math.prod(shape)

"""The fewest bytes that a layer moves between memory and the core in one inference.

Layers run one after the other. Every weight that some output meets is loaded once, every input code that some output
meets is read once, and every output code is written once, each in its container (`specc.graph.widths`). Biases, tensors
inside a declared fusion and what is read a second time are not counted. Nor are the outputs of ReLU and max pool: in
place, an output may already be where it belongs. Flatten moves nothing.
"""

from __future__ import annotations

import math

from specc.graph.network import Layer, Network
from specc.graph.rewrites import positions_met, taps_met
from specc.graph.widths import FORMAT_KEEPING, UNQUANTIZED_BITS, activation_bits, container_bytes
from specc.spec.model import QuantizationTable


def least_traffic(network: Network, table: QuantizationTable | None, kept: frozenset[str]) -> dict[str, int]:
    """Bytes loaded and stored by each layer at the very least; the tensors `kept` never go through memory."""
    width = {tensor: container_bytes(bits) for tensor, bits in activation_bits(network, table).items()}
    return {layer.name: _weights(layer, table) + _activations(layer, width, kept) for layer in network.layers}


def _weights(layer: Layer, table: QuantizationTable | None) -> int:
    if layer.weight_shape is None:
        return 0
    row = table.row(layer.name) if table else None
    met = math.prod(layer.weight_shape) // math.prod(layer.kernel) * taps_met(layer)
    return met * container_bytes(row.bits if row else UNQUANTIZED_BITS)


def _activations(layer: Layer, width: dict[str, int], kept: frozenset[str]) -> int:
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

"""How the kernels see a layer and its tensors: as rows, in tiles narrower ones."""

from __future__ import annotations

from typing import Final

from specc.graph.execution import Step
from specc.graph.network import Layer
from specc.graph.row_work import rows_of
from specc.numerics.quantized import QuantizedNetwork
from specc.numerics.windows import is_padded

SPATIAL: Final = ("conv", "dwconv", "avgpool", "maxpool")


def as_run(network: QuantizedNetwork, layer: Layer) -> Layer:
    """A layer of the network as its kernel computes it: of one that runs in tiles, a tile."""
    tiles = network.tiles.get(layer.name)
    return tiles.narrowed(network.network.layer(layer.name)) if tiles else layer


def step_of(network: QuantizedNetwork, layer: Layer) -> Step:
    """The step in which a layer runs."""
    index = next(i for i, one in enumerate(network.network.layers) if one.name == layer.name)
    return next(step for step in network.steps.steps if step.first <= index <= step.last)


def reads_ring(network: QuantizedNetwork, layer: Layer) -> bool:
    """Whether fewer rows of a layer's first input are kept than there are."""
    tensor, tiles = layer.inputs[0], network.tiles.get(layer.name)
    rows = rows_of(layer.input_shapes[0])
    copied = tiles.copied.get(tensor) if tiles else None
    return (copied.rows if copied else network.rings.get(tensor, rows)) < rows


def row_counts(network: QuantizedNetwork, layer: Layer) -> tuple[int, int]:
    """Rows of a layer's input and output.

    Where no position needs its neighbours, all of a tensor that lies in memory whole is one long row.
    """
    if layer.name in network.by_rows | network.window_sums:
        return rows_of(layer.input_shapes[0]), rows_of(layer.output_shape)
    pointwise = layer.kind == "conv" and layer.kernel == layer.stride == (1, 1) and not is_padded(layer)
    if layer.kind not in SPATIAL or pointwise:
        return 1, 1
    return layer.input_shapes[0][0], layer.output_shape[0]


def row_width(network: QuantizedNetwork, layer: Layer) -> int:
    """Positions in an output row of a spatial layer."""
    return layer.output_shape[0] * layer.output_shape[1] // row_counts(network, layer)[1]

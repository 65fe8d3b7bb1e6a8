"""How the kernels see a layer's tensors: as rows."""

from __future__ import annotations

from typing import Final

from specc.graph.network import Layer
from specc.graph.row_work import rows_of
from specc.numerics.quantized import QuantizedNetwork
from specc.numerics.windows import is_padded

SPATIAL: Final = ("conv", "dwconv", "avgpool", "maxpool")


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

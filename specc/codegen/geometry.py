"""How the kernels see a layer's tensors: as rows."""

from __future__ import annotations

from typing import Final

from specc.graph.network import Layer
from specc.numerics.windows import is_padded

SPATIAL: Final = ("conv", "dwconv", "avgpool", "maxpool")


def row_counts(layer: Layer) -> tuple[int, int]:
    """Rows of a layer's input and output.

    Where no position needs its neighbours, all of a tensor that lies in memory whole is one long row.
    """
    pointwise = layer.kind == "conv" and layer.kernel == layer.stride == (1, 1) and not is_padded(layer)
    if layer.kind not in SPATIAL or pointwise:
        return 1, 1
    return layer.input_shapes[0][0], layer.output_shape[0]


def row_width(layer: Layer) -> int:
    """Positions in an output row of a spatial layer."""
    return layer.output_shape[0] * layer.output_shape[1] // row_counts(layer)[1]

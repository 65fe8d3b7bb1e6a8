"""Sliding windows over (batch, height, width, channels) arrays, shared by the golden model and the float reference."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer

Scalar = TypeVar("Scalar", bound=np.generic)


def windows(x: npt.NDArray[Scalar], layer: Layer, fill: float) -> npt.NDArray[Scalar]:
    """Every window of a layer: (batch, out height, out width, channels, kernel height, kernel width), a view.

    Positions outside the input hold `fill`.
    """
    padding = [(0, 0)]
    for axis in (0, 1):
        reach = (layer.output_shape[axis] - 1) * layer.stride[axis] + layer.kernel[axis]
        before = layer.pad_before[axis]
        padding.append((before, max(reach - before - x.shape[axis + 1], 0)))
    padding.append((0, 0))
    padded = np.pad(x, padding, constant_values=fill)
    every = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel, axis=(1, 2))
    rows, columns = layer.output_shape[0], layer.output_shape[1]
    return every[:, :: layer.stride[0], :: layer.stride[1]][:, :rows, :columns]


def is_padded(layer: Layer) -> bool:
    """Whether any window of the layer reaches outside its input."""
    if layer.kind not in ("conv", "dwconv", "avgpool", "maxpool"):
        return False
    return any(
        layer.pad_before[axis] > 0
        or (layer.output_shape[axis] - 1) * layer.stride[axis] + layer.kernel[axis] > layer.input_shapes[0][axis]
        for axis in (0, 1)
    )

"""Sums of products over a batch, forwards and backwards, in the type of what they are given.

Shapes: activations (batch, height, width, channels) or (batch, features); weights as `Layer.weight_shape`. What lies
outside an input is zero, so that activations come with their zero point taken off.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer

Array = npt.NDArray[Any]


def weighted_sums(layer: Layer, x: Array, weights: Array) -> Array:
    """Sums of products of a conv, dwconv or dense layer."""
    if layer.kind == "dense":
        return np.asarray(x.reshape(len(x), -1) @ weights.T)
    if layer.kind == "conv":
        return np.asarray(patches(layer, x) @ weights.reshape(len(weights), -1).T).reshape(len(x), *layer.output_shape)
    total = np.zeros((len(x), *layer.output_shape), x.dtype)
    product = np.empty_like(total)
    for i, j, view in taps(layer, padded(layer, x)):
        total += np.multiply(view, weights[i, j], out=product)
    return total


def input_gradient(layer: Layer, delta: Array, weights: Array) -> Array:
    """What reaches a weighted layer's input, given what reaches its sums."""
    if layer.kind == "dense":
        return np.asarray(delta @ weights).reshape(len(delta), *layer.input_shapes[0])
    around = padded(layer, np.zeros((len(delta), *layer.input_shapes[0]), delta.dtype))
    if layer.kind == "conv":
        flat = delta.reshape(len(delta), -1, delta.shape[-1]) @ weights.reshape(len(weights), -1)
        if is_pointwise(layer):
            return np.asarray(flat.reshape(len(delta), *layer.input_shapes[0]))
        by_tap = flat.reshape(len(delta), *layer.output_shape[:2], *layer.kernel, -1)
        for i, j, view in taps(layer, around):
            np.add(view, by_tap[:, :, :, i, j], out=view)
    else:
        for i, j, view in taps(layer, around):
            np.add(view, delta * weights[i, j], out=view)
    return cropped(layer, around)


def weight_gradients(layer: Layer, delta: Array, x: Array) -> Array:
    """Gradient of each sample with respect to a convolution's weights: (batch, weights)."""
    if layer.kind == "conv":
        left = delta.reshape(len(delta), -1, delta.shape[-1]).transpose(0, 2, 1)
        return np.asarray(left @ patches(layer, x)).reshape(len(x), -1)
    gradients = np.empty((len(x), *layer.kernel, delta.shape[-1]), delta.dtype)
    for i, j, view in taps(layer, padded(layer, x)):
        gradients[:, i, j] = np.einsum("nhwc,nhwc->nc", delta, view)
    return gradients.reshape(len(x), -1)


def patches(layer: Layer, x: Array) -> Array:
    """What each output of a convolution sees: (batch, outputs, kernel height * kernel width * channels)."""
    if is_pointwise(layer):
        return x.reshape(len(x), -1, x.shape[-1])
    rows, columns = layer.output_shape[:2]
    every = np.empty((len(x), rows, columns, *layer.kernel, x.shape[-1]), x.dtype)
    for i, j, view in taps(layer, padded(layer, x)):
        every[:, :, :, i, j] = view
    return every.reshape(len(x), rows * columns, -1)


def is_pointwise(layer: Layer) -> bool:
    """Whether each output of a convolution sees exactly the input at its own place."""
    return layer.kernel == (1, 1) and layer.stride == (1, 1) and layer.output_shape[:2] == layer.input_shapes[0][:2]


def padded(layer: Layer, x: Array, fill: float = 0) -> Array:
    """The input with all that windows see around it; itself if they see nothing more."""
    (above, below), (left, right) = (_padding(layer, axis) for axis in (0, 1))
    if not (above or below or left or right):
        return x
    batch, height, width, channels = x.shape
    around = np.full((batch, above + height + below, left + width + right, channels), fill, x.dtype)
    around[:, above : above + height, left : left + width] = x
    return around


def cropped(layer: Layer, around: Array) -> Array:
    """What `padded` put something around."""
    (above, _), (left, _) = (_padding(layer, axis) for axis in (0, 1))
    height, width = layer.input_shapes[0][:2]
    return around[:, above : above + height, left : left + width]


def _padding(layer: Layer, axis: int) -> tuple[int, int]:
    reach = (layer.output_shape[axis] - 1) * layer.stride[axis] + layer.kernel[axis]
    before = layer.pad_before[axis]
    return before, max(reach - before - layer.input_shapes[0][axis], 0)


def taps(layer: Layer, around: Array) -> Iterator[tuple[int, int, Array]]:
    """For each place in the kernel, the inputs that the outputs see there: views (batch, rows, columns, channels)."""
    (rows, columns), (down, right) = layer.output_shape[:2], layer.stride
    for i in range(layer.kernel[0]):
        for j in range(layer.kernel[1]):
            yield i, j, around[:, i : i + (rows - 1) * down + 1 : down, j : j + (columns - 1) * right + 1 : right]


def window_sums(layer: Layer, x: Array) -> Array:
    """For each place in the kernel, the sum of the inputs that all outputs see there: (batch, *kernel, channels)."""
    rows, columns = (seen.astype(x.dtype) for seen in _seen(layer))
    batch, height, width, channels = x.shape
    by_row = np.matmul(rows, x.reshape(batch, height, width * channels))
    sums = np.matmul(columns, by_row.reshape(-1, width, channels))
    return np.asarray(sums).reshape(batch, *layer.kernel, channels)


def window_sums_gradient(layer: Layer, delta: Array) -> Array:
    """What reaches the input of `window_sums`, given what reaches the sums."""
    rows, columns = (seen.astype(delta.dtype) for seen in _seen(layer))
    height, width, channels = layer.input_shapes[0]
    by_row = np.matmul(columns.T, delta.reshape(-1, layer.kernel[1], channels))
    around = np.matmul(rows.T, by_row.reshape(len(delta), layer.kernel[0], -1))
    return np.asarray(around).reshape(-1, height, width, channels)


@lru_cache(maxsize=64)
def _seen(layer: Layer) -> tuple[Array, Array]:
    """For each axis, whether some output sees an input at a place in the kernel: (kernel, size) of 0 and 1."""
    masks = []
    for axis in (0, 1):
        mask = np.zeros((layer.kernel[axis], layer.input_shapes[0][axis]))
        for output in range(layer.output_shape[axis]):
            for place in range(layer.kernel[axis]):
                position = output * layer.stride[axis] + place - layer.pad_before[axis]
                if 0 <= position < mask.shape[1]:
                    mask[place, position] = 1
        masks.append(mask)
    return masks[0], masks[1]


def outputs_of(layer: Layer) -> int:
    """Places at which a convolution computes an output."""
    return math.prod(layer.output_shape[:2])

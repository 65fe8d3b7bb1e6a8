"""From what reaches the output back to the gradient of every layer's weights, sample by sample.

Rounding counts as the identity (the straight-through estimator); activations and limits pass what lay inside them;
an accumulator that wraps has slope one wherever it has a slope. Softmax, sigmoid and tanh have the slope at the value
they gave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specc.graph.network import Layer, Network
from specc.numerics.tables import slope
from specc.precision.arithmetic import Arithmetic, LayerArithmetic
from specc.precision.forward import Trace
from specc.precision.layers import (
    Array,
    cropped,
    input_gradient,
    outputs_of,
    padded,
    taps,
    weight_gradients,
    window_sums_gradient,
)
from specc.spec.model import TABULATED


@dataclass(frozen=True)
class OuterGradient:
    """Gradients that are outer products: (batch, units) by (batch, features). They are never multiplied out."""

    left: Array
    right: Array


@dataclass(frozen=True)
class FullGradient:
    """Gradients by sample: (batch, weights)."""

    values: Array


Gradient = OuterGradient | FullGradient


def backward(arithmetic: Arithmetic, trace: Trace, reaching: dict[str, Array]) -> dict[str, Gradient]:
    """Gradients by layer, for every layer with weights.

    Args:
        reaching: derivatives of the loss with respect to tensors: (batch, *shape) by name.
    """
    network = arithmetic.network
    deltas = dict(reaching)
    wanted = above_weights(network)
    gradients: dict[str, Gradient] = {}
    for own in reversed(arithmetic.layers):
        delta = deltas.pop(own.output, None)
        if delta is None:  # nothing that the loss depends on reads it
            if own.weights is not None:
                gradients[own.layer.name] = _nothing(own.layer, trace)
            continue
        slopes = trace.slopes[own.output]
        if slopes is not None:
            delta = delta * slopes
        if own.weights is not None:
            gradients[own.layer.name] = _of_weights(own, delta, trace)
        for name, part in zip(own.layer.inputs, _to_inputs(own, delta, trace, wanted), strict=True):
            if part is not None:
                deltas[name] = deltas[name] + part if name in deltas else part
    return gradients


def above_weights(network: Network) -> set[str]:
    """Tensors that depend on some layer's weights: the others need no gradient."""
    found: set[str] = set()
    for layer in network.layers:
        if layer.weight_shape is not None or found & set(layer.inputs):
            found.add(layer.name)
    return found


def _of_weights(own: LayerArithmetic, delta: Array, trace: Trace) -> Gradient:
    layer = own.layer
    if own.pool is not None:
        sums = trace.sums[layer.name]
        each = delta.reshape(len(delta), -1) / outputs_of(layer)
        if layer.kind == "conv":
            return OuterGradient(each, sums.real.reshape(len(each), -1))
        return FullGradient((sums.real * each[:, np.newaxis, np.newaxis]).reshape(len(each), -1))
    x = trace.tensors[layer.inputs[0]]
    if layer.kind == "dense":
        return OuterGradient(delta, x.real.reshape(len(delta), -1).astype(delta.dtype))
    return FullGradient(weight_gradients(layer, delta.astype(x.values.dtype, copy=False), x.real))


def _nothing(layer: Layer, trace: Trace) -> Gradient:
    assert layer.weight_shape is not None
    batch = len(trace.tensors[layer.inputs[0]].values)
    return FullGradient(np.zeros((batch, int(np.prod(layer.weight_shape)))))


def _to_inputs(own: LayerArithmetic, delta: Array, trace: Trace, wanted: set[str]) -> list[Array | None]:
    layer = own.layer
    if layer.kind == "add":
        return [delta if name in wanted else None for name in layer.inputs]
    return [_to_input(own, delta, trace) if layer.inputs[0] in wanted else None]


def _to_input(own: LayerArithmetic, delta: Array, trace: Trace) -> Array:
    layer, shape = own.layer, own.layer.input_shapes[0]
    if layer.kind in ("relu", "relu6"):
        return delta
    if layer.kind == "flatten":
        return delta.reshape(len(delta), *shape)
    if layer.kind in TABULATED:
        return np.asarray(delta * slope(layer.kind, trace.tensors[layer.name].real))
    if layer.kind == "softmax":
        y = trace.tensors[layer.name].real
        return np.asarray(y * (delta - (delta * y).sum(axis=-1, keepdims=True)))
    if layer.kind in ("avgpool", "maxpool"):
        return _pool_gradient(layer, delta, trace)
    assert own.weights is not None
    # What a matrix product passes back has the type of the activations; dense layers pass on their float64.
    real = delta.dtype if layer.kind == "dense" else trace.tensors[layer.inputs[0]].values.dtype
    if own.pool is None:
        return input_gradient(layer, delta.astype(real, copy=False), own.weights.astype(real))
    each = (delta.reshape(len(delta), -1) / outputs_of(layer)).astype(real)
    if layer.kind == "conv":
        by_tap = (each @ own.weights.reshape(len(own.weights), -1).astype(real)).reshape(len(each), *layer.kernel, -1)
    else:
        by_tap = each[:, np.newaxis, np.newaxis] * own.weights.astype(real)
    return window_sums_gradient(layer, by_tap)


def _pool_gradient(layer: Layer, delta: Array, trace: Trace) -> Array:
    around = padded(layer, np.zeros((len(delta), *layer.input_shapes[0]), delta.dtype))
    if layer.kind == "avgpool":
        delta = delta / (layer.kernel[0] * layer.kernel[1])
    for i, j, view in taps(layer, around):
        chosen = True if layer.kind == "avgpool" else trace.choices[layer.name] == i * layer.kernel[1] + j
        np.add(view, delta * chosen, out=view)
    return cropped(layer, around)

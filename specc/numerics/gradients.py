"""Gradients as a device computes them: of the dense layers at the end of a network, in 32-bit floats.

Every operation is one IEEE 754 single-precision operation, in the order written here; the C in
`firmware/runtime/backward.c` does the same, so the two agree bit for bit. Sums run over ascending indices, products and
sums are rounded one by one (no fused multiply-add).

The loss is the cross-entropy of a label. With q the output codes, E a table of exponentials and s their sum:

    delta = E[max q - q] / s            where the last layer is dense
    delta = scale * (q - zero point)    where it is a softmax: the probabilities that it gave
    delta[label] -= 1

then for each dense layer, from the last to the first:

    delta    = 0 where the output's code is at or below the floor of its activation, or at or above ReLU6's ceiling
    x        = scale * (code - zero point)                                            of its input
    bias     gradient  delta
    weights  gradient  delta * x
    delta of the layer before  =  sum over units of (delta * scale of the unit's weights) * code of the weight

Rounding counts as the identity. A code at an end of its range passes the gradient on, for whether something was cut off
cannot be seen in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer
from specc.graph.tail import dense_tail
from specc.numerics.quantized import IntArray, QuantizedNetwork

FloatArray = npt.NDArray[np.float32]

NEVER: Final = 1 << 20  # beyond every code


@dataclass(frozen=True)
class LayerGradient:
    """Gradients of one layer: weights (units, inputs) and bias (units,)."""

    weights: FloatArray
    bias: FloatArray


def gradients(
    network: QuantizedNetwork, tensors: Mapping[str, IntArray], index: int, label: int
) -> dict[str, LayerGradient]:
    """Gradients of the dense layers at the end of a network, from the last to the first.

    Args:
        network: the network.
        tensors: codes of every tensor of a batch, as `golden.run` gives them.
        index: which sample of the batch.
        label: its class.
    """
    tail = dense_tail(network.network)
    delta = _of_output(network, tensors[network.network.output][index], label)
    found: dict[str, LayerGradient] = {}
    for place, layer in enumerate(tail):
        floor, ceiling = passing(network, layer)
        codes = tensors[layer.name][index].reshape(-1)
        delta = np.where((codes > floor) & (codes < ceiling), delta, np.float32(0))
        form = network.formats[layer.inputs[0]]
        x = np.float32(form.scale) * (tensors[layer.inputs[0]][index].reshape(-1) - form.zero_point).astype(np.float32)
        found[layer.name] = LayerGradient(delta[:, np.newaxis] * x, delta)
        if place + 1 < len(tail):
            delta = _to_input(network, layer, delta)
    return found


def exponentials(network: QuantizedNetwork) -> FloatArray:
    """e to the power of minus the distance from the largest output code, for every distance there is."""
    form = network.formats[network.network.output]
    return np.asarray(np.exp(-form.scale * np.arange(1 << form.bits)), np.float32)


def passing(network: QuantizedNetwork, layer: Layer) -> tuple[int, int]:
    """Codes of a layer's output between which its activation has slope one, both left out."""
    numbers = network.numbers[layer.name]
    floor = -NEVER if layer.activation == "linear" else numbers.output_clamp[0]
    return floor, numbers.output_clamp[1] if layer.activation == "relu6" else NEVER


def weight_scales(network: QuantizedNetwork, layer: Layer) -> FloatArray:
    """What one step of a weight's code stands for, for each unit."""
    scales = network.numbers[layer.name].weight_scales
    return np.broadcast_to(scales, (layer.output_shape[-1],)).astype(np.float32)


def _of_output(network: QuantizedNetwork, codes: IntArray, label: int) -> FloatArray:
    """Derivative of the loss with respect to what goes into the softmax: (classes,)."""
    graph = network.network
    codes, form = codes.reshape(-1), network.formats[graph.output]
    if graph.layers[-1].kind == "softmax":
        delta = np.float32(form.scale) * (codes - form.zero_point).astype(np.float32)
    else:
        powers = exponentials(network)[codes.max() - codes]
        total = np.float32(0)
        for power in powers:
            total += power
        delta = powers / total
    delta[label] -= np.float32(1)
    return np.asarray(delta, np.float32)


def _to_input(network: QuantizedNetwork, layer: Layer, delta: FloatArray) -> FloatArray:
    weights = network.numbers[layer.name].weights
    assert weights is not None
    scaled = delta * weight_scales(network, layer)
    total = np.zeros(weights.shape[1], np.float32)
    for factor, row in zip(scaled, weights.astype(np.float32), strict=True):
        total += factor * row
    return total

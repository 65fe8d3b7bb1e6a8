"""Seeded weights: they stand in for trained ones where only cost is measured, not accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer, Network

FloatArray = npt.NDArray[np.float64]

_BIAS_DEVIATION = 0.05


@dataclass(frozen=True)
class Parameters:
    """Real weights and biases of one layer, in the layout of `Layer.weight_shape` and (output channels,)."""

    weights: FloatArray
    bias: FloatArray


def draw_parameters(network: Network, seed: int) -> dict[str, Parameters]:
    """Weights of every layer that has some, by layer name.

    Normal with variance 2 / fan-in (He et al., "Delving Deep into Rectifiers", 2015), which keeps the size of
    activations from layer to layer; biases normal with standard deviation 0.05. Drawn in layer order from PCG64.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    parameters: dict[str, Parameters] = {}
    for layer in network.layers:
        shape = layer.weight_shape
        if shape is None:
            continue
        weights = generator.standard_normal(shape) * math.sqrt(2 / _fan_in(layer))
        bias = generator.standard_normal(layer.output_shape[-1]) * _BIAS_DEVIATION
        parameters[layer.name] = Parameters(weights, bias)
    return parameters


def _fan_in(layer: Layer) -> int:
    shape = layer.weight_shape
    assert shape is not None
    return math.prod(shape[:2]) if layer.kind == "dwconv" else math.prod(shape[1:])

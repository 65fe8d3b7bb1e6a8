"""The same network in real numbers: what quantization approximates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from specc.graph.network import Layer, Network
from specc.numerics.tables import function
from specc.numerics.weights import Parameters
from specc.numerics.windows import windows
from specc.spec.model import TABULATED


def run(
    network: Network, parameters: Mapping[str, Parameters], inputs: npt.ArrayLike, dtype: type[np.floating] = np.float32
) -> dict[str, npt.NDArray[np.floating]]:
    """Every tensor of an inference over a batch (batch, *input shape), by name, the input included.

    `dtype` is the precision of the whole computation.
    """
    tensors: dict[str, npt.NDArray[np.floating]] = {network.input: np.asarray(inputs, dtype=dtype)}
    for layer in network.layers:
        own = parameters.get(layer.name)
        y = _layer(layer, [tensors[name] for name in layer.inputs], own)
        tensors[layer.name] = _activate(y, layer.activation).astype(dtype, copy=False)
    return tensors


def _layer(
    layer: Layer, inputs: list[npt.NDArray[np.floating]], parameters: Parameters | None
) -> npt.NDArray[np.floating]:
    x = inputs[0]
    if layer.kind == "flatten":
        return x.reshape(len(x), *layer.output_shape)
    if layer.kind in ("relu", "relu6"):
        return _activate(x, layer.kind)
    if layer.kind == "add":
        return np.asarray(x + inputs[1])
    if layer.kind in TABULATED:
        return function(layer.kind, x)
    if layer.kind == "softmax":
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
    if layer.kind == "maxpool":
        return np.asarray(windows(x, layer, fill=-np.inf).max(axis=(-2, -1)))
    if layer.kind == "avgpool":
        return np.asarray(windows(x, layer, fill=0).mean(axis=(-2, -1), dtype=x.dtype))
    assert parameters is not None
    weights = parameters.weights.astype(x.dtype)
    return np.asarray(_weighted_sums(layer, x, weights) + parameters.bias.astype(x.dtype))


def _weighted_sums(
    layer: Layer, x: npt.NDArray[np.floating], weights: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    if layer.kind == "dense":
        return np.asarray(x.reshape(len(x), -1) @ weights.T)
    patches = windows(x, layer, fill=0)
    if layer.kind == "conv":
        return np.asarray(np.tensordot(patches, weights, axes=([3, 4, 5], [3, 1, 2])))
    return np.asarray(np.einsum("bxycij,ijc->bxyc", patches, weights))


def _activate(x: npt.NDArray[np.floating], activation: str) -> npt.NDArray[np.floating]:
    if activation == "linear":
        return x
    return np.asarray(np.clip(x, 0, 6 if activation == "relu6" else None))

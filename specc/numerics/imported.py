"""The numbers of a network that comes from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from specc.graph.lifetimes import in_least_memory_order
from specc.graph.network import Layer, Network
from specc.numerics.layer_numbers import (
    QuantizationError,
    WeightCodes,
    unweighted_numbers,
    weighted_numbers,
    window_sum_numbers,
)
from specc.numerics.quantized import LayerNumbers, QuantizedNetwork, TensorFormat
from specc.numerics.weights import Parameters
from specc.spec.imported import Constant, ImportedModel, ImportedWeights

_ITEMS: Final = {"int8": "<i1", "int32": "<i4", "float32": "<f4", "float64": "<f8"}
_BITS: Final = 8
_LOW, _HIGH = -(1 << (_BITS - 1)), (1 << (_BITS - 1)) - 1


def imported_numbers(
    model: ImportedModel, network: Network, window_sums: Mapping[str, str] | None = None
) -> QuantizedNetwork:
    """A quantized file's own numbers: codes of weights and biases, and the scales of every tensor.

    Scales of 32 bits are multiplied and divided in 64 bits; requantization is the project's own. The layers come in the
    order that needs least memory. `window_sums` are the convolutions to run as such, with the pool of each.

    Raises:
        QuantizationError: a ratio of scales that no multiplier represents.
    """
    formats = {
        name: TensorFormat(form.scale, form.zero_point, _BITS, _LOW, _HIGH) for name, form in model.formats.items()
    }
    numbers = {layer.name: _numbers(model, layer, formats) for layer in network.layers}
    for name, pool in (window_sums or {}).items():
        layer = network.layer(name)
        source = formats[layer.inputs[0]]
        numbers |= window_sum_numbers(layer, network.layer(pool), _codes(model, layer), source, formats[pool])
    order = in_least_memory_order(network, dict.fromkeys(formats, 1))
    return QuantizedNetwork(order, formats, numbers, frozenset(window_sums or ()))


def _numbers(model: ImportedModel, layer: Layer, formats: dict[str, TensorFormat]) -> LayerNumbers:
    if layer.name not in model.weights:
        return unweighted_numbers(layer, formats, model.softmax_betas.get(layer.name, 1.0))
    return weighted_numbers(layer, _codes(model, layer), formats[layer.inputs[0]], formats[layer.name])


def _codes(model: ImportedModel, layer: Layer) -> WeightCodes:
    stored = model.weights[layer.name]
    channels = layer.output_shape[-1]
    return WeightCodes(
        weights=_array(stored.weights).reshape(_weight_shape(layer)).astype(np.int64),
        bias=np.zeros(channels, np.int64) if stored.bias is None else _array(stored.bias).astype(np.int64),
        scales=np.broadcast_to(np.array(stored.scales, np.float64), (channels,)),
    )


def imported_parameters(weights: Mapping[str, ImportedWeights], network: Network) -> dict[str, Parameters]:
    """Real weights and biases of a file, by layer; a layer without a bias gets zeros.

    Raises:
        QuantizationError: a weight or a bias is not finite.
    """
    parameters: dict[str, Parameters] = {}
    for layer in network.layers:
        stored = weights.get(layer.name)
        if stored is None:
            continue
        values = _array(stored.weights).reshape(_weight_shape(layer)).astype(np.float64)
        channels = layer.output_shape[-1]
        bias = np.zeros(channels) if stored.bias is None else _array(stored.bias).astype(np.float64)
        if not (np.isfinite(values).all() and np.isfinite(bias).all()):
            raise QuantizationError(layer.name, "the file holds weights that are not finite")
        parameters[layer.name] = Parameters(values, bias)
    return parameters


def _array(constant: Constant) -> npt.NDArray[Any]:
    """The stored items, their axes in this project's order."""
    items = np.frombuffer(constant.data, _ITEMS[constant.item_type]).reshape(constant.shape)
    return items if constant.permutation is None else items.transpose(constant.permutation)


def _weight_shape(layer: Layer) -> tuple[int, ...]:
    assert layer.weight_shape is not None, "the importer gives weights to no other layer"
    return layer.weight_shape

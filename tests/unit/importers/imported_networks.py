"""Shared by the tests of model files: from bytes to a network and its numbers, without a spec."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from specc.elaborate.importers import import_model
from specc.graph.build import build_network
from specc.graph.network import Layer, Network
from specc.numerics import golden
from specc.numerics.imported import imported_numbers
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.source import SourceFile, Span
from specc.spec.imported import ImportedModel
from specc.spec.model import InputSpec, ModelSpec

SPAN = Span(SourceFile("test.hwspec", "x"), 0, 1)
REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data"
MODELS = ("ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8")


def reference_model(name: str) -> bytes:
    """A reference model of MLPerf Tiny, which the checkout does not contain."""
    path = REFERENCE / "models" / f"{name}.tflite"
    if not path.is_file():
        pytest.skip("the reference models are not beside this checkout (../shared/data/models)")
    return path.read_bytes()


def network_of(model: ImportedModel) -> Network:
    """The network of an imported model."""
    own = InputSpec(name=model.input_name, shape=model.input_shape)
    return build_network(ModelSpec(name="imported", input=own, layers=model.layers))


def quantized(data: bytes, suffix: str = ".tflite") -> QuantizedNetwork:
    """The numbers of a file of 8-bit integers."""
    model = import_model(data, suffix, SPAN)
    return imported_numbers(model, network_of(model))


def layer_output(network: QuantizedNetwork, layer: Layer, inputs: list[npt.NDArray[np.int64]]) -> IntArray:
    """What one layer computes from given inputs, by a network of that layer alone; no batch axis."""
    if len(inputs) == 2 and layer.inputs[0] != layer.inputs[1]:
        return _both(network, layer, inputs)
    single = Layer(**{**vars(layer), "inputs": tuple("source" for _ in layer.inputs)})
    graph = Network("one", "source", layer.input_shapes[0], (single,))
    formats = {"source": network.formats[layer.inputs[0]], layer.name: network.formats[layer.name]}
    own = QuantizedNetwork(graph, formats, {layer.name: network.numbers[layer.name]})
    return golden.run(own, inputs[0])[layer.name]


def _both(network: QuantizedNetwork, layer: Layer, inputs: list[npt.NDArray[np.int64]]) -> IntArray:
    """An addition of two different tensors, from its definition: one rounding of the exact sum, half up."""
    first, second = (network.formats[name] for name in layer.inputs)
    numbers = network.numbers[layer.name]
    exact = (inputs[0] - first.zero_point) * numbers.multipliers[0]
    exact = exact + (inputs[1] - second.zero_point) * numbers.multipliers[1]
    shift = numbers.shifts[0]
    codes = ((exact + (np.int64(1) << (shift - 1))) >> shift) + network.formats[layer.name].zero_point
    return np.asarray(np.clip(codes, numbers.clamp_low, numbers.clamp_high))

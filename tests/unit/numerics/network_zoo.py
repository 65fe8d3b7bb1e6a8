"""Random networks that use every kind of layer, and numbers that reach every corner of the arithmetic."""

import dataclasses
import random

import numpy as np

from specc.graph.build import build_network
from specc.numerics.quantize import quantize
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec

WIDTHS = (8, 12, 13, 16)


def spec_of(layers: list[LayerSpec], shape: tuple[int, ...], rows: list[QuantizationRow], seed: int = 1) -> Spec:
    model = ModelSpec(
        name="zoo",
        input=InputSpec(name="x", shape=shape, distribution="normal"),
        layers=tuple(layers),
        weights=WeightsSpec(seed=seed),
    )
    return Spec(edition=1, model=model, quantization=QuantizationTable(model="zoo", rows=tuple(rows)))


def quantized(spec: Spec) -> QuantizedNetwork:
    return quantize(spec, build_network(spec.model))


def random_network(seed: int, layers: int = 30) -> QuantizedNetwork:
    """A directed graph of layers, each of which reads any tensor made before it."""
    choose = random.Random(seed)
    shape = (choose.randint(3, 11), choose.randint(2, 9), choose.randint(1, 6))
    shapes: dict[str, tuple[int, ...]] = {"x": shape}
    declared: list[LayerSpec] = []
    while len(declared) < layers:
        layer = _random_layer(choose, f"n{len(declared)}", shapes)
        model = ModelSpec(name="zoo", input=InputSpec(name="x", shape=shape), layers=(*declared, layer))
        shapes[layer.name] = build_network(model).output_shape
        declared.append(layer)
    rows = [_random_row(choose, layer.name) for layer in declared]
    return quantized(spec_of(declared, shape, rows, seed))


def _random_layer(choose: random.Random, name: str, shapes: dict[str, tuple[int, ...]]) -> LayerSpec:
    source = choose.choice(list(shapes))
    shape = shapes[source]
    spatial = ["conv", "conv", "dwconv", "dwconv", "avgpool", "maxpool"] if len(shape) == 3 else ["softmax"]
    kind = choose.choice([*spatial, "dense", "add", "relu", "relu6", "sigmoid", "tanh", "flatten"])
    inputs = (source,)
    if kind == "add":
        inputs = (source, choose.choice([other for other in shapes if shapes[other] == shape]))
    activation = choose.choice(["linear", "relu", "relu6"])
    if kind in ("relu", "relu6", "sigmoid", "tanh", "flatten", "softmax", "maxpool", "avgpool"):
        activation = "linear"
    units = choose.randint(1, 9) if kind in ("conv", "dense") else None
    if len(shape) != 3 or kind not in spatial:
        return LayerSpec(name=name, kind=kind, inputs=inputs, units=units, activation=activation)
    kernel = (choose.randint(1, min(4, shape[0])), choose.randint(1, min(4, shape[1])))
    return LayerSpec(
        name=name,
        kind=kind,
        inputs=inputs,
        units=units,
        activation=activation,
        kernel=None if kind.endswith("pool") and choose.random() < 0.2 else kernel,
        stride=(choose.randint(1, 3), choose.randint(1, 3)),
        padding="valid" if kind == "avgpool" else choose.choice(["valid", "same"]),
    )


def _random_row(choose: random.Random, layer: str) -> QuantizationRow:
    bits = choose.choice(WIDTHS)
    if choose.random() < 0.5:
        return QuantizationRow(layer=layer, bits=bits)
    step = choose.choice([0.05, 0.01, 0.001, 0.0003])
    return QuantizationRow(layer=layer, bits=bits, range=step * choose.choice([50, 100, 2500, 40000]), step=step)


def scrambled(network: QuantizedNetwork, seed: int) -> QuantizedNetwork:
    """The same network with constants over their whole ranges: sums wrap, shifts reach from 1 to 62."""
    draw = np.random.default_rng(seed)
    numbers = {name: _scrambled(own, draw) for name, own in network.numbers.items()}
    return dataclasses.replace(network, numbers=numbers)


def _scrambled(own: LayerNumbers, draw: np.random.Generator) -> LayerNumbers:
    if own.weights is None or own.bias is None:
        return own
    half = 1 << (own.weight_bits - 1)
    lowest_shift, highest_shift = ((1, 63), (20, 50), (32, 63))[int(draw.integers(3))]
    return dataclasses.replace(
        own,
        weights=draw.integers(-half, half, own.weights.shape),
        bias=draw.integers(-(2**31), 2**31, own.bias.shape),
        multipliers=draw.integers(2**30, 2**31, own.multipliers.shape),
        shifts=draw.integers(lowest_shift, highest_shift, own.shifts.shape),
        accumulator_bits=int(draw.choice([16, 24, 32])),
    )


def corner_inputs(network: QuantizedNetwork, random_inputs: int, seed: int) -> IntArray:
    """All smallest, all largest, zero, checkerboards of both, and random codes: (inputs, *shape)."""
    shape = network.network.input_shape
    form = network.formats[network.network.input]
    checkerboard = np.indices(shape).sum(axis=0) % 2
    draw = np.random.default_rng(seed)
    corners = [
        np.full(shape, form.low),
        np.full(shape, form.high),
        np.full(shape, form.zero_point),
        np.where(checkerboard, form.low, form.high),
        np.where(checkerboard, form.high, form.low),
    ]
    return np.concatenate([corners, draw.integers(form.low, form.high + 1, (random_inputs, *shape))])

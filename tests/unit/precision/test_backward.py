"""Per-sample gradients against finite differences, and the straight-through estimator against frozen rounding."""

import dataclasses

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from random_specs import network_of, random_spec

from specc.graph.network import Layer, Network
from specc.numerics import reference as float_reference
from specc.numerics.inputs import draw_inputs
from specc.numerics.quantize import real_parameters
from specc.numerics.weights import FloatArray, Parameters
from specc.precision.arithmetic import Arithmetic, reference
from specc.precision.backward import FullGradient, Gradient, backward
from specc.precision.forward import Trace, forward
from specc.precision.losses import CrossEntropy, Linear
from specc.precision.tables import Tables

STEP = 1e-6


def multiplied(gradient: Gradient) -> npt.NDArray[np.floating]:
    if isinstance(gradient, FullGradient):
        return gradient.values
    return np.array([np.outer(a, b).ravel() for a, b in zip(gradient.left, gradient.right, strict=True)])


def differences(loss, parameters: dict[str, Parameters], name: str, place: int) -> FloatArray:
    """Central difference of a loss (parameters -> one value per sample) in one weight."""
    values = []
    for sign in (1, -1):
        weights = parameters[name].weights.copy()
        weights.ravel()[place] += sign * STEP
        values.append(loss({**parameters, name: dataclasses.replace(parameters[name], weights=weights)}))
    return (values[0] - values[1]) / (2 * STEP)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), labelled=st.booleans())
def test_gradients_in_full_precision_are_those_of_finite_differences(seed: int, labelled: bool) -> None:
    spec = random_spec(seed)
    network = network_of(spec)
    parameters = real_parameters(spec, network)
    draw = np.random.default_rng(seed)
    inputs = draw_inputs(spec.model.input, 3, seed)
    labels = draw.integers(0, network.output_shape[-1], 3) if labelled else None
    trace = forward(reference(network, parameters, np.float64), inputs)
    chosen = CrossEntropy() if labelled else Linear()
    gradients = backward(reference(network, parameters, np.float64), trace, chosen.reaching(network, trace, labels))
    direction = Linear().reaching(network, trace, None)[network.output][0]

    def loss(changed: dict[str, Parameters]) -> FloatArray:
        output = float_reference.run(network, changed, inputs, np.float64)[network.output]
        if labels is None:
            return (output * direction).sum(axis=-1)
        if network.layers[-1].kind != "softmax":
            output = np.exp(output) / np.exp(output).sum(axis=-1, keepdims=True)
        return -np.log(output[np.arange(3), labels])

    for name, own in parameters.items():
        for place in draw.integers(0, own.weights.size, 4):
            expected = differences(loss, parameters, name, int(place))
            np.testing.assert_allclose(multiplied(gradients[name])[:, place], expected, rtol=1e-4, atol=1e-6)


def frozen(arithmetic: Arithmetic, trace: Trace, network: Network, parameters: dict[str, Parameters]) -> FloatArray:
    """The network with every rounding replaced by the constant that it added: smooth, with the same values."""
    moved = {network.input: trace.tensors[network.input].real.astype(np.float64)}
    for own in arithmetic.layers:
        layer = own.layer
        now = operation(layer, [moved[name] for name in layer.inputs], trace, parameters)
        base = operation(
            layer,
            [trace.tensors[name].real.astype(np.float64) for name in layer.inputs],
            trace,
            {own.layer.name: Parameters(own.weights, own.bias)} if own.weights is not None else {},
        )
        slopes = trace.slopes[own.output]
        change = now - base if slopes is None else (now - base) * slopes
        moved[own.output] = trace.tensors[own.output].real + change
    return moved[network.output]


def operation(layer: Layer, inputs: list[FloatArray], trace: Trace, parameters: dict[str, Parameters]) -> FloatArray:
    """One layer without its activation; a max pool takes what it took, a curve follows its tangent."""
    if layer.kind in ("relu", "relu6"):
        return inputs[0]
    if layer.kind == "softmax":
        y = trace.tensors[layer.name].real
        return y * (inputs[0] - (y * inputs[0]).sum(axis=-1, keepdims=True))
    if layer.kind in ("sigmoid", "tanh"):
        y = trace.tensors[layer.name].real
        return inputs[0] * (y * (1 - y) if layer.kind == "sigmoid" else 1 - y**2)
    if layer.kind == "maxpool":
        place = trace.choices[layer.name]
        y = np.zeros((len(inputs[0]), *layer.output_shape))
        for index in np.ndindex(y.shape):
            n, row, column, channel = index
            i, j = divmod(int(place[index]), layer.kernel[1])
            at = row * layer.stride[0] + i - layer.pad_before[0], column * layer.stride[1] + j - layer.pad_before[1]
            y[index] = inputs[0][n, at[0], at[1], channel]
        return y
    names = ("left", "right")[: len(inputs)]
    alone = dataclasses.replace(layer, inputs=names, activation="linear")
    if layer.kind == "add":
        return inputs[0] + inputs[1]
    network = Network("one", "left", layer.input_shapes[0], (alone,))
    return float_reference.run(network, parameters, inputs[0], np.float64)[layer.name]


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_straight_through_gradients_are_those_of_frozen_rounding(seed: int) -> None:
    spec = random_spec(seed)
    network = network_of(spec)
    tables = Tables(spec, network, real_parameters(spec, network))
    arithmetic = tables.arithmetic(spec.quantization)
    rounded = tables.numbers(spec.quantization).rounded
    trace = forward(arithmetic, draw_inputs(spec.model.input, 3, seed))
    reaching = Linear().reaching(network, trace, None)
    gradients = backward(arithmetic, trace, reaching)
    draw = np.random.default_rng(seed)

    def loss(changed: dict[str, Parameters]) -> FloatArray:
        return (frozen(arithmetic, trace, network, changed) * reaching[network.output]).sum(axis=-1)

    for name, own in rounded.items():
        for place in draw.integers(0, own.weights.size, 3):
            expected = differences(loss, rounded, name, int(place))
            np.testing.assert_allclose(multiplied(gradients[name])[:, place], expected, rtol=1e-3, atol=2e-5)


def test_what_reaches_a_saturated_value_ends_there() -> None:
    spec = random_spec(1)
    network = network_of(spec)
    tables = Tables(spec, network, real_parameters(spec, network))
    arithmetic = tables.arithmetic(spec.quantization)
    trace = forward(arithmetic, draw_inputs(spec.model.input, 64, 1) * 10)
    form = tables.numbers(spec.quantization).formats["out"]
    slopes = trace.slopes["out"]
    assert slopes is not None
    inside = (trace.tensors["out"].values + form.zero_point > form.low) & (
        trace.tensors["out"].values + form.zero_point < form.high
    )
    assert slopes[inside].all() and not slopes.all()

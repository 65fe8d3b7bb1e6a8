"""The forward pass of the engine: code for code that of the integer golden model, and that of the float reference."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_specs import calibrated, network_of, random_spec, spec_of, table

from specc.graph.network import Network
from specc.numerics import golden
from specc.numerics import reference as float_reference
from specc.numerics.formats import by_name
from specc.numerics.inputs import decode, draw_inputs, encode
from specc.numerics.quantize import quantize, quantize_parameters, real_parameters
from specc.numerics.quantized import LayerNumbers, QuantizedNetwork
from specc.precision.arithmetic import reference
from specc.precision.forward import Trace, forward
from specc.precision.tables import Tables, assemble, of_quantized
from specc.spec import Spec
from specc.spec.model import LayerSpec, QuantizationRow

FORMATS = ("fp16", "bf16", "fp8_e4m3", "fp8_e5m2", "posit8", "posit16", "fp4_e2m1", "mxint8", "mxfp8", "mxfp6", "mxfp4")


def tables(spec: Spec, summed: tuple[str, ...] = ()) -> Tables:
    network = network_of(spec)
    return Tables(spec, network, real_parameters(spec, network), summed)


def assert_codes_are_golden(network: Network, quantized: QuantizedNetwork, trace: Trace, expected: dict) -> None:
    for name in (network.input, *(layer.name for layer in network.layers)):
        form = quantized.formats[name]
        codes = trace.tensors[name].values + form.zero_point
        assert np.array_equal(codes, expected[name]), name


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_codes_equal_the_golden_model(seed: int) -> None:
    spec = random_spec(seed)
    network = network_of(spec)
    inputs = draw_inputs(spec.model.input, 5, seed) * 1.5  # some saturate
    quantized = quantize(spec, network)
    trace = forward(tables(spec).arithmetic(spec.quantization), inputs)
    expected = golden.run(quantized, encode(inputs, quantized.formats["x"]))
    assert_codes_are_golden(network, quantized, trace, expected)


def scrambled(own: LayerNumbers, draw: np.random.Generator) -> LayerNumbers:
    """Constants over their whole ranges, so that sums wrap."""
    if own.weights is None or own.bias is None:
        return own
    half = 1 << (own.weight_bits - 1)
    return dataclasses.replace(
        own,
        weights=draw.integers(-half, half, own.weights.shape),
        bias=draw.integers(-(2**31), 2**31, own.bias.shape),
        multipliers=draw.integers(2**30, 2**31, own.multipliers.shape),
        shifts=draw.integers(30, 60, own.shifts.shape),
        accumulator_bits=int(draw.choice([16, 24, 32])),
    )


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_wrapping_sums_equal_the_golden_model(seed: int) -> None:
    spec = random_spec(seed)
    network = network_of(spec)
    plain = quantize(spec, network)
    draw = np.random.default_rng(seed)
    quantized = dataclasses.replace(plain, numbers={n: scrambled(own, draw) for n, own in plain.numbers.items()})
    codes = draw.integers(plain.formats["x"].low, plain.formats["x"].high + 1, (4, *network.input_shape))
    arithmetic = assemble(network, real_parameters(spec, network), of_quantized(quantized))
    trace = forward(arithmetic, decode(codes, plain.formats["x"]))
    assert_codes_are_golden(network, quantized, trace, golden.run(quantized, codes))


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_full_precision_equals_the_float_reference(seed: int) -> None:
    spec = random_spec(seed)
    network = network_of(spec)
    parameters = real_parameters(spec, network)
    inputs = draw_inputs(spec.model.input, 3, seed)
    trace = forward(reference(network, parameters, np.float64), inputs)
    expected = float_reference.run(network, parameters, inputs, np.float64)
    for name, tensor in trace.tensors.items():
        np.testing.assert_allclose(tensor.real, expected[name], rtol=1e-10, atol=1e-12, err_msg=name)


CONVOLUTIONS = [
    LayerSpec(name="c", kind="dwconv", kernel=(3, 3), padding="same"),
    LayerSpec(name="c", kind="conv", kernel=(3, 2), stride=(2, 1), units=5, padding="same"),
    LayerSpec(name="c", kind="conv", kernel=(1, 1), units=3),
]


@pytest.mark.parametrize("convolution", CONVOLUTIONS, ids=lambda layer: f"{layer.kind} {layer.kernel}")
def test_a_summed_convolution_is_rounded_once(convolution: LayerSpec) -> None:
    """By plain integers: every product of every output added up, then one requantization."""
    spec = spec_of(convolution, LayerSpec(name="p", kind="avgpool"), shape=(7, 6, 3), rows=calibrated(9))
    own = tables(spec, summed=("c",))
    numbers = own.numbers(spec.quantization)
    layer, constants = own.network.layer("c"), numbers.integers["c"]
    form, out = numbers.formats["x"], numbers.formats["p"]
    inputs = draw_inputs(spec.model.input, 4, 3)
    trace = forward(own.arithmetic(spec.quantization), inputs)
    each = golden.weighted_sums(encode(inputs, form) - form.zero_point, constants.weights, layer)
    total = golden.wrap(each.sum(axis=(1, 2), keepdims=True) + constants.bias, 32)
    codes = out.zero_point + golden.requantize(total, constants.multipliers, constants.shifts)
    assert np.array_equal(trace.tensors["p"].values + out.zero_point, np.clip(codes, out.low, out.high))
    assert "c" not in trace.tensors


@pytest.mark.parametrize("name", FORMATS)
def test_other_formats_round_weights_and_activations(name: str) -> None:
    """Of one dense layer, worked out by hand: round the input and the weights, multiply, round the sum."""
    bits = int(by_name(name).bits)
    row = QuantizationRow(layer="*", bits=bits, format=name)
    spec = spec_of(LayerSpec(name="d", kind="dense", units=3, activation="relu"), shape=(40,), rows=table(row))
    own = tables(spec)
    inputs = draw_inputs(spec.model.input, 6, 2)
    form, real = by_name(name), own.parameters["d"]
    sums = form.round(inputs) @ form.round(real.weights).T + real.bias
    got = forward(own.arithmetic(spec.quantization), inputs).tensors["d"].real
    near = np.abs(got - form.round(np.maximum(sums, 0))) <= 1e-6 * np.abs(got) + 1e-7
    assert near.mean() > 0.9  # a sum next to a border may round to the other side of it
    assert np.array_equal(form.round(got.astype(np.float64)).astype(np.float32), got) or name.startswith("mx")


def test_widths_of_weights_and_activations_may_differ() -> None:
    row = QuantizationRow(layer="*", bits=8, weights=4, activations=12, range=2.0, step=0.001)
    spec = spec_of(LayerSpec(name="d", kind="dense", units=3), shape=(10,), rows=table(row))
    numbers = tables(spec).numbers(spec.quantization)
    assert numbers.integers["d"].weights.min() >= -8 and numbers.integers["d"].weights.max() <= 7
    assert (numbers.formats["x"].low, numbers.formats["x"].high) == (-2000, 2000)


def test_another_code_of_zero_shifts_the_codes_and_nothing_else() -> None:
    rows = [QuantizationRow(layer="*", bits=10, range=4.0, step=0.02, zero=zero) for zero in (None, 50)]
    spec = spec_of(LayerSpec(name="d", kind="dense", units=3, activation="relu"), shape=(10,))
    inputs = draw_inputs(spec.model.input, 6, 2)
    plain, shifted = (forward(tables(spec).arithmetic(table(row)), inputs).tensors["d"].real for row in rows)
    assert np.array_equal(plain, shifted)


@pytest.mark.parametrize("bits", [33, 48, 64])
def test_wide_accumulators_hold_what_32_bits_do_not(bits: int) -> None:
    """16-bit codes over 2,000 features reach beyond 32 bits: by Python's integers."""
    rows = table(QuantizationRow(layer="d", bits=16, range=1.0, step=2.0**-15, accumulator=bits))
    spec = spec_of(LayerSpec(name="d", kind="dense", units=1), shape=(2000,), rows=rows)
    network = network_of(spec)
    parameters = {"d": dataclasses.replace(real_parameters(spec, network)["d"], weights=np.full((1, 2000), 0.9))}
    own = Tables(spec, network, parameters)
    numbers = own.numbers(rows)
    arithmetic = assemble(network, parameters, numbers)
    trace = forward(arithmetic, np.full((1, 2000), 0.9))
    constants = numbers.integers["d"]
    total = 2000 * round(0.9 * 2**15) ** 2 + int(constants.bias[0])
    total = (total + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
    code = (total * int(constants.multipliers[0]) + 2 ** (int(constants.shifts[0]) - 1)) >> int(constants.shifts[0])
    assert total == 2000 * round(0.9 * 2**15) ** 2 + int(constants.bias[0]) or bits == 33
    assert trace.tensors["d"].values[0, 0] == min(max(code, -(2**15)), 2**15 - 1)


def test_what_no_kernel_computes_is_refused_for_targets_alone() -> None:
    rows = table(QuantizationRow(layer="*", bits=8, weights=4))
    spec = spec_of(LayerSpec(name="d", kind="dense", units=3), shape=(10,), rows=rows)
    network = network_of(spec)
    parameters = real_parameters(spec, network)
    with pytest.raises(Exception, match="of one width"):
        quantize_parameters(spec, network, rows, parameters)
    assert quantize_parameters(spec, network, rows, parameters, deployable=False).numbers["d"].weight_bits == 4

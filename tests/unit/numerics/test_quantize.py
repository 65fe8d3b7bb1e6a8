"""Formats, weights and errors of quantization, against figures worked out by hand."""

import numpy as np
import pytest
from network_zoo import quantized, spec_of

from specc.graph.build import build_network
from specc.numerics import golden, reference
from specc.numerics.inputs import decode, draw_codes, draw_inputs, encode, from_bytes, to_bytes
from specc.numerics.quantize import QuantizationError, grid_codes, quantize, quantize_parameters
from specc.numerics.quantized import TensorFormat
from specc.numerics.weights import Parameters, draw_parameters
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, QuantizationRow

DENSE = LayerSpec(name="d", kind="dense", units=2)
EIGHT = QuantizationRow(layer="*", bits=8)


@pytest.mark.parametrize(
    ("bits", "guard", "largest", "step", "expected"),
    [
        (8, 0, 3.2, 0.01, (-128, 127)),  # 641 codes wanted, the width holds 256
        (10, 0, 3.2, 0.01, (-320, 320)),  # the range is the limit
        (12, 0, 2.5, 0.001, (-2048, 2047)),
        (12, 1, 2.5, 0.001, (-2500, 2500)),  # a guard bit adds to the width
        (16, 0, 1.0, 0.0003, (-3333, 3333)),  # 1.0 is off the grid: the last code within is 0.9999
        (13, 0, 0.9999, 0.0003, (-3333, 3333)),  # exactly 3333 steps, which binary floats would miss
        (16, 0, 0.3, 0.1, (-3, 3)),  # 0.3 / 0.1 is 2.999... in floats
    ],
)
def test_grid_is_cut_by_range_and_by_width(
    bits: int, guard: int, largest: float, step: float, expected: tuple[int, int]
) -> None:
    row = QuantizationRow(layer="d", bits=bits, guard=guard, range=largest, step=step)
    assert grid_codes(row) == expected


def test_calibrated_weights_are_symmetric_per_channel() -> None:
    spec = spec_of([DENSE], (2,), [EIGHT])
    network = build_network(spec.model)
    parameters = {"d": Parameters(np.array([[1.0, -2.0], [0.5, 0.25]]), np.zeros(2))}
    assert spec.quantization is not None
    own = quantize_parameters(spec, network, spec.quantization, parameters).numbers["d"]
    assert own.weights is not None
    # Scales 2/127 and 0.5/127: 1.0 is 63.5 steps, rounded to even.
    assert own.weights.tolist() == [[64, -127], [127, 64]]


def test_calibrated_activation_holds_zero_and_its_range() -> None:
    network = quantized(spec_of([DENSE, LayerSpec(name="r", kind="relu")], (40,), [EIGHT]))
    form = network.formats["x"]
    assert form.low == -128 and form.high == 127 and form.low <= form.zero_point <= form.high
    inputs = draw_inputs(InputSpec(name="x", shape=(40,), distribution="normal"), 32, seed=1)
    reached = decode(encode(inputs, form), form)
    assert np.abs(reached - inputs).max() <= form.scale * 0.5000001 + form.scale  # the ends may move by a step
    assert network.formats["r"] == network.formats["d"]


def test_bias_and_multiplier_follow_the_scales() -> None:
    row = QuantizationRow(layer="*", bits=12, range=2.0, step=0.01)
    spec = spec_of([DENSE], (2,), [row])
    network = build_network(spec.model)
    parameters = {"d": Parameters(np.array([[1.0, -5.0], [0.5, 0.25]]), np.array([0.1234, -1.0]))}
    assert spec.quantization is not None
    own = quantize_parameters(spec, network, spec.quantization, parameters).numbers["d"]
    assert own.weights is not None and own.bias is not None
    assert own.weights.tolist() == [[100, -200], [50, 25]]  # -5 is beyond the range
    assert own.bias.tolist() == [1234, -10000]
    assert [m / 2.0**s for m, s in zip(own.multipliers, own.shifts, strict=True)] == pytest.approx([0.01] * 2, rel=1e-9)


@pytest.mark.parametrize(("activation", "expected"), [("linear", (-200, 200)), ("relu", (0, 200)), ("relu6", (0, 60))])
def test_activation_becomes_a_clamp(activation: str, expected: tuple[int, int]) -> None:
    layer = LayerSpec(name="d", kind="dense", units=2, activation=activation)
    own = quantized(spec_of([layer], (3,), [QuantizationRow(layer="*", bits=12, range=20.0, step=0.1)])).numbers["d"]
    assert (own.clamp_low, own.clamp_high) == expected


@pytest.mark.parametrize(("bits", "scale", "zero"), [(8, 1 / 256, -128), (16, 1 / 65536, -32768)])
def test_softmax_spans_zero_to_one(bits: int, scale: float, zero: int) -> None:
    layers = [DENSE, LayerSpec(name="s", kind="softmax")]
    network = quantized(spec_of(layers, (5,), [QuantizationRow(layer="*", bits=bits)]))
    form = network.formats["s"]
    assert (form.scale, form.zero_point) == (scale, zero)
    codes = draw_codes(InputSpec(name="x", shape=(5,), distribution="normal"), network, 50, seed=2)
    outputs = golden.run(network, codes)
    logits = decode(outputs["d"], network.formats["d"])
    exact = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert (
        np.abs(decode(outputs["s"], form) - exact).max() <= 2.5 * scale
    )  # 1 cannot be coded; table and quotient round


def test_the_golden_model_approximates_the_reference() -> None:
    layers = [
        LayerSpec(name="c", kind="conv", kernel=(3, 3), padding="same", units=8, activation="relu"),
        LayerSpec(name="m", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
        LayerSpec(name="w", kind="dwconv", kernel=(3, 3), padding="same"),
        LayerSpec(name="a", kind="add", inputs=("m", "w"), activation="relu6"),
        LayerSpec(name="p", kind="avgpool"),
        LayerSpec(name="d", kind="dense", units=4),
    ]
    spec = spec_of(layers, (8, 8, 3), [QuantizationRow(layer="*", bits=12)])  # 16 bits could wrap
    graph = build_network(spec.model)
    network = quantize(spec, graph)
    inputs = draw_inputs(spec.model.input, 32, seed=1)  # those of the calibration, so that nothing is clipped
    exact = reference.run(graph, draw_parameters(graph, 1), inputs, np.float64)
    codes = golden.run(network, encode(inputs, network.formats["x"]))
    for name, real in exact.items():
        form = network.formats[name]
        assert np.abs(decode(codes[name], form) - real).max() <= 8 * form.scale, name


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    first, same, other = (quantized(spec_of([DENSE], (7,), [EIGHT], seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.numbers["d"].weights, same.numbers["d"].weights)
    assert first.formats == same.formats
    assert not np.array_equal(first.numbers["d"].weights, other.numbers["d"].weights)


def broken(**changes: object) -> Spec:
    spec = spec_of([DENSE], (2,), [EIGHT])
    return spec.model_copy(update={"model": spec.model.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (spec_of([DENSE], (2,), [EIGHT]).model_copy(update={"quantization": None}), "no quantization table"),
        (broken(weights=None), "declares no weights"),
        (broken(input=InputSpec(name="x", shape=(2,))), "needs an input distribution"),
        (broken(input=InputSpec(name="x", shape=(2,), distribution="normal", scale=1e308)), "not finite"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="other", bits=8)]), "no row"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="*", bits=16, guard=1)]), "17 bits with guard bits"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="*", bits=1)]), "1 bits"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="*", bits=8, accumulator=40)]), "accumulator of 40 bits"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="*", bits=8, range=0.001, step=0.01)]), "no codes but zero"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="*", bits=8, range=1.0, step=0.0)]), "no codes but zero"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="*", bits=16, range=1e-6, step=1e-9)]), "bias .* steps"),
        (spec_of([DENSE], (2,), [QuantizationRow(layer="*", bits=8, accumulator=8)]), "bias .* steps"),
    ],
)
def test_what_cannot_be_represented_is_refused(spec: Spec, message: str) -> None:
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(QuantizationError, match=message):
        quantized(spec)


def test_a_step_too_fine_for_any_multiplier_is_refused() -> None:
    rows = [
        QuantizationRow(layer="d", bits=16, range=1e6, step=1e3),
        QuantizationRow(layer="e", bits=16, range=1e-6, step=1e-9),
    ]
    layers = [DENSE, LayerSpec(name="e", kind="dense", units=1)]
    with pytest.raises(QuantizationError, match="far finer") as caught:
        quantized(spec_of(layers, (2,), rows))
    assert caught.value.layer == "d"


@pytest.mark.parametrize(("bits", "size"), [(8, 6), (12, 12), (16, 12)])
def test_codes_survive_the_way_through_bytes(bits: int, size: int) -> None:
    half = 1 << (bits - 1)
    form = TensorFormat(0.5, 0, bits, -half, half - 1)
    codes = np.array([[-half, -1, 0], [1, half - 1, 5]])
    data = to_bytes(codes, form)
    assert len(data) == size and data[: size // 6] == (-half).to_bytes(size // 6, "little", signed=True)
    assert np.array_equal(from_bytes(data, form, (2, 3)), codes)
    with pytest.raises(ValueError, match="reshape"):
        from_bytes(data, form, (2, 4))


def test_inputs_without_a_distribution_take_every_code() -> None:
    row = QuantizationRow(layer="*", bits=4, range=0.3, step=0.1)
    declared = InputSpec(name="x", shape=(500,))
    spec = spec_of([DENSE], (500,), [row])
    network = quantized(spec.model_copy(update={"model": spec.model.model_copy(update={"input": declared})}))
    assert sorted(set(draw_codes(declared, network, 1, seed=0).ravel().tolist())) == [-3, -2, -1, 0, 1, 2, 3]


def test_uniform_inputs_fill_their_interval() -> None:
    values = draw_inputs(InputSpec(name="x", shape=(1000,), distribution="uniform", scale=2.0), 3, seed=5)
    assert values.shape == (3, 1000) and -2 <= values.min() < -1.98 and 1.98 < values.max() < 2

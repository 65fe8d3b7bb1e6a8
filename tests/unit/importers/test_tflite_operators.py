"""TensorFlow Lite files written for the purpose: each operator, against LiteRT, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from imported_networks import SPAN, layer_output, network_of, quantized
from litert_oracle import LiteRT, inputs_of
from tflite_writer import Operator, Tensor, constant, tflite, write

from specc.elaborate.importers import ModelFileError, import_model
from specc.elaborate.importers import tflite_schema as schema
from specc.numerics import reference
from specc.numerics.imported import imported_parameters

GENERATOR = np.random.default_rng(3)
PROBABILITIES: dict[str, Any] = {"scale": (2**-8,), "zero_point": (-128,)}


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    GENERATOR.bit_generator.state = np.random.default_rng(3).bit_generator.state


def codes(*shape: int) -> np.ndarray[Any, Any]:
    return GENERATOR.integers(-127, 128, shape).astype(np.int8)


def bias(count: int) -> np.ndarray[Any, Any]:
    return GENERATOR.integers(-500, 500, count).astype(np.int32)


def activation(*shape: int, scale: float = 0.05, zero_point: int = -128) -> Tensor:
    return Tensor((1, *shape), "int8", scale=(scale,), zero_point=(zero_point,))


CONV = {"Padding": 1, "StrideW": 2, "StrideH": 2, "FusedActivationFunction": 1}
SAME = {"Padding": 0, "StrideW": 1, "StrideH": 1}


def mixed_network() -> bytes:
    """PAD and CONV with stride, a depthwise of one channel, MAX_POOL, RELU6, MEAN, a dense layer without bias."""
    channels = tuple(0.002 + 0.0005 * index for index in range(6))
    tensors = [
        activation(9, 7, 1, scale=0.02, zero_point=3),
        constant(codes(1, 3, 3, 6), scale=channels, axis=3),
        constant(bias(6)),
        activation(9, 7, 6, scale=0.04, zero_point=-10),
        constant(np.array([[0, 0], [1, 0], [1, 1], [0, 0]], np.int32)),
        activation(10, 9, 6, scale=0.04, zero_point=-10),
        constant(codes(8, 3, 3, 6), scale=(0.004,)),
        constant(bias(8)),
        activation(4, 4, 8, scale=0.09),
        activation(2, 2, 8, scale=0.09),
        activation(2, 2, 8, scale=0.09),
        constant(np.array([1, 2], np.int32)),
        Tensor((1, 8), scale=(0.08,), zero_point=(-120,)),
        constant(codes(5, 8), scale=(0.01,)),
        Tensor((1, 5), scale=(0.1,), zero_point=(4,)),
        Tensor((1, 5), **PROBABILITIES),
    ]
    operators = [
        Operator("DEPTHWISE_CONV_2D", (0, 1, 2), (3,), {**SAME, "DepthMultiplier": 6}),
        Operator("PAD", (3, 4), (5,)),
        Operator("CONV_2D", (5, 6, 7), (8,), CONV),
        Operator("MAX_POOL_2D", (8,), (9,), {**SAME, "StrideW": 2, "StrideH": 2, "FilterWidth": 2, "FilterHeight": 2}),
        Operator("RELU6", (9,), (10,)),
        Operator("MEAN", (10, 11), (12,)),
        Operator("FULLY_CONNECTED", (12, 13, -1), (14,)),
        Operator("SOFTMAX", (14,), (15,), {"Beta": 0.5}),
    ]
    return write(tensors, operators)


def test_each_operator_agrees_with_litert() -> None:
    data = mixed_network()
    network, litert = quantized(data), LiteRT(data)
    kinds = [layer.kind for layer in network.network.layers]
    assert kinds == ["conv", "conv", "maxpool", "relu6", "avgpool", "dense", "softmax"]
    assert network.network.layer("conv2").pad_before == (1, 1)
    for x in inputs_of(network, 20):
        theirs = litert.run(network, x)
        for layer in network.network.layers:
            ours = layer_output(network, layer, [theirs[tensor] for tensor in layer.inputs])
            assert np.abs(ours - theirs[layer.name]).max() <= 1, layer.name


@pytest.mark.parametrize(("values", "scale"), [(2, 0.01), (12, 0.14), (10, 0.3), (100, 0.05), (300, 0.02)])
def test_softmax_differs_rarely(values: int, scale: float) -> None:
    tensors = [activation(values, scale=scale, zero_point=4), Tensor((1, values), **PROBABILITIES)]
    data = write(tensors, [Operator("SOFTMAX", (0,), (1,), {"Beta": 1.0})])
    network, litert = quantized(data), LiteRT(data)
    differences = []
    for x in inputs_of(network, 200):
        ours = layer_output(network, network.network.layers[0], [x])
        differences.append(np.abs(ours - litert.run(network, x)["softmax0"]))
    assert np.max(differences) <= 1
    assert np.mean(np.array(differences) > 0) < 0.001


@pytest.mark.parametrize(("operator", "scale", "zero_point"), [("LOGISTIC", 2**-8, -128), ("TANH", 2**-7, 0)])
def test_sigmoid_and_tanh_of_every_code(operator: str, scale: float, zero_point: int) -> None:
    """No code differs; where a value lies within float32's error of halfway, one might."""
    every = np.arange(-128, 128)
    draw = np.random.default_rng(6)
    for own in (1e-3, 0.03, 1.0, *2 ** draw.uniform(-10, 1, 20)):
        source = activation(256, scale=float(np.float32(own)), zero_point=int(draw.integers(-128, 128)))
        data = write(
            [source, Tensor((1, 256), scale=(scale,), zero_point=(zero_point,))], [Operator(operator, (0,), (1,))]
        )
        network, litert = quantized(data), LiteRT(data)
        (layer,) = network.network.layers
        assert np.array_equal(layer_output(network, layer, [every]), litert.run(network, every)[layer.name])


@pytest.mark.parametrize("scales", [(0.05, 0.07, 0.06), (0.1, 0.01, 0.1), (0.03, 0.03, 0.05), (0.5, 0.5, 0.25)])
def test_additions_differ_where_a_sum_lies_between_two_codes(scales: tuple[float, float, float]) -> None:
    generator = np.random.default_rng(4)
    weights = generator.integers(-127, 128, (500, 500)).astype(np.int8)
    tensors = [
        activation(500, scale=scales[0], zero_point=3),
        constant(weights, scale=(0.001,)),
        activation(500, scale=scales[1], zero_point=-9),
        activation(500, scale=scales[2], zero_point=5),
    ]
    operators = [Operator("FULLY_CONNECTED", (0, 1, -1), (2,)), Operator("ADD", (0, 2), (3,))]
    data = write(tensors, operators)
    network, litert = quantized(data), LiteRT(data)
    dense, add = network.network.layers
    for x in inputs_of(network, 20):
        theirs = litert.run(network, x)
        assert np.array_equal(layer_output(network, dense, [x]), theirs["dense0"])
        difference = layer_output(network, add, [x, theirs["dense0"]]) - theirs["add1"]
        assert np.abs(difference).max() <= 1
        exact = ((x - 3) * scales[0] + (theirs["dense0"] + 9) * scales[1]) / scales[2]
        halves = 2 * exact[difference != 0]
        assert np.allclose(halves, np.rint(halves), atol=1e-4) and (np.rint(halves) % 2 == 1).all()


def test_ends_in_real_numbers_are_taken_off() -> None:
    tensors = [
        Tensor((1, 6), "float32"),
        activation(6, scale=0.1, zero_point=7),
        constant(codes(4, 6), scale=(0.01,)),
        constant(bias(4)),
        activation(4, scale=0.2, zero_point=1),
        Tensor((1, 4), "float32"),
    ]
    operators = [
        Operator("QUANTIZE", (0,), (1,)),
        Operator("FULLY_CONNECTED", (1, 2, 3), (4,)),
        Operator("DEQUANTIZE", (4,), (5,)),
    ]
    network = quantized(write(tensors, operators))
    assert [layer.name for layer in network.network.layers] == ["dense1"]
    assert (network.formats["input"].scale, network.formats["input"].zero_point) == (pytest.approx(0.1), 7)


def test_real_numbers_agree_with_litert() -> None:
    def real(*shape: int) -> np.ndarray[Any, Any]:
        return GENERATOR.standard_normal(shape).astype(np.float32)

    tensors = [
        Tensor((1, 30), "float32"),
        constant(np.array([1, 5, 3, 2], np.int32)),
        Tensor((1, 5, 3, 2), "float32"),
        constant(real(4, 3, 3, 2)),
        constant(real(4)),
        Tensor((1, 5, 3, 4), "float32"),
        constant(real(1, 3, 3, 4)),
        constant(real(4)),
        Tensor((1, 5, 3, 4), "float32"),
        Tensor((1, 5, 3, 4), "float32"),
        Tensor((1, 60), "float32"),
        constant(real(3, 60)),
        Tensor((1, 3), "float32"),
        Tensor((1, 3), "float32"),
        constant(np.array([1, 60], np.int32)),
        Tensor((1, 60), "float32"),
        Tensor((1, 60), "float32"),
    ]
    operators = [
        Operator("RESHAPE", (0, 1), (2,)),
        Operator("CONV_2D", (2, 3, 4), (5,), {**SAME, "FusedActivationFunction": 3}),
        Operator("DEPTHWISE_CONV_2D", (5, 6, 7), (8,), {**SAME, "DepthMultiplier": 1}),
        Operator("ADD", (8, 5), (9,), {"FusedActivationFunction": 1}),
        Operator("RESHAPE", (9, 14), (10,)),
        Operator("LOGISTIC", (10,), (15,)),
        Operator("TANH", (15,), (16,)),
        Operator("FULLY_CONNECTED", (16, 11, -1), (12,)),
        Operator("SOFTMAX", (12,), (13,), {"Beta": 1.0}),
    ]
    data = write(tensors, operators)
    model = import_model(data, ".tflite", SPAN)
    assert not model.quantized and model.input_shape == (5, 3, 2)
    network = network_of(model)
    x = real(1, 30)
    litert = LiteRT(data).interpreter
    litert.set_tensor(litert.get_input_details()[0]["index"], x)
    litert.invoke()
    theirs = litert.get_tensor(litert.get_output_details()[0]["index"])
    ours = reference.run(network, imported_parameters(model.weights, network), x.reshape(1, 5, 3, 2), np.float64)
    assert np.abs(ours["softmax8"] - theirs).max() < 1e-5


def test_the_schema_has_the_numbers_of_the_package() -> None:
    names = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
    assert [names[number] for number in range(len(schema.OPERATORS))] == list(schema.OPERATORS)
    types = {number: name.lower() for name, number in vars(tflite.TensorType).items() if isinstance(number, int)}
    assert [types[number] for number in range(len(schema.TYPES))] == list(schema.TYPES)
    activations = {
        number: name for name, number in vars(tflite.ActivationFunctionType).items() if isinstance(number, int)
    }
    assert [activations[number] for number in range(len(schema.ACTIVATIONS))] == list(schema.ACTIVATIONS)


IMAGE = activation(6, 6, 2)
KERNELS = constant(codes(3, 3, 3, 2), scale=(0.01,))


def conv(**options: int) -> list[Operator]:
    return [Operator("CONV_2D", (0, 1, -1), (2,), {**SAME, **options})]


REFUSED: dict[str, tuple[list[Tensor], list[Operator], str]] = {
    "an operator without a layer": (
        [IMAGE, activation(6, 6, 2)],
        [Operator("ELU", (0,), (1,))],
        r"operator 0 \(ELU, `tensor1`\): ELU is not supported",
    ),
    "a custom operator": (
        [IMAGE, activation(6, 6, 2)],
        [Operator("CUSTOM", (0,), (1,), custom="Sparkle\n")],
        r"CUSTOM Sparkle\? is not supported",
    ),
    "dilation": ([IMAGE, KERNELS, activation(6, 6, 3)], conv(DilationHFactor=2, DilationWFactor=2), "a dilation"),
    "an activation": ([IMAGE, KERNELS, activation(6, 6, 3)], conv(FusedActivationFunction=4), "activation is TANH"),
    "groups": (
        [activation(6, 6, 4), KERNELS, activation(6, 6, 3)],
        conv(),
        "weights of 2 channels for an input of 4",
    ),
    "unsigned codes": (
        [Tensor((1, 4), "uint8", scale=(0.1,), zero_point=(0,)), activation(4)],
        [Operator("RELU", (0,), (1,))],
        "a tensor of type uint8",
    ),
    "weights with a zero point": (
        [IMAGE, constant(codes(3, 3, 3, 2), scale=(0.01,), zero_point=(3,)), activation(6, 6, 3)],
        conv(),
        "a zero point other than 0",
    ),
    "float weights for codes": (
        [IMAGE, constant(np.zeros((3, 3, 3, 2), np.float32)), activation(6, 6, 3)],
        conv(),
        "its weights are float32",
    ),
    "computed weights": ([IMAGE, IMAGE, activation(6, 6, 3)], conv(), "its weights are computed"),
    "a change of scale in a ReLU": (
        [IMAGE, activation(6, 6, 2, scale=0.5)],
        [Operator("RELU", (0,), (1,))],
        "another scale than its input",
    ),
    "a softmax in another scale": (
        [activation(4), activation(4, scale=1 / 255)],
        [Operator("SOFTMAX", (0,), (1,), {"Beta": 1.0})],
        "the scale 0.00392157",
    ),
    "a channel multiplier": (
        [IMAGE, constant(codes(1, 3, 3, 4), scale=(0.01,)), activation(6, 6, 4)],
        [Operator("DEPTHWISE_CONV_2D", (0, 1, -1), (2,), {**SAME, "DepthMultiplier": 2})],
        "makes 2 outputs of each channel",
    ),
    "padding under an average": (
        [IMAGE, activation(6, 6, 2)],
        [Operator("AVERAGE_POOL_2D", (0,), (1,), {**SAME, "FilterWidth": 3, "FilterHeight": 3})],
        "an average pool with padding",
    ),
    "padding that nothing takes in": (
        [IMAGE, constant(np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)), activation(8, 8, 2)],
        [Operator("PAD", (0, 1), (2,)), Operator("RELU", (2,), (2,))],
        "not read by convolutions alone",
    ),
    "a batch": (
        [Tensor((4, 6, 6, 2), scale=(0.1,), zero_point=(0,)), activation(6, 6, 2)],
        [Operator("RELU", (0,), (1,))],
        r"a tensor of the shape \[4, 6, 6, 2\]",
    ),
    "an addition that repeats": (
        [IMAGE, activation(6, 6, 2), activation(1, 1, 2), activation(6, 6, 2)],
        [
            Operator("RELU", (0,), (1,)),
            Operator("AVERAGE_POOL_2D", (0,), (2,), {"Padding": 1, "StrideW": 1, "StrideH": 1, "FilterWidth": 6,
                                                   "FilterHeight": 6}),
            Operator("ADD", (1, 2), (3,)),
        ],
        "different shapes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_layer_stands_for_is_refused(case: str) -> None:
    tensors, operators, message = REFUSED[case]
    with pytest.raises(ModelFileError, match=message) as caught:
        import_model(write(tensors, operators), ".tflite", SPAN)
    assert caught.value.code == "E2203"
    assert caught.value.notes[0].startswith("needed: ")


def test_an_unknown_operator_lists_the_supported_ones() -> None:
    tensors, operators, _ = REFUSED["an operator without a layer"]
    with pytest.raises(ModelFileError) as caught:
        import_model(write(tensors, operators), ".tflite", SPAN)
    assert "CONV_2D, DEPTHWISE_CONV_2D, DEQUANTIZE, FULLY_CONNECTED" in caught.value.notes[1]


DAMAGED: dict[str, tuple[list[Tensor], list[Operator], str]] = {
    "a cycle": (
        [IMAGE, activation(6, 6, 2), activation(6, 6, 2)],
        [Operator("ADD", (0, 2), (1,)), Operator("RELU", (1,), (2,))],
        "reads tensor 2, which no operator before it makes",
    ),
    "a tensor made twice": (
        [IMAGE, activation(6, 6, 2)],
        [Operator("RELU", (0,), (1,)), Operator("RELU", (0,), (1,))],
        "exists already",
    ),
    "a tensor that does not exist": ([IMAGE], [Operator("RELU", (7,), (0,))], "refers to tensor 7 of 1"),
    "a buffer that does not exist": (
        [IMAGE, Tensor((3, 3, 3, 2), scale=(0.1,), zero_point=(0,), buffer=99), activation(6, 6, 3)],
        conv(),
        "buffer 99",
    ),
    "too few weights": (
        [IMAGE, Tensor((3, 3, 3, 2), data=codes(5), scale=(0.1,), zero_point=(0,)), activation(6, 6, 3)],
        conv(),
        "takes 54 bytes; the file stores 5",
    ),
    "another shape than computed": ([IMAGE, KERNELS, activation(5, 6, 3)], conv(), r"declares \[1, 5, 6, 3\]"),
    "a huge shape": (
        [activation(1 << 20, 1 << 20, 1 << 20), activation(6, 6, 2)],
        [Operator("RELU", (0,), (1,))],
        "extents lie between",
    ),
    "a negative shape": ([activation(-6, 6, 2), IMAGE], [Operator("RELU", (0,), (1,))], "extents lie between"),
    "a stride of zero": ([IMAGE, KERNELS, activation(6, 6, 3)], conv(StrideW=0), "stride"),
    "a scale of zero": ([activation(4, scale=0.0), activation(4)], [Operator("RELU", (0,), (1,))], "positive number"),
    "a scale that is no number": (
        [activation(4, scale=float("nan")), activation(4)],
        [Operator("RELU", (0,), (1,))],
        "positive number",
    ),
    "a zero point of 9 bits": (
        [activation(4, zero_point=300), activation(4)],
        [Operator("RELU", (0,), (1,))],
        "no 8-bit code",
    ),
    "a kernel larger than its input": (
        [activation(2, 2, 2), KERNELS, activation(1, 1, 3)],
        conv(Padding=1),
        "does not fit",
    ),
    "scales for other channels": (
        [IMAGE, constant(codes(3, 3, 3, 2), scale=(0.1, 0.2), axis=0), activation(6, 6, 3)],
        conv(),
        "2 scales along axis 0 for 3 output channels",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_contradicts_itself_is_damaged(case: str) -> None:
    tensors, operators, message = DAMAGED[case]
    with pytest.raises(ModelFileError, match=message) as caught:
        import_model(write(tensors, operators), ".tflite", SPAN)
    assert caught.value.code == "E2202"

"""ONNX files, written with the package onnx and run by ONNX Runtime: real numbers, and 8-bit codes as QDQ pairs."""

from __future__ import annotations

import builtins
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imported_networks import SPAN, network_of, quantized

from specc.elaborate.importers import ModelFileError, import_model
from specc.elaborate.importers.onnx import SUPPORTED
from specc.numerics import golden, reference
from specc.numerics.imported import imported_parameters

onnx = pytest.importorskip("onnx", reason="needs the package onnx")
helper = onnx.helper
FLOAT = onnx.TensorProto.FLOAT
GENERATOR = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    GENERATOR.bit_generator.state = np.random.default_rng(3).bit_generator.state


def real(*shape: int) -> Any:
    return (GENERATOR.standard_normal(shape) * 0.3).astype(np.float32)


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs.split(" "), [output], name=f"n_{output}", **attributes)


def model(
    nodes: list[Any], constants: dict[str, Any], input_shape: tuple[Any, ...], *, output: str = "y", opset: int = 17
) -> bytes:
    """A checked file with the input x."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", FLOAT, input_shape)],
        [helper.make_tensor_value_info(output, FLOAT, None)],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(onnx.shape_inference.infer_shapes(proto))
    data: bytes = proto.SerializeToString()
    return data


def session(data: bytes) -> Any:
    runtime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return runtime.InferenceSession(data, options)


CONSTANTS = {
    "W": real(8, 3, 3, 3),
    "B": real(8),
    "D": real(8, 1, 3, 3),
    "P": real(8, 8, 1, 1),
    "PB": real(8),
    "G": real(5, 8 * 4 * 5),
    "GB": real(5),
    "zero": np.float32(0),
    "six": np.float32(6),
    "flat": np.array([1, -1], np.int64),
    "M": real(8, 5),
    "axes": np.array([2, 3], np.int64),
    "gamma": real(8) + 1,
    "beta": real(8),
    "mean": real(8),
    "variance": abs(real(8)) + 0.5,
}
STEM = node("Conv", "x W B", "a", strides=[2, 2], pads=[1, 1, 1, 1])
NETWORKS: dict[str, list[Any]] = {
    "residual": [
        STEM,
        node("Relu", "a", "b"),
        node("Conv", "b D", "c", group=8, pads=[1, 1, 1, 1]),
        node("Clip", "c zero six", "d"),
        node("Conv", "d P PB", "e"),
        node("Add", "e b", "f"),
        node("Flatten", "f", "g"),
        node("Gemm", "g G GB", "h", transB=1),
        node("Softmax", "h", "y"),
    ],
    "matrix product with bias": [
        STEM,
        node("GlobalAveragePool", "a", "b"),
        node("Reshape", "b flat", "c"),
        node("MatMul", "c M", "d"),
        node("Add", "GB d", "e"),
        node("Relu", "e", "y"),
    ],
    "normalized": [
        STEM,
        node("BatchNormalization", "a gamma beta mean variance", "b", epsilon=0.01),
        node("Relu", "b", "c"),
        node("Conv", "c D", "d", group=8, auto_pad="SAME_UPPER", strides=[2, 2]),
        node("BatchNormalization", "d gamma beta mean variance", "e"),
        node("MaxPool", "e", "f", kernel_shape=[2, 2]),
        node("Identity", "f", "g"),
        node("AveragePool", "g", "y", kernel_shape=[1, 2]),
    ],
    "sigmoid and tanh": [
        STEM,
        node("Tanh", "a", "b"),
        node("Conv", "b D", "c", group=8, pads=[1, 1, 1, 1]),
        node("Sigmoid", "c", "d"),
        node("Flatten", "d", "e"),
        node("Gemm", "e G GB", "f", transB=1),
        node("Sigmoid", "f", "y"),
    ],
    "a value read twice keeps its activation apart": [
        STEM,
        node("Relu", "a", "b"),
        node("Add", "a b", "c"),
        node("ReduceMean", "c", "d", axes=[2, 3], keepdims=0),
        node("MatMul", "d M", "y"),
    ],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_real_numbers_agree_with_the_runtime(name: str) -> None:
    data = model(NETWORKS[name], CONSTANTS, ("batch", 3, 8, 10))
    imported = import_model(data, ".onnx", SPAN)
    assert not imported.quantized and imported.input_shape == (8, 10, 3)
    network = network_of(imported)
    x = GENERATOR.standard_normal((4, 3, 8, 10)).astype(np.float32)
    run = session(data)
    theirs = np.concatenate([run.run(None, {"x": x[index : index + 1]})[0] for index in range(4)])
    if theirs.ndim == 4:
        theirs = theirs.transpose(0, 2, 3, 1)
    tensors = reference.run(
        network, imported_parameters(imported.weights, network), x.transpose(0, 2, 3, 1), np.float64
    )
    assert np.abs(tensors[network.output].reshape(theirs.shape) - theirs).max() < 1e-5


def test_an_input_with_channels_last() -> None:
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t W B", "a"),
        node("Transpose", "a", "b", perm=[0, 2, 3, 1]),
        node("Flatten", "b", "c"),
        node("Gemm", "c H", "y"),
    ]
    data = model(nodes, CONSTANTS | {"H": real(6 * 7 * 8, 4)}, (1, 8, 9, 3))
    imported = import_model(data, ".onnx", SPAN)
    network = network_of(imported)
    x = GENERATOR.standard_normal((1, 8, 9, 3)).astype(np.float32)
    (theirs,) = session(data).run(None, {"x": x})
    ours = reference.run(network, imported_parameters(imported.weights, network), x, np.float64)[network.output]
    assert np.abs(ours - theirs).max() < 1e-5


def quantize(name: str, folder: Path, kind: str, *, per_channel: bool) -> bytes:
    """A network as ONNX Runtime's own quantizer writes it, its last operator left real."""
    quantization = pytest.importorskip("onnxruntime.quantization", reason="needs the package onnxruntime")
    types = {"int8": quantization.QuantType.QInt8, "uint8": quantization.QuantType.QUInt8}

    class Inputs(quantization.CalibrationDataReader):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            generator = np.random.default_rng(2)
            self.rest = [{"x": generator.standard_normal((1, 3, 8, 10)).astype(np.float32)} for _ in range(20)]

        def get_next(self) -> Any:
            return self.rest.pop() if self.rest else None

    (folder / "real.onnx").write_bytes(model(NETWORKS[name], CONSTANTS, (1, 3, 8, 10)))
    quantization.quantize_static(
        str(folder / "real.onnx"),
        str(folder / "codes.onnx"),
        Inputs(),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=types[kind],
        weight_type=quantization.QuantType.QInt8,
        per_channel=per_channel,
        nodes_to_exclude=["n_y"],
    )
    return (folder / "codes.onnx").read_bytes()


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("kind", ["int8", "uint8"])
def test_codes_agree_with_the_runtime(kind: str, per_channel: bool, tmp_path: Path) -> None:
    data = quantize("residual", tmp_path, kind, per_channel=per_channel)
    network = quantized(data, ".onnx")
    kinds = [layer.kind for layer in network.network.layers]
    assert kinds == ["conv", "dwconv", "conv", "add", "flatten", "dense", "softmax"]
    proto = onnx.load_model_from_string(data)
    codes = [n.output[0] for n in proto.graph.node if n.op_type == "QuantizeLinear"]
    item = onnx.TensorProto.INT8 if kind == "int8" else onnx.TensorProto.UINT8
    proto.graph.output.extend(helper.make_tensor_value_info(name, item, None) for name in codes)
    run = session(proto.SerializeToString())
    offset = 0 if kind == "int8" else 128
    differing = compared = 0
    for _ in range(10):
        x = GENERATOR.standard_normal((1, 3, 8, 10)).astype(np.float32)
        *outputs, probabilities = run.run([*codes, "y"], {"x": x})
        theirs = [output.astype(np.int64) - offset for output in outputs]
        ours = golden.run(network, theirs[0][0].transpose(1, 2, 0))
        layers = [layer for layer in network.network.layers if layer.kind not in ("flatten", "softmax")]
        images = [theirs[1], theirs[2], theirs[3], theirs[4]]
        expected = [image[0].transpose(1, 2, 0) for image in images] + [theirs[-1][0]]
        for layer, value in zip(layers, expected, strict=True):
            difference = np.abs(ours[layer.name] - value)
            assert difference.max() <= 1, layer.name
            differing += int((difference > 0).sum())
            compared += difference.size
        assert np.abs((ours[network.network.output] + 128) / 256 - probabilities[0]).max() <= 1 / 128
    assert differing <= compared / 100


@pytest.mark.parametrize("kind", ["int8", "uint8"])
def test_sigmoid_and_tanh_agree_with_the_runtime(kind: str, tmp_path: Path) -> None:
    network = quantized(quantize("sigmoid and tanh", tmp_path, kind, per_channel=True), ".onnx")
    kinds = [layer.kind for layer in network.network.layers]
    assert kinds == ["conv", "tanh", "dwconv", "sigmoid", "flatten", "dense", "sigmoid"]
    output = network.network.output
    assert (network.formats[output].scale, network.formats[output].zero_point) == (2**-8, -128)
    form = network.formats["input"]
    run = session((tmp_path / "codes.onnx").read_bytes())
    seen = set()
    for _ in range(20):
        x = GENERATOR.standard_normal((1, 3, 8, 10)).astype(np.float32)
        (theirs,) = run.run(None, {"x": x})
        codes = np.clip(np.rint(x[0].transpose(1, 2, 0) / np.float32(form.scale)) + form.zero_point, -128, 127)
        ours = golden.run(network, codes.astype(np.int64))[output]
        assert np.abs((ours + 128) / 256 - theirs[0]).max() <= 1.5 / 256
        seen |= set(ours.tolist())
    assert len(seen) > 20


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(ModelFileError, match="needs the package onnx") as caught:
        import_model(b"", ".onnx", SPAN)
    assert caught.value.code == "E2204"
    assert "specc[onnx]" in caught.value.notes[0]


IMAGE = (1, 3, 8, 10)
REFUSED: dict[str, tuple[list[Any], tuple[int, ...], str]] = {
    "an operator without a layer": ([node("Elu", "x", "y")], IMAGE, r"operator 0 \(Elu, `n_y`\): Elu is not supp"),
    "dilation": ([node("Conv", "x W B", "y", dilations=[2, 2])], IMAGE, "dilation"),
    "groups": ([STEM, node("Conv", "a K", "y", group=2)], IMAGE, "2 groups"),
    "limits of a clip": ([node("Clip", "x zero seven", "y")], IMAGE, "it clips to 0..7"),
    "an average with padding": (
        [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])],
        IMAGE,
        "average pool with padding",
    ),
    "a transpose in the middle": (
        [STEM, node("Transpose", "a", "y", perm=[0, 1, 3, 2])],
        IMAGE,
        r"reorders the axes to \[0, 1, 3, 2\]",
    ),
    "an image for a dense layer": ([node("MatMul", "x S", "y")], IMAGE, "its input is no vector"),
    "a constant behind a convolution": ([STEM, node("Add", "a zero", "y")], IMAGE, "it adds a constant"),
    "a normalization of its own": (
        [node("Relu", "x", "a"), node("BatchNormalization", "a s s s s", "y")],
        IMAGE,
        "cannot be folded",
    ),
    "a batch": ([node("Relu", "x", "y")], (4, 3, 8, 10), r"its shape is \[4, 3, 8, 10\]"),
    "a scaled product": ([node("Gemm", "x V", "y", alpha=0.5)], (1, 6), "scales or transposes"),
}
MORE = CONSTANTS | {
    "K": real(4, 4, 3, 3),
    "seven": np.float32(7),
    "S": real(10, 4),
    "V": real(6, 4),
    "s": real(3),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_layer_stands_for_is_refused(case: str) -> None:
    nodes, shape, message = REFUSED[case]
    with pytest.raises(ModelFileError, match=message) as caught:
        import_model(model(nodes, MORE, shape), ".onnx", SPAN)
    assert caught.value.code == "E2203"
    assert caught.value.notes[0].startswith("needed: ")


def test_an_unknown_operator_lists_the_supported_ones() -> None:
    with pytest.raises(ModelFileError) as caught:
        import_model(model([node("Elu", "x", "y")], {}, IMAGE), ".onnx", SPAN)
    assert caught.value.notes[1] == f"supported: {', '.join(SUPPORTED)}"


def test_data_in_another_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(np.zeros((8, 3, 3, 3), np.float32).tobytes())
    proto = onnx.load_model_from_string(model([STEM], CONSTANTS, IMAGE, output="a"))
    weights = next(tensor for tensor in proto.graph.initializer if tensor.name == "W")
    onnx.external_data_helper.set_external_data(weights, location=str(secret))
    weights.ClearField("raw_data")
    data = proto.SerializeToString()
    opened: list[str] = []
    real_open = builtins.open

    def watched(file: Any, *rest: Any, **more: Any) -> Any:
        opened.append(str(file))
        return real_open(file, *rest, **more)

    monkeypatch.setattr(builtins, "open", watched)
    with pytest.raises(ModelFileError, match="its data lies in another file"):
        import_model(data, ".onnx", SPAN)
    assert str(secret) not in opened


SMALL = model(
    [node("Conv", "x W B", "a"), node("Relu", "a", "b"), node("Flatten", "b", "c"), node("MatMul", "c M", "y")],
    {"W": real(2, 1, 3, 3), "B": real(2), "M": real(8, 3)},
    (1, 1, 4, 4),
)


def survives(data: bytes) -> None:
    try:
        import_model(data, ".onnx", SPAN)
    except ModelFileError as error:
        assert error.code in ("E2202", "E2203") and str(error)


def test_truncated_anywhere() -> None:
    assert len(import_model(SMALL, ".onnx", SPAN).layers) == 3
    for end in range(len(SMALL)):
        survives(SMALL[:end])


@settings(max_examples=600)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 4), st.binary(min_size=1, max_size=3)), max_size=5))
def test_any_bytes_changed(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(SMALL)
    for position, replacement in changes:
        data[position : position + len(replacement)] = replacement
    survives(bytes(data))

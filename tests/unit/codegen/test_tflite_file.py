"""The TensorFlow Lite file: read back by LiteRT, which must compute what the golden model computes, within one step."""

import importlib.util

import numpy as np
import pytest
from small_networks import CONV, NETWORKS, network

from specc.codegen.tflite_file import TfliteError, write_tflite
from specc.graph.build import build_network
from specc.numerics import golden
from specc.numerics.inputs import draw_codes
from specc.numerics.quantize import quantize
from specc.spec.model import LayerSpec, QuantizationRow, QuantizationTable

needs_flatbuffers = pytest.mark.skipif(
    importlib.util.find_spec("flatbuffers") is None, reason="the extra ethos-u or baselines is not installed"
)
needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="the extra baselines (LiteRT) is not installed"
)


@needs_litert
@needs_flatbuffers
@pytest.mark.parametrize("name", NETWORKS)
def test_litert_computes_the_same_within_one_step(name: str) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    spec, quantized = network(NETWORKS[name])
    interpreter = Interpreter(
        model_content=write_tflite(quantized), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    (given,), (taken,) = interpreter.get_input_details(), interpreter.get_output_details()
    graph = quantized.network
    assert (given["name"], taken["name"]) == (graph.input, graph.output)
    form = quantized.formats[graph.output]
    assert taken["quantization"] == (pytest.approx(form.scale), form.zero_point)
    codes = draw_codes(spec.model.input, quantized, 16, 5)
    expected = golden.run(quantized, codes)[graph.output]
    seen = set()
    for index in range(len(codes)):
        interpreter.set_tensor(given["index"], codes[index : index + 1].astype(np.int8))
        interpreter.invoke()
        output = interpreter.get_tensor(taken["index"])[0].astype(np.int64)
        assert np.abs(output - expected[index].reshape(output.shape)).max() <= len(graph.layers)
        seen |= set(output.ravel().tolist())
    assert len(seen) > 5  # not all saturated


@needs_flatbuffers
def test_the_file_is_marked_and_the_same_every_time() -> None:
    _, quantized = network(NETWORKS["conv same"])
    content = write_tflite(quantized)
    assert content[4:8] == b"TFL3" and content == write_tflite(quantized)


@needs_flatbuffers
@pytest.mark.parametrize("bits", [9, 16])
def test_wide_tensors_are_named(bits: int) -> None:
    with pytest.raises(TfliteError, match=f"tensor image has {bits} bits"):
        write_tflite(network(NETWORKS["conv same"], bits)[1])


@needs_flatbuffers
@pytest.mark.parametrize(("kind", "known"), [("sigmoid", "1/256 and -128"), ("tanh", "1/128 and 0")])
def test_an_output_in_steps_that_the_format_does_not_know_is_named(kind: str, known: str) -> None:
    spec, _ = network((CONV, LayerSpec(name="curve", kind=kind)))
    rows = (QuantizationRow(layer="*", bits=8, range=1.0, step=0.01),)
    spec = spec.model_copy(update={"quantization": QuantizationTable(model="small", rows=rows)})
    with pytest.raises(TfliteError, match=f"the output of {kind} curve has the scale 0.01 .* knows only {known}"):
        write_tflite(quantize(spec, build_network(spec.model)))


@needs_flatbuffers
def test_an_average_that_rescales_and_is_not_global_is_named() -> None:
    layers = (CONV, LayerSpec(name="mean", kind="avgpool", kernel=(2, 2), stride=(2, 2)))
    _, quantized = network(layers)
    if quantized.formats["mean"] == quantized.formats["conv"]:
        pytest.skip("the calibration gave both tensors one scale")
    with pytest.raises(TfliteError, match="average pool mean changes the scale"):
        write_tflite(quantized)

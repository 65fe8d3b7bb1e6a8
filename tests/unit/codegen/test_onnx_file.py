"""The ONNX file: valid by ONNX's own checker, and run by ONNX Runtime within one step of the golden model a layer."""

import importlib.util

import numpy as np
import pytest
from small_networks import CONV, NETWORKS, network

from specc.codegen.onnx_file import OnnxError, write_onnx
from specc.numerics import golden
from specc.numerics.inputs import draw_codes

needs_runtime = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime")),
    reason="the extra baselines (ONNX Runtime) is not installed",
)


@needs_runtime
@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_runtime_computes_the_same_within_one_step(name: str) -> None:
    import onnx
    import onnxruntime

    spec, quantized = network(NETWORKS[name])
    content = write_onnx(quantized)
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    graph = quantized.network
    assert given.shape == [1, *graph.input_shape] and session.get_outputs()[0].shape == [1, *graph.output_shape]
    codes = draw_codes(spec.model.input, quantized, 16, 5)
    expected = golden.run(quantized, codes)[graph.output]
    seen = set()
    for index in range(len(codes)):
        (output,) = session.run(None, {given.name: codes[index : index + 1].astype(np.int8)})
        assert np.abs(output[0].astype(np.int64) - expected[index]).max() <= len(graph.layers)
        seen |= set(output.ravel().tolist())
    assert len(seen) > 5  # not all saturated


def test_wide_tensors_are_named() -> None:
    pytest.importorskip("onnx")
    with pytest.raises(OnnxError, match="tensor image has 9 bits"):
        write_onnx(network((CONV,), 9)[1])

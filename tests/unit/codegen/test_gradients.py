"""Gradients on a device: the golden model against the engine in float64, the C against the golden model, bit by bit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from small_networks import CONV, network

from specc.codegen.generate import generate
from specc.codegen.gradients import FLAGS, generate_gradients
from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.graph.build import build_network
from specc.graph.tail import dense_tail
from specc.measure.backend import BackendError, Job
from specc.measure.gradients import SAMPLES, absent, difference, label, read_answer, requests
from specc.numerics import golden
from specc.numerics.gradients import gradients
from specc.numerics.inputs import draw_codes, draw_inputs
from specc.numerics.quantized import QuantizedNetwork
from specc.precision.backward import OuterGradient, backward
from specc.precision.forward import forward
from specc.precision.losses import CrossEntropy
from specc.precision.study import Study
from specc.resources import resource
from specc.spec import Spec
from specc.spec.contract import Harness
from specc.spec.hardware import Hardware, Target
from specc.spec.model import LayerSpec

SOFTMAX = LayerSpec(name="s", kind="softmax")


def dense(name: str, units: int, activation: str = "linear") -> LayerSpec:
    return LayerSpec.model_validate({"name": name, "kind": "dense", "units": units, "activation": activation})


NETWORKS = {
    "one layer": (dense("a", 5),),
    "perceptron": (dense("a", 12, "relu6"), dense("b", 9, "relu"), dense("c", 6)),
    "softmax": (dense("a", 8, "relu"), dense("b", 5), SOFTMAX),
    "behind a convolution": (CONV, LayerSpec(name="f", kind="flatten"), dense("a", 8, "relu"), dense("b", 4)),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("bits", [8, 11])
def test_the_golden_model_is_the_engine_in_single_precision(name: str, bits: int) -> None:
    spec, quantized = network(NETWORKS[name], bits)
    inputs = draw_inputs(spec.model.input, 6, 4)
    labels = np.arange(6) % quantized.network.output_shape[-1]
    study = Study.of(spec, build_network(spec.model), iterations=20, seed=1)
    arithmetic = study.tables.arithmetic(spec.quantization)
    trace = forward(arithmetic, inputs)
    expected = backward(arithmetic, trace, CrossEntropy().reaching(study.network, trace, labels))
    tensors = golden.run(quantized, codes_of(quantized, inputs))
    compared = 0
    for index in range(6):
        if any(saturated(quantized, tensors, layer.name, index) for layer in dense_tail(quantized.network)):
            continue  # there, the device cannot know what the engine knows
        for layer, found in gradients(quantized, tensors, index, int(labels[index])).items():
            own = expected[layer]
            assert isinstance(own, OuterGradient)
            weights = np.outer(own.left[index], own.right[index])
            assert np.allclose(found.weights, weights, rtol=1e-4, atol=1e-5 * max(1e-3, np.abs(weights).max()))
            assert np.allclose(found.bias, own.left[index], rtol=1e-4, atol=1e-6)
            compared += 1
    assert compared >= 3


def codes_of(quantized: QuantizedNetwork, inputs: np.ndarray) -> np.ndarray:
    from specc.numerics.inputs import encode

    return encode(inputs, quantized.formats[quantized.network.input])


def saturated(quantized: QuantizedNetwork, tensors: dict[str, np.ndarray], layer: str, index: int) -> bool:
    form = quantized.formats[layer]
    low = form.low if quantized.network.layer(layer).activation == "linear" else form.low - 1
    return bool(((tensors[layer][index] >= form.high) | (tensors[layer][index] <= low)).any())


def job_of(spec: Spec, quantized: QuantizedNetwork, folder: Path) -> Job:
    target = Target(name="t", hardware=Hardware(name="h", title="h", core="host"))
    asked = spec.model_copy(update={"harness": Harness(iterations=10, on_device=True)})
    return Job(asked, target, quantized, folder, lambda _: None)


def build(
    toolchain: Toolchain, quantized: QuantizedNetwork, folder: Path, *, fault: tuple[str, str] = ("", "")
) -> Path:
    code = generate(quantized, folder / "source")
    sources = generate_gradients(quantized, code).sources
    text = sources[0].read_text(encoding="utf-8")
    assert fault[0] in text
    sources[0].write_text(text.replace(*fault, 1) if fault[0] else text, encoding="utf-8")
    every = [*code.sources, *sources, resource("firmware", "host/board.c")]
    toolchain.compile(every, folder / "program", (*HOST_FLAGS, "-O2", *FLAGS), code.include_folders)
    return folder / "program"


def ask(program: Path, *lines: str) -> list[str]:
    text = "\n".join([*lines, "quit"]) + "\n"
    done = subprocess.run([program], input=text, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[:-1]


def found_difference(job: Job, program: Path) -> str:
    codes = draw_codes(job.spec.model.input, job.network, SAMPLES, 5)
    answers = [read_answer(ask(program, line), job) for line in requests(job, codes)]
    return difference(job, codes, answers)


@pytest.mark.parametrize(("name", "bits"), [("perceptron", 11), ("softmax", 8), ("behind a convolution", 8)])
def test_every_bit_of_the_program_is_the_golden_model_s(
    toolchain: Toolchain, tmp_path: Path, name: str, bits: int
) -> None:
    spec, quantized = network(NETWORKS[name], bits)
    assert found_difference(job_of(spec, quantized, tmp_path), build(toolchain, quantized, tmp_path)) == ""


def test_a_wrong_scale_is_found_and_placed(toolchain: Toolchain, tmp_path: Path) -> None:
    spec, quantized = network(NETWORKS["perceptron"])
    job = job_of(spec, quantized, tmp_path)
    program = build(toolchain, quantized, tmp_path, fault=(".input_scale = 0x1.", ".input_scale = 0x1.0"))
    found = found_difference(job, program)
    assert found.startswith("c, input 0: ") and "the first is weight 0," in found and " instead of " in found


def test_what_the_program_refuses(toolchain: Toolchain, tmp_path: Path) -> None:
    spec, quantized = network(NETWORKS["softmax"])
    job = job_of(spec, quantized, tmp_path)
    program = build(toolchain, quantized, tmp_path)
    (good, *_) = requests(job, draw_codes(spec.model.input, quantized, 1, 5))
    word, _, codes = good.split()
    wrong = [f"{word} 5 {codes}", f"{word} x {codes}", f"{word} {codes}", word, f"{word} 1 {codes[:-2]}", f"{word} 1"]
    *refused, first, second, last = ask(program, *wrong, good)
    assert refused == ["error a class is expected"] * 4 + ["error input is too short"] * 2
    assert first.startswith("layer 1 ") and second.startswith("layer 0 ") and last.startswith("result ")


def test_answers_that_are_none(tmp_path: Path) -> None:
    spec, quantized = network(NETWORKS["softmax"])
    job = job_of(spec, quantized, tmp_path)
    for lines in (
        [],
        ["error x"],
        ["layer 9 00", "result 00 1 1 1 1"],
        ["layer 0 zz", "result 00 1 1 1 1"],
        ["result 00 1"],
    ):
        with pytest.raises(BackendError, match="garbled"):
            read_answer(lines, job)


def test_which_layers_have_gradients(tmp_path: Path) -> None:
    spec, quantized = network(NETWORKS["behind a convolution"])
    assert [layer.name for layer in dense_tail(quantized.network)] == ["b", "a"]
    assert absent(job_of(spec, quantized, tmp_path)) == ("conv",)
    assert label(job_of(spec, quantized, tmp_path), 6) == 2
    ends_with_relu = (dense("a", 4), LayerSpec(name="r", kind="relu"))
    _, quantized = network(ends_with_relu)
    assert dense_tail(quantized.network) == []
    with pytest.raises(ValueError, match="does not end with a dense layer"):
        generate_gradients(quantized, generate(quantized, tmp_path))
    # A layer that two others read does not belong to the row.
    _, quantized = network(
        (
            dense("a", 4),
            dense("b", 4),
            LayerSpec(name="sum", kind="add", inputs=("a", "b")),
            dense("c", 3),
            dense("d", 2),
        )
    )
    assert [layer.name for layer in dense_tail(quantized.network)] == ["d", "c"]

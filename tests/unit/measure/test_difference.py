"""The first difference of a program's outputs: planted into the C that it is compiled from, found, and explained."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from specc.codegen.generate import generate
from specc.codegen.kernels import GENERIC
from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.graph.build import build_network
from specc.measure.backend import BackendError
from specc.measure.difference import NOT_ARITHMETIC, UNTRACED, first_difference
from specc.measure.result import OutputDifference
from specc.measure.trace import outputs_of_trace
from specc.numerics import golden
from specc.numerics.inputs import to_bytes
from specc.numerics.quantize import quantize
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.resources import resource
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec

LAYERS = (
    LayerSpec(name="c", kind="conv", kernel=(3, 3), padding="same", units=4, activation="relu"),
    LayerSpec(name="p", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="d", kind="dense", units=5),
)
INPUTS = 4


@pytest.fixture(scope="module")
def network() -> QuantizedNetwork:
    model = ModelSpec(
        name="small",
        input=InputSpec(name="x", shape=(6, 6, 2), distribution="uniform"),
        layers=LAYERS,
        weights=WeightsSpec(seed=1),
    )
    table = QuantizationTable(model="small", rows=(QuantizationRow(layer="*", bits=8),))
    return quantize(Spec(edition=1, model=model, quantization=table), build_network(model))


@pytest.fixture(scope="module")
def codes(network: QuantizedNetwork) -> IntArray:
    return np.random.default_rng(2).integers(-128, 128, (INPUTS, 6, 6, 2))


def right_traces(network: QuantizedNetwork, tensors: dict[str, IntArray]) -> list[list[bytes]]:
    layers = network.network.layers
    return [[to_bytes(tensors[one.name][i], network.formats[one.name]) for one in layers] for i in range(INPUTS)]


def traces_of(
    toolchain: Toolchain, folder: Path, network: QuantizedNetwork, codes: IntArray, *, old: str, new: str
) -> list[list[bytes]]:
    """What the program shows of every layer, with one expression of its kernels replaced."""
    code = generate(network, folder / "source", GENERIC)
    kernels = folder / "kernels"
    shutil.copytree(resource("firmware", "kernels"), kernels)
    text = (kernels / "arithmetic.h").read_text()
    assert old in text
    (kernels / "arithmetic.h").write_text(text.replace(old, new))
    include = (code.include_folders[0], kernels, *code.include_folders[2:])
    board = resource("firmware", "host/board.c")
    toolchain.compile([*code.sources, board], folder / "network", (*HOST_FLAGS, "-O1"), include)
    commands = "".join(f"trace {to_bytes(one, network.formats['x']).hex()}\n" for one in codes)
    done = subprocess.run([folder / "network"], input=commands, capture_output=True, text=True, timeout=60, check=True)
    answers = done.stdout.split("result")
    parts = [[line for line in answer.splitlines() if line.startswith("layer")] for answer in answers[:INPUTS]]
    return [outputs_of_trace(lines, len(network.network.layers)) for lines in parts]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("(shift - 33)) + 1)", "(shift - 33)))", "rounding: the fraction is cut off downwards"),
        (
            "<< (32 - bits)) >> (32 - bits)",
            "<< 16) >> 16",
            "accumulator: it wraps at 16 bits instead of wrapping at 32",
        ),
        ("+ zero_point));", "+ zero_point + 2));", "zero point: every code is off by +2 before the clamp"),
        ("(int64_t)accumulator * multiplier", "(int64_t)accumulator * (multiplier / 2)", "scale: "),
    ],
    ids=["truncation", "accumulator", "zero point", "scale"],
)
def test_a_fault_in_the_kernels_is_named(
    *,
    toolchain: Toolchain,
    tmp_path: Path,
    network: QuantizedNetwork,
    codes: IntArray,
    old: str,
    new: str,
    cause: str,
) -> None:
    tensors = golden.run(network, codes)
    traces = traces_of(toolchain, tmp_path, network, codes, old=old, new=new)
    found = first_difference(network, tensors, traces, [])
    assert found is not None and found.layer == "c" and found.cause.startswith(cause)
    shown = np.stack([np.frombuffer(trace[0], np.int8).reshape(6, 6, 4) for trace in traces])
    apart = np.argwhere(shown != tensors["c"])
    first = tuple(int(i) for i in apart[0])
    assert (found.input, *found.element) == first and found.differing == len(apart)
    assert (found.found, found.expected) == (shown[first], tensors["c"][first])
    assert found.compared == shown.size


def test_equal_outputs_have_no_difference(network: QuantizedNetwork, codes: IntArray) -> None:
    tensors = golden.run(network, codes)
    traces = right_traces(network, tensors)
    outputs = [(index, trace[-1]) for index, trace in enumerate(traces)]
    assert first_difference(network, tensors, traces, outputs) is None


def test_the_first_layer_counts_on_whichever_input_it_differs(network: QuantizedNetwork, codes: IntArray) -> None:
    """Input 0 is wrong in the last layer, input 2 in the first."""
    tensors = golden.run(network, codes)
    traces = right_traces(network, tensors)
    for index, layer, at in ((0, 2, 4), (2, 0, 4 * (6 * 1 + 5) + 3)):
        data = bytearray(traces[index][layer])
        data[at] ^= 0x01
        traces[index][layer] = bytes(data)
    found = first_difference(network, tensors, traces, [])
    assert found is not None
    assert (found.layer, found.input, found.element) == ("c", 2, (1, 5, 3))
    assert found.expected == tensors["c"][2, 1, 5, 3] and found.found == found.expected ^ 1
    assert (found.differing, found.compared) == (1, INPUTS * 6 * 6 * 4)
    assert found.cause == "no single cause found, in channel 3 alone"
    assert found.text == (
        f"c, input 2: 1 of 576 codes differ, the first is element 1,5,3: {found.found} instead of {found.expected}; "
        "cause: no single cause found, in channel 3 alone"
    )


@pytest.mark.parametrize(("traced", "cause"), [(INPUTS, NOT_ARITHMETIC), (0, UNTRACED), (1, UNTRACED)])
def test_a_run_that_differs_though_every_trace_is_equal(
    network: QuantizedNetwork, codes: IntArray, traced: int, cause: str
) -> None:
    tensors = golden.run(network, codes)
    wrong = tensors["d"][1].copy()
    wrong[3] ^= 1
    outputs = [(0, to_bytes(tensors["d"][0], network.formats["d"])), (1, to_bytes(wrong, network.formats["d"]))]
    found = first_difference(network, tensors, right_traces(network, tensors)[:traced], outputs)
    assert found == OutputDifference(
        layer="d", input=1, element=(3,), found=wrong[3], expected=wrong[3] ^ 1, differing=1, compared=5, cause=cause
    )


def test_outputs_of_another_length_are_refused(network: QuantizedNetwork, codes: IntArray) -> None:
    tensors = golden.run(network, codes)
    with pytest.raises(BackendError, match="output of d has 4 bytes: not what was built"):
        first_difference(network, tensors, [], [(0, bytes(4))])

"""Other runtimes on the same network and inputs; and runtimes that crash, fail or answer nonsense."""

import sys
from pathlib import Path

import numpy as np
import pytest

from specc.graph.build import build_network
from specc.measure.backend import BackendError
from specc.numerics import golden
from specc.numerics.inputs import draw_codes
from specc.numerics.quantize import quantize
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec
from specc_backends.baselines import installed, measure_baseline
from specc_backends.baselines.runtimes import LITERT, ONNX_RUNTIME, RUNS, Runtime

BOTH = [
    pytest.param(
        runtime,
        id=runtime.name,
        marks=pytest.mark.skipif(
            runtime.version is None, reason=f"the extra baselines ({runtime.name}) is not installed"
        ),
    )
    for runtime in (LITERT, ONNX_RUNTIME)
]


def network(bits: int = 8) -> tuple[QuantizedNetwork, IntArray, IntArray]:
    model = ModelSpec(
        name="small",
        input=InputSpec(name="x", shape=(12, 12, 2), distribution="normal"),
        layers=(
            LayerSpec(name="c", kind="conv", kernel=(3, 3), padding="same", units=8, activation="relu"),
            LayerSpec(name="d", kind="dense", units=6),
        ),
        weights=WeightsSpec(seed=2),
    )
    table = QuantizationTable(model="small", rows=(QuantizationRow(layer="*", bits=bits),))
    quantized = quantize(Spec(edition=1, model=model, quantization=table), build_network(model))
    codes = draw_codes(model.input, quantized, 4, 1)
    return quantized, codes, golden.run(quantized, codes)["d"]


@pytest.mark.parametrize("runtime", BOTH)
def test_times_and_outputs_come_back(tmp_path: Path, runtime: Runtime) -> None:
    baseline = measure_baseline(runtime, *network(), tmp_path)
    assert runtime in installed()
    assert len(baseline.latency.samples) == RUNS and 0 < baseline.latency.p50 < 1
    assert baseline.latency.best.evidence == "measured" and (baseline.name, baseline.version) == (
        runtime.name,
        runtime.version,
    )
    assert baseline.largest_difference <= 2


@pytest.mark.parametrize("runtime", BOTH)
def test_the_difference_is_against_what_was_expected(tmp_path: Path, runtime: Runtime) -> None:
    quantized, codes, expected = network()
    moved = expected.copy()
    moved[2, 3] += 100
    baseline = measure_baseline(runtime, quantized, codes, moved, tmp_path)
    assert 98 <= baseline.largest_difference <= 102


@pytest.mark.parametrize("runtime", [LITERT, ONNX_RUNTIME])
def test_what_a_runtime_cannot_run_is_said(tmp_path: Path, runtime: Runtime) -> None:
    with pytest.raises(BackendError, match=f"{runtime.name} cannot run this network: (tensor x has 12 bits|No module)"):
        measure_baseline(runtime, *network(12), tmp_path)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed with signal 11"),
        ("raise SystemExit('no such operator')", "failed: no such operator"),
        ("print('nonsense')", "cannot be read: 'nonsense'"),
        ('print(\'{"nanoseconds": 5, "outputs": []}\')', "cannot be read"),
        ("pass", "it said nothing"),
    ],
)
def test_what_goes_wrong_is_one_clear_error(tmp_path: Path, program: str, message: str) -> None:
    pytest.importorskip("flatbuffers")
    with pytest.raises(BackendError, match=message):
        measure_baseline(LITERT, *network(), tmp_path, command=(sys.executable, "-c", program))


def test_outputs_of_the_wrong_number_are_not_compared(tmp_path: Path) -> None:
    pytest.importorskip("flatbuffers")
    program = 'print(\'{"nanoseconds": [5, 5], "outputs": [[1]]}\')'
    with pytest.raises(BackendError, match="outputs of another shape"):
        measure_baseline(LITERT, *network(), tmp_path, command=(sys.executable, "-c", program))
    assert np.prod(network()[2].shape) == 24

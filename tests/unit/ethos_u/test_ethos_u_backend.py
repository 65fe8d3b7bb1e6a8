"""Vela crashing, failing, hanging or lying: one clear error each. And the real one, where it is installed."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_npu import LAYERS, library, npu_job, small_spec

from specc.measure.backend import BackendError
from specc.measure.judge import judge
from specc.spec.contract import Budget, BudgetItem
from specc.spec.hardware import Target
from specc.spec.model import LayerSpec
from specc.units import quantity
from specc_backends.ethos_u import EthosUBackend, vela

needs_vela = pytest.mark.skipif(vela.installed() is None, reason="the extra ethos-u (Vela) is not installed")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "Vela crashed: SIGSEGV"),
        ("import sys; print('Error: no such operator'); sys.exit(1)", "Vela failed: Error: no such operator"),
        ("import sys; sys.exit(3)", "Vela failed: it printed nothing"),
        ("import time; time.sleep(60)", "Vela did not end within 1 s"),
        ("pass", "left 0 files"),
        (
            "import sys, pathlib; f = pathlib.Path(sys.argv[-1]); [(f / n).write_text('') "
            "for n in ('a_per-layer.csv', 'b_per-layer.csv')]",
            "left 2 files",
        ),
    ],
)
def test_what_goes_wrong_with_vela_is_said(tmp_path: Path, program: str, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        vela.run_vela(
            tmp_path / "model.tflite",
            "ethos-u55-128",
            "system",
            "memory",
            tmp_path / "out",
            command=(sys.executable, "-c", program),
            time_limit=1 if "sleep" in program else 30,
        )


def test_an_old_estimate_is_never_taken_for_a_new_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "network_per-layer.csv").write_text("old")
    with pytest.raises(BackendError, match="left 0 files"):
        vela.run_vela(tmp_path / "m", "a", "s", "m", out, command=(sys.executable, "-c", "pass"))


def test_without_vela_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vela, "installed", lambda: None)
    job = npu_job(tmp_path)
    with pytest.raises(BackendError, match=r"pip install 'specc\[ethos-u\]'"):
        EthosUBackend().measure(job, "key")


def test_supports_configured_accelerators_only() -> None:
    backend = EthosUBackend()
    hardware = library("ethos_u65_256")
    assert backend.supports(Target(name="t", hardware=hardware))
    assert not backend.supports(Target(name="t", hardware=hardware.model_copy(update={"npu": None})))
    assert not backend.supports(Target(name="t", hardware=library("stm32f407")))


def test_wide_tensors_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vela, "installed", lambda: "5.2.0")
    with pytest.raises(BackendError, match="cannot be given to Vela: tensor image has 12 bits"):
        EthosUBackend().measure(npu_job(tmp_path, spec=small_spec(bits=12)), "key")


def test_the_key_follows_network_configuration_and_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, job = EthosUBackend(), npu_job(tmp_path)
    key = backend.key(job)
    assert key == backend.key(npu_job(tmp_path / "elsewhere"))
    assert key != backend.key(npu_job(tmp_path, "ethos_u55_256"))
    assert key != backend.key(npu_job(tmp_path, spec=small_spec(layers=LAYERS[:-1])))
    monkeypatch.setattr(vela, "installed", lambda: "0.1")
    assert key != backend.key(job)


@needs_vela
@pytest.mark.parametrize("hardware", ["ethos_u55_32", "ethos_u55_256", "ethos_u65_512", "ethos_u85_256"])
def test_every_layer_is_estimated(tmp_path: Path, hardware: str) -> None:
    job = npu_job(tmp_path, hardware)
    result = EthosUBackend().measure(job, "the key")
    graph = job.network.network
    assert [layer.name for layer in result.layers] == [layer.name for layer in graph.layers]
    assert result.evidence == "predicted" and result.output_matches_golden is None and result.key == "the key"
    seconds = sum(layer.latency.p50 for layer in result.layers) + result.overhead.p50
    assert result.total.p50 == pytest.approx(seconds)
    macs = job.target.hardware.npu.macs if job.target.hardware.npu else 0
    for layer, declared in zip(result.layers, graph.layers, strict=True):
        assert layer.counters["macs"].value == declared.macs
        cycles = layer.counters["cycles"].value or 0
        if declared.kind in ("conv", "dwconv", "dense") and "u85" not in hardware:
            assert cycles >= declared.macs / macs  # no array is faster than its multipliers
        assert cycles == max(cycles, 0) and layer.latency.best.high is None
    assert result.provenance.compiler == f"Vela {vela.installed()}"
    assert (result.memory.sram.value or 0) >= 16 * 12 * 3


@needs_vela
def test_the_cycles_are_those_that_vela_prints(tmp_path: Path) -> None:
    """Vela run once more by hand: its own total, from another of its tables."""
    job = npu_job(tmp_path)
    result = EthosUBackend().measure(job, "key")
    model = next(tmp_path.rglob("network.tflite"))
    command = [*vela.COMMAND, str(model), "--accelerator-config", "ethos-u55-128", "--output-dir", str(tmp_path / "x")]
    subprocess.run(command, check=True, capture_output=True)
    import csv

    (summary,) = (tmp_path / "x").glob("*summary*.csv")
    with summary.open() as file:
        last = list(csv.DictReader(file))[-1]
    assert result.counters["cycles"].value == float(last["cycles_total"])
    assert result.total.p50 == pytest.approx(float(last["inference_time"]), rel=0.01)


@needs_vela
@pytest.mark.parametrize("hardware", ["ethos_u55_32", "ethos_u65_512", "ethos_u85_256"])
def test_every_cycle_belongs_to_one_part_of_the_accelerator(tmp_path: Path, hardware: str) -> None:
    result = EthosUBackend().measure(npu_job(tmp_path, hardware), "key")
    names = [f"{part}_bound_cycles" for part in ("macs", "sram", "dram", "flash")]
    for counters in (result.counters, *(layer.counters for layer in result.layers)):
        assert sum(counters[name].value or 0 for name in names) == counters["cycles"].value
    layers = [sum(layer.counters[name].value or 0 for layer in result.layers) for name in names]
    assert layers == [result.counters[name].value for name in names]  # nothing runs outside of the layers


@needs_vela
def test_a_layer_left_to_the_cpu_is_unknown_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vela, "COMMAND", (*vela.COMMAND, "--ignore-ops", "MAX_POOL_2D"))
    real = vela.run_vela
    monkeypatch.setattr(vela, "run_vela", lambda *given: real(*given, command=vela.COMMAND))
    result = EthosUBackend().measure(npu_job(tmp_path), "key")
    (most,) = [layer for layer in result.layers if layer.name == "most"]
    assert most.latency.best.value is None and "left to the CPU" in most.latency.best.basis
    assert "without most, left to the CPU" in result.total.best.basis
    assert any(note.startswith("most is left to the CPU (MaxPool)") for note in result.notes)


@needs_vela
def test_an_estimate_decides_no_budget_but_the_impossible_one(tmp_path: Path) -> None:
    job = npu_job(tmp_path)
    result = EthosUBackend().measure(job, "key")
    seconds = result.total.p50

    def outcome(limit: float) -> str:
        item = BudgetItem(kind="latency", scope=("total",), relation="<=", limit=quantity(limit, "s"))
        spec = job.spec.model_copy(update={"targets": (job.target,), "budgets": (Budget(target="npu", items=(item,)),)})
        output, latency = judge(spec, {"npu": result})
        assert output.outcome == "undecided" and "nothing ran" in output.reason
        return latency.outcome

    assert outcome(seconds * 10) == "undecided"  # Vela's error is not stated
    assert outcome(seconds * 0.9) == "undecided"
    fewest = job.network.network.macs / 128 / 500e6
    assert outcome(fewest * 0.99) == "fail"  # more multiplications than the array can do


def test_a_softmax_needs_its_own_output_format(tmp_path: Path) -> None:
    layers = (LayerSpec(name="head", kind="dense", units=5), LayerSpec(name="scores", kind="softmax"))
    form = npu_job(tmp_path, spec=small_spec(layers=layers)).network.formats["scores"]
    assert (form.scale, form.zero_point) == (1 / 256, -128)


def test_sigmoid_and_tanh_run_on_the_npu(tmp_path: Path) -> None:
    layers = (
        LayerSpec(name="stem", kind="conv", kernel=(3, 3), units=8),
        LayerSpec(name="bend", kind="tanh"),
        LayerSpec(name="head", kind="dense", units=5),
        LayerSpec(name="scores", kind="sigmoid"),
    )
    result = EthosUBackend().measure(npu_job(tmp_path, spec=small_spec(layers=layers)), "key")
    stem, bend, head, scores = result.layers
    for outer, inner in ((bend, stem), (scores, head)):  # one operator, which has the name of the later layer
        assert inner.latency.best.value is None and "in one operator" in inner.latency.best.basis
        assert inner.counters["cycles"].value is None and inner.counters["macs"].value > 0
        assert outer.latency.best.value > 0 and outer.counters["cycles"].value > 0
    assert result.total.best.value == pytest.approx(bend.latency.best.value + scores.latency.best.value)

"""Measuring this computer end to end, on a small network."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from specc.codegen.kernels import X86, family_of
from specc.codegen.toolchain import Toolchain
from specc.graph.build import build_network
from specc.measure.backend import BackendError, Job, discover
from specc.measure.result import Measurement
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Hardware, Target
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec
from specc_backends.host import HostBackend, backend, machine, sitting
from specc_backends.host.machine import cache_bytes, evict_caches, eviction_memory
from specc_backends.host.rapl import packages

HOST = Hardware(name="host", title="this computer", core="host")
CONV = LayerSpec(name="c", kind="conv", kernel=(3, 3), padding="same", units=8, activation="relu")


def job(folder: Path, *, flags: str = "-O2", seed: int = 1, network: QuantizedNetwork | None = None) -> Job:
    model = ModelSpec(
        name="small",
        input=InputSpec(name="x", shape=(16, 16, 3), distribution="uniform"),
        layers=(CONV, LayerSpec(name="p", kind="avgpool"), LayerSpec(name="d", kind="dense", units=4)),
        weights=WeightsSpec(seed=seed),
    )
    target = Target(name="here", hardware=HOST, compile=flags)
    table = QuantizationTable(model="small", rows=(QuantizationRow(layer="*", bits=8),))
    spec = Spec(edition=1, model=model, quantization=table, targets=(target,))
    return Job(spec, target, network or quantize(spec, build_network(model)), folder, lambda text: None)


@pytest.fixture(scope="module")
def measured(toolchain: Toolchain) -> Measurement:
    return HostBackend().measure(job(toolchain.build_folder), "the key")


def test_every_figure_is_there_and_consistent(measured: Measurement) -> None:
    assert measured.key == "the key" and measured.evidence == "measured" and measured.output_matches_golden
    assert [layer.name for layer in measured.layers] == ["c", "p", "d"]
    count = len(measured.total.samples)
    assert count >= sitting.SAMPLES_AT_LEAST
    assert all(len(layer.latency.samples) == count for layer in measured.layers)
    for index, total in enumerate(measured.total.samples):
        parts = sum(layer.latency.samples[index] for layer in measured.layers)
        assert total >= parts - 1e-12
        assert measured.overhead.samples[index] == pytest.approx(total - parts, abs=1e-12)
    assert 0 < measured.total.p50 <= measured.total.p90 <= measured.total.p95 <= measured.total.p99 < 1
    assert measured.total.best.evidence == "measured"
    assert measured.cold is not None and len(measured.cold.samples) == sitting.COLD_STARTS


def test_memory_comes_from_the_program(measured: Measurement) -> None:
    # 16x16x3 bytes of input and 16x16x8 of output live together.
    assert measured.memory.regions["sram: activations"] == 16 * 16 * (3 + 8)
    weights = measured.memory.regions["flash: weights"]
    if family_of("host", has_dsp=False) == X86:
        # 16 filters at a time: 3 rows of 9 taps, filled up to 12, and 8 features; four words more for each filter.
        assert weights == 16 * (3 * 12 + 16) + 16 * (8 + 16)
    else:
        # Weights 8x3x3x3 and 4x8; 9 bytes of bias, multiplier and shift for each of 12 output channels, of which the
        # compiler may fold some into the code.
        assert 216 + 32 <= weights <= 216 + 32 + 12 * 9
    assert measured.memory.flash.value == weights + measured.memory.regions["flash: code"]
    assert measured.memory.regions["flash: code"] > 100
    assert measured.memory.sram.high is None  # the stack is not known
    assert (measured.energy.value is None) == (not packages())


def test_provenance_is_complete(measured: Measurement) -> None:
    own = measured.provenance
    assert own.compiler.startswith("zig cc") and "-O2" in own.compiler_flags.split() and own.inputs == sitting.INPUTS
    assert own.warmup >= 10 and len(own.code_hash) == len(own.graph_hash) == 64
    assert {"numpy", "ziglang", "specc"} <= own.library_versions.keys()


def test_a_wrong_output_is_seen(toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is built from other weights than the golden model has: one LSB in one of them."""
    right = job(toolchain.build_folder)
    own = right.network.numbers["d"]
    assert own.weights is not None
    weights = own.weights.copy()
    weights[3, 7] += 1 if weights[3, 7] < 0 else -1
    numbers = right.network.numbers | {"d": dataclasses.replace(own, weights=weights, bias=own.bias)}
    wrong = dataclasses.replace(right.network, numbers=numbers)
    assert not np.array_equal(wrong.numbers["d"].weights, own.weights)
    real = backend.generate
    monkeypatch.setattr(backend, "generate", lambda network, *rest, **more: real(wrong, *rest, **more))
    result = HostBackend().measure(right, "key")
    found = result.output_difference
    assert result.output_matches_golden is False and found is not None
    assert found.layer == "d" and found.element == (3,) and found.cause == "no single cause found, in channel 3 alone"


def test_the_key_follows_what_can_change_the_result(tmp_path: Path) -> None:
    host = HostBackend()
    key = host.key(job(tmp_path))
    assert key == host.key(job(tmp_path / "elsewhere"))
    assert key != host.key(job(tmp_path, flags="-O3"))
    assert key != host.key(job(tmp_path, seed=2))
    assert not list(tmp_path.iterdir())  # a key builds nothing


@pytest.mark.parametrize("flags", ["-o /etc/passwd", "-include secret.h", "@file"])
def test_flags_that_a_spec_may_not_choose(tmp_path: Path, flags: str) -> None:
    for action in (HostBackend().key, lambda asked: HostBackend().measure(asked, "key")):
        with pytest.raises(BackendError, match="is not allowed in a spec"):
            action(job(tmp_path, flags=flags))
    assert not list(tmp_path.iterdir())


def test_a_compiler_that_fails_leaves_its_log(toolchain: Toolchain) -> None:
    with pytest.raises(BackendError, match="the compiler failed") as caught:
        HostBackend().measure(job(toolchain.build_folder, flags="-march=no_such_processor"), "key")
    assert "no_such_processor" in caught.value.log


def test_a_clock_that_is_too_coarse_is_refused() -> None:
    with pytest.raises(BackendError, match="too coarse"):
        backend._require_fine_clock([1e-3, 1e-12])


def test_supports_the_host_and_is_found() -> None:
    assert HostBackend().supports(Target(name="t", hardware=HOST))
    other = HOST.model_copy(update={"core": "cortex-m4"})
    assert not HostBackend().supports(Target(name="t", hardware=other))
    assert "host" in [found.name for found in discover()]


def test_the_largest_cache_counts(tmp_path: Path) -> None:
    for index, size in enumerate(["48K", "1024K", "32M", "", "odd"]):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        (folder / "size").write_text(size + "\n")
    assert cache_bytes(tmp_path) == 32 * 1024**2
    assert cache_bytes(tmp_path / "absent") is None


def test_evicting_writes_twice_the_largest_cache_and_leaves_the_affinity_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import os

    odd = 100_001  # no whole number of pieces
    monkeypatch.setattr(machine, "cache_bytes", lambda: odd)
    before = os.sched_getaffinity(0)
    with eviction_memory() as memory:
        evict_caches(memory, sorted(before))
        assert len(memory) == 2 * odd and 0 not in memory[:]
    assert os.sched_getaffinity(0) == before

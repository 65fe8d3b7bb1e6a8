"""From a spec to a measurement on a board behind a port, and everything that can stop it on the way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mlperf_client import ask
from serial_rig import CLOCK_HZ, Start, make_job, target

from specc.measure.backend import BackendError, Job, backend_for
from specc.measure.result import Measurement
from specc.measure.runner import measure as measure_all
from specc.measure.store import Store
from specc.numerics import golden
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc_backends.host import HostBackend
from specc_backends.serial_board import SerialBoardBackend, backend
from specc_backends.serial_board.firmware import Firmware
from specc_backends.virtual_board import VirtualBoardBackend


def measure(job: Job) -> Measurement:
    return SerialBoardBackend().measure(job, SerialBoardBackend().key(job))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer samples: what is tested does not depend on their number."""
    monkeypatch.setattr(backend, "SAMPLES", 8)
    monkeypatch.setattr(backend, "WARM_UP", 1)
    monkeypatch.setattr(backend, "COLD_STARTS", 2)


def test_a_measurement(port: str, folder: Path) -> None:
    job = make_job(folder, port)
    result = measure(job)
    assert result.output_matches_golden
    assert result.evidence == "measured"
    assert [layer.name for layer in result.layers] == ["conv", "pool", "dense", "softmax"]
    assert len(result.total.samples) == 100 and len(result.cold.samples) == 5
    assert (result.provenance.inputs, result.provenance.warmup) == (4, 10)
    layers = zip(*(layer.latency.samples for layer in result.layers), strict=True)
    for total, overhead, of_layers in zip(result.total.samples, result.overhead.samples, layers, strict=True):
        assert total == pytest.approx(overhead + sum(of_layers), rel=1e-9)
    assert sum(size for name, size in result.memory.regions.items() if name.startswith("flash")) == (
        result.memory.flash.value
    )
    assert sum(size for name, size in result.memory.regions.items() if name.startswith("sram")) == (
        result.memory.sram.value
    )
    assert result.memory.regions["sram: stack (painted)"] > 64
    assert result.provenance.clock_hz == CLOCK_HZ
    assert result.energy.evidence == "unknown"
    assert ask(port, "name") == ["m-name-dut-[specc]", "m-ready"]  # it was left as after power-on


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_the_cycles_are_those_of_the_virtual_board(port: str, folder: Path) -> None:
    """The same network on the same board over another protocol: the layers take the same time, to the cycle."""
    job = make_job(folder, port)
    serial = measure(job)
    virtual = replace(job, port=None)
    direct = VirtualBoardBackend().measure(virtual, VirtualBoardBackend().key(virtual))
    for ours, theirs in zip(serial.layers, direct.layers, strict=True):
        assert ours.latency.samples[:4] == pytest.approx(theirs.latency.samples, rel=1e-9)


@pytest.mark.usefixtures("quick")
def test_wrong_output_is_reported(port: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = golden.run

    def other(network: QuantizedNetwork, codes: IntArray) -> dict[str, IntArray]:
        tensors = real(network, codes)
        return {**tensors, network.network.output: tensors[network.network.output] - 1}

    monkeypatch.setattr(golden, "run", other)
    result = measure(make_job(folder, port))
    found = result.output_difference
    assert result.output_matches_golden is False and found is not None
    assert found.layer == result.layers[-1].name and found.differing == found.compared
    assert found.found == found.expected + 1


def test_a_board_that_runs_another_network(port: str, folder: Path) -> None:
    job = make_job(folder, port, seed=2)
    with pytest.raises(BackendError, match=r"runs another build \(network 'net', .*\): flash it with `specc flash`"):
        measure(job)


def test_no_port(folder: Path) -> None:
    with pytest.raises(BackendError, match="no port was given for target board"):
        measure(make_job(folder))


def test_a_missing_port_is_a_failure_of_its_target_alone(folder: Path, tmp_path: Path) -> None:
    job = make_job(folder)
    with Store(tmp_path / "specc.db") as store:
        report = measure_all(
            job.spec,
            job.network,
            store,
            folder,
            lambda line: None,
            backends=[SerialBoardBackend()],
            ports={"board": "/dev/no-such-port"},
        )
    assert report.failures == {"board": "there is no port /dev/no-such-port: is the board connected?"}


@pytest.mark.usefixtures("quick")
def test_a_result_is_stored_and_found_without_the_board(
    start: Start, firmware: Firmware, folder: Path, tmp_path: Path
) -> None:
    job = make_job(folder)
    ports = {"board": start(firmware).port}

    def run(ports: dict[str, str]) -> tuple[str, ...]:
        with Store(tmp_path / "specc.db") as store:
            report = measure_all(
                job.spec, job.network, store, folder, lambda line: None, backends=[SerialBoardBackend()], ports=ports
            )
        assert set(report.measurements) == {"board"}
        return report.reused

    assert run(ports) == ()
    assert run({"board": "/dev/no-such-port"}) == ("board",)


def test_a_port_decides_which_backend_measures() -> None:
    backends = [HostBackend(), SerialBoardBackend(), VirtualBoardBackend()]
    chosen = target("stm32f407")
    with_port, without = backend_for(chosen, backends, "/dev/ttyACM0"), backend_for(chosen, backends, None)
    assert with_port is not None and with_port.name == "serial_board"
    assert without is not None and without.name == "virtual_board"
    assert backend_for(target("nrf52840"), backends, "/dev/ttyACM0") is None


def test_the_key_changes_with_what_matters_and_not_with_the_port(folder: Path) -> None:
    key = SerialBoardBackend().key
    job = make_job(folder)
    elsewhere = make_job(folder / "elsewhere", "/dev/ttyACM3")
    assert key(job) == key(elsewhere)
    other = target().model_copy(update={"compile": "-O3"})
    assert len({key(job), key(make_job(folder, seed=2)), key(make_job(folder, to=other))}) == 3


@pytest.mark.usefixtures("quick")
def test_the_build_is_the_same_wherever_it_is_built(port: str, tmp_path: Path, folder: Path) -> None:
    """A board that was flashed from another build folder is recognised."""
    shutil.copytree(folder / "zig-cache", tmp_path / "zig-cache", symlinks=True)
    assert measure(make_job(tmp_path, port)).output_matches_golden

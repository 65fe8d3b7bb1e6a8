"""Peaks of this computer: of one thread, or of as many at once as the target is to have."""

import dataclasses
import sys
from pathlib import Path

import pytest
from test_host_backend import job

from specc.codegen.toolchain import Toolchain
from specc.measure.backend import BackendError
from specc_backends.host import HostBackend, peaks
from specc_backends.host.machine import chosen_cpus

LOOPS = "peaks mac 3000 500 l1_read 64 100"  # names, work and nanoseconds


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """In place of the program that the compiler would make, one that answers every line alike."""

    def compiled(self: Toolchain, sources: object, output: Path, *rest: object) -> str:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(
            f"#!{sys.executable}\nimport sys\nfor line in sys.stdin:\n    print({answer!r}, flush=True)\n"
        )
        output.chmod(0o755)
        return ""

    monkeypatch.setattr(Toolchain, "compile", compiled)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_rates_of_all_threads_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    answering(monkeypatch, LOOPS)
    monkeypatch.setattr(peaks, "thread_count", lambda cores: threads)
    found = peaks.measure_peaks(job(tmp_path), "key", Toolchain(tmp_path), ())
    mac, read = found.rates["mac"], found.rates["l1_read"]
    assert mac.value == pytest.approx(threads * 3000 / 500e-9) and mac.unit == "MAC/s"
    assert read.value == pytest.approx(threads * 64 / 100e-9) and read.unit == "B/s"
    assert ("one thread" if threads == 1 else "3 threads") in mac.basis and mac.evidence == "measured"


def test_a_program_that_answers_nonsense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "peaks mac many 5")
    with pytest.raises(BackendError, match="instead of its peaks"):
        peaks.measure_peaks(job(tmp_path), "key", Toolchain(tmp_path), ())


def test_the_real_loops(toolchain: Toolchain) -> None:
    found = HostBackend().peaks(job(toolchain.build_folder), "key")
    assert found.rates.keys() == {"mac", "l1_read", "l2_read", "ram_read", "ram_write"}
    for rate in found.rates.values():
        assert rate.value is not None and rate.low is not None and rate.high is not None
        assert 1e6 < rate.low <= rate.value <= rate.high < 1e14


@pytest.mark.skipif(len(chosen_cpus(2)) < 2, reason="this computer lets specc use one processor")
def test_the_key_tells_threads_apart(tmp_path: Path) -> None:
    own = job(tmp_path)
    two = dataclasses.replace(own, target=own.target.model_copy(update={"cores": 2}))
    assert HostBackend().peaks_key(own) != HostBackend().peaks_key(two)

"""Counters of this computer: the kernel's where it has them, Cachegrind's where it is installed, else a reason."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from specc.codegen.toolchain import Toolchain
from specc.evidence import Figure
from specc.measure.backend import BackendError
from specc_backends.host import cachegrind, counters, perf_events
from specc_backends.host.process import HostProcess

PROFILE = """\
desc: I1 cache:         32768 B, 64 B, 8-way associative
desc: D1 cache:         49152 B, 64 B, 12-way associative
cmd: ./network
events: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw Bc Bcm Bi Bim
fl=conv.inc
fn=layer_conv
10 100 1 1 50 4 2 10 1
11 20 0 0 5
fl=other.inc
fn=main
3 7
fl=dense.inc
fn=layer_conv
12 3
summary: 130 1 1 55 4 2 10 1 0 0 0 0 0
"""


def test_a_profile_is_read() -> None:
    profile = cachegrind.parse(PROFILE)
    assert profile.total["Ir"] == 130 and profile.total["Dr"] == 55
    assert profile.functions["layer_conv"]["Ir"] == 123  # two lines, and one inlined from another file
    assert profile.functions["layer_conv"]["D1mw"] == 1
    assert profile.functions["main"]["Ir"] == 7
    assert profile.caches == (
        "I1 cache: 32768 B, 64 B, 8-way associative",
        "D1 cache: 49152 B, 64 B, 12-way associative",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no summary"),
        (PROFILE.rpartition("summary")[0], "no summary"),
        (PROFILE.replace("10 100", "10 x"), "cannot be read"),
        (PROFILE.replace("12 3", "12" + " 1" * 14), "cannot be read"),
        (PROFILE.replace("events: ", "event: "), "cannot be read"),
        ("\0\xff" * 1000, "no summary"),
    ],
)
def test_a_damaged_profile_is_refused(text: str, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        cachegrind.parse(text)


def test_an_inference_is_the_run_less_the_reading() -> None:
    ran = Counter({"Ir": 1000, "ILmr": 3, "DLmr": 4, "DLmw": 5, "Dr": 10})
    read_only = Counter({"Ir": 400, "Dr": 20})
    found = cachegrind.per_inference(ran, read_only, 2)
    assert found == {"instructions": 300, "llc_misses": 6, "loads": 0}  # and nothing for events that were not there


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="perf_event_open is a Linux system call")
def test_a_counter_of_the_kernel_counts() -> None:
    """Each page of fresh memory that is touched is one fault."""
    if "page_faults" not in perf_events.available():
        pytest.skip("this machine does not let its users count")
    import mmap

    page = mmap.PAGESIZE
    with mmap.mmap(-1, 300 * page) as memory, perf_events.Event("page_faults", os.getpid()) as event:
        before = event.read()
        for index in range(300):
            memory[index * page] = 1
        after = event.read()
    assert 300 <= after.count - before.count <= 310
    assert after.complete


def test_a_counter_of_a_process_that_is_not_there() -> None:
    with pytest.raises(OSError):
        perf_events.Event("page_faults", 2**22 + 12345)


PROGRAM = """
#include <string.h>
#include <unistd.h>
static volatile unsigned work;
__attribute__((noinline)) void layer_only(void) { for (unsigned i = 0; i < 100000; i++) { work += i; } }
int main(void) {
    char line[64];
    unsigned used = 0;
    while (read(0, line + used, 1) == 1) {
        if (line[used++] != '\\n') { continue; }
        if (used == 8) {
            write(1, "error input is too long\\n", 24);
        } else {
            layer_only();
            write(1, "result 00 5 5\\n", 14);
        }
        used = 0;
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that speaks the protocol; its one layer runs a loop of 100,000 rounds, each at least one load."""
    folder = tmp_path_factory.mktemp("counted")
    source = folder / "counted.c"
    source.write_text(PROGRAM)
    toolchain.compile([source], folder / "counted", [*counters.PORTABLE_FLAGS, "-O1", "-D_GNU_SOURCE"])
    return folder / "counted"


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_cachegrind_counts_the_layer_exactly(program: Path, tmp_path: Path) -> None:
    found = counters.simulated(program, tmp_path, [b"\x00"])
    for figures in (found.layers["only"], found.total):
        assert figures["loads"].value == pytest.approx(100_000, rel=1e-3)
        assert figures["instructions"].evidence == "simulated" and "cachegrind" in figures["instructions"].basis
        assert (figures["instructions"].value or 0) >= 300_000


def test_what_the_hardware_shows_is_counted_for_the_inference_alone(program: Path) -> None:
    with HostProcess(program, (), 10) as process:
        found = counters.from_hardware(process, [b"\x00"])
    assert found.keys() == set(perf_events.available())
    if "instructions" in found:
        assert found["instructions"].value == pytest.approx(400_000, rel=0.3)
    for figure in found.values():
        assert figure.evidence == "measured" and isinstance(figure, Figure)


def test_without_valgrind_there_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(perf_events, "available", lambda: ())
    found = counters.simulated(tmp_path / "program", tmp_path, [b"\x00"])
    assert not found.total and "valgrind is not installed" in found.notes[0]
    assert counters.source() == "none"


@pytest.mark.parametrize(
    ("body", "message"),
    [("exit 3", "exit code 3"), ("exit 0", "wrote no profile"), ("kill -SEGV $$", "exit code -11")],
)
def test_a_valgrind_that_fails_is_one_clear_error(tmp_path: Path, body: str, message: str) -> None:
    fake = tmp_path / "valgrind"
    fake.write_text(f"#!/bin/sh\n{body}\n")
    fake.chmod(0o755)
    with pytest.raises(BackendError, match=message):
        cachegrind.profile(str(fake), tmp_path / "program", [], tmp_path / "out")


def test_a_profile_is_really_of_this_machine_s_valgrind() -> None:
    command = cachegrind.valgrind()
    if command is None:
        pytest.skip("valgrind is not installed")
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    assert cachegrind.version(command) == said and said.startswith("valgrind")

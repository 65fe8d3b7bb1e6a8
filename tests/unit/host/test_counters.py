"""Counters of this computer: the kernel's where it has them, Cachegrind's where it is installed, else a reason."""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from specc.codegen.toolchain import Toolchain
from specc.measure.backend import BackendError
from specc.resources import resource
from specc_backends.host import cachegrind, counters, perf_events

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


# Two layers under the real harness: one runs a loop of 100,000 rounds, each at least one load, the other touches pages
# that nobody has touched before, each a fault. The input is one byte, or two rows of one.
NETWORK = """
#define _GNU_SOURCE
#include "network.h"
#include <sys/mman.h>
enum { PAGE = 4096, PAGES = 30 };
static volatile unsigned work;
static uint8_t codes[2];
void layer_loop(void) { for (unsigned i = 0; i < 100000; i++) { work += i; } }
void layer_touch(void)
{
    volatile char *fresh = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise((void *)fresh, PAGES * PAGE, MADV_NOHUGEPAGE);
    for (int i = 0; i < PAGES; i++) { fresh[i * PAGE] = 1; }
    munmap((void *)fresh, PAGES * PAGE);
}
const char specc_network_name[] = "net";
const uint32_t specc_layer_count = 2;
const specc_layer specc_layers[] = {
    {"a-loop", layer_loop, 0, codes, 1, 1, 1, 1},
    {"touch", layer_touch, 0, codes, 1, 1, 1, 1},
};
uint32_t specc_layer_ticks[2];
#if STREAMED
const specc_call specc_calls[] = {{2, 0}, {1, 0}, {2, 1}, {0, 0}, {1, 0}};
#else
const specc_call specc_calls[] = {{0, 0}, {1, 0}, {1, 0}};
#endif
const uint32_t specc_call_count = sizeof specc_calls / sizeof *specc_calls;
uint8_t *const specc_input = codes;
const uint32_t specc_input_bytes = 1 + STREAMED;
const uint32_t specc_input_row_bytes = 1;
const uint32_t specc_input_rows_kept = 2 * STREAMED;
const void *const specc_output = codes;
const uint32_t specc_output_bytes = 1;
"""
PAGES = 30
LAYERS = ("a-loop", "touch")
FUNCTIONS = {"loop": "a-loop", "touch": "touch"}


@pytest.fixture(scope="module", params=[0, 1], ids=["whole input", "input by rows"])
def program(
    request: pytest.FixtureRequest, toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, bytes, bool]:
    """A program, an input, and whether the input arrives by rows."""
    folder = tmp_path_factory.mktemp("counted")
    (folder / "network.c").write_text(NETWORK)
    runtime = resource("firmware", "runtime")
    sources = [folder / "network.c", *(runtime / name for name in ("harness.c", "inference.c", "text.c"))]
    flags = (*Toolchain.portable, "-O1", f"-DSTREAMED={request.param}")
    toolchain.compile([*sources, resource("firmware", "host/board.c")], folder / "counted", flags, [runtime])
    return folder / "counted", bytes(1 + request.param), bool(request.param)


def test_the_kernel_s_counter_counts_layer_by_layer(program: tuple[Path, bytes, bool]) -> None:
    """Each page is one fault, in the layer that touches it, which runs twice; reading the input is not counted."""
    if "page_faults" not in perf_events.available():
        pytest.skip("this machine does not let its users count")
    found = counters.from_hardware(program[0], (), [program[1]], LAYERS)
    assert found.total.keys() == set(perf_events.available())
    own = found.layers["touch"]["page_faults"]
    assert (own.low, own.value, own.high, own.evidence) == (2 * PAGES, 2 * PAGES, 2 * PAGES, "measured")
    assert found.layers["a-loop"]["page_faults"].value == 0
    assert found.total["page_faults"].value == 2 * PAGES
    if "instructions" in found.total:
        assert found.layers["a-loop"]["instructions"].value == pytest.approx(400_000, rel=0.3)


def fake(folder: Path, counts: str) -> Path:
    """A program that answers every command, the `n`th by a Python expression of what it has counted."""
    script = folder / "fake"
    script.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "kind, config, end = map(int, os.environ['SPECC_COUNTER'].split())\n"
        "for n, command in enumerate(sys.stdin, 1):\n"
        f"    os.write(end, ({counts}).encode())\n"
        "    print('result 00 5 5 5', flush=True)\n"
    )
    script.chmod(0o755)
    return script


def test_counters_of_a_machine_that_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts of a fake: 100, 200, ... cycles in one layer and ten in the other; what is behind them is waiting."""
    monkeypatch.setattr(perf_events, "available", lambda: ("cycles", "branches"))
    program = fake(tmp_path, "f'1 {n}00 10 9999\\n' if config == 0 else f'1 {n} 0\\n'")
    found = counters.from_hardware(program, (), [b"\x00"], ("a", "b"))
    first, last = counters.WARM_UP + 1, counters.WARM_UP + counters.RUNS
    cycles = found.layers["a"]["cycles"]
    assert (cycles.low, cycles.high) == (100 * first, 100 * last)
    assert found.layers["b"]["cycles"].value == 10 and found.layers["b"]["branches"].value == 0
    assert (found.total["cycles"].low, found.total["cycles"].high) == (100 * first + 10, 100 * last + 10)
    assert found.total["branches"].high == last


@pytest.mark.parametrize(
    ("counts", "message"),
    [("'1 5\\n'", "counted 1 layers of 2"), ("'1 5 x\\n'", "counts are garbled"), ("sys.exit(3)", "exit code 3")],
)
def test_a_program_that_counts_nonsense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: str, message: str
) -> None:
    monkeypatch.setattr(perf_events, "available", lambda: ("cycles",))
    with pytest.raises(BackendError, match=message):
        counters.from_hardware(fake(tmp_path, counts), (), [b"\x00"], ("a", "b"))


@pytest.mark.parametrize(
    "counts",
    ["'0 5 5\\n'", "f'{int(n != 7)} 5 5\\n'", "os.close(end) or os.dup2(1, end) and ''"],
    ids=["off the hardware", "off it once", "refused"],
)
def test_a_counter_that_is_not_complete_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: str
) -> None:
    monkeypatch.setattr(perf_events, "available", lambda: ("cycles",))
    assert counters.from_hardware(fake(tmp_path, counts), (), [b"\x00"], ("a", "b")) == counters.Counters()


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_cachegrind_counts_the_layer_exactly(program: tuple[Path, bytes, bool], tmp_path: Path) -> None:
    found = counters.simulated(program[0], tmp_path, [program[1]], FUNCTIONS, streamed=program[2])
    for figures in (found.layers["a-loop"], found.total):
        assert figures["loads"].value == pytest.approx(100_000, rel=1e-2)
        assert figures["instructions"].evidence == "simulated" and "cachegrind" in figures["instructions"].basis
        assert (figures["instructions"].value or 0) >= 300_000
    assert found.layers["touch"]["stores"].value == pytest.approx(2 * PAGES, abs=20)
    if program[2]:
        for name, figure in found.total.items():
            assert figure.value == sum(found.layers[layer][name].value or 0 for layer in LAYERS)


def test_without_valgrind_there_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(perf_events, "available", lambda: ())
    found = counters.simulated(tmp_path / "program", tmp_path, [b"\x00"], {}, streamed=False)
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

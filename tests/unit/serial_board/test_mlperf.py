"""The MLPerf Tiny device protocol, spoken by a client of our own, on the same image as specc's protocol."""

from __future__ import annotations

import re
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import serial
from mlperf_client import ask, load, read_answer
from serial_rig import CLOCK_HZ, Start, make_job

from specc.codegen.toolchain import Toolchain
from specc.measure.backend import Job
from specc.numerics import golden
from specc.numerics.inputs import decode, draw_codes, encode, to_bytes
from specc.spec.model import LayerSpec
from specc_backends.serial_board.board import SerialBoard
from specc_backends.serial_board.firmware import Firmware, build_firmware
from specc_backends.serial_board.line import SerialLine

SMALL = (LayerSpec(name="pool", kind="avgpool"), LayerSpec(name="dense", kind="dense", units=4))
# The inputs of the four benchmarks, with small networks behind them.
BENCHMARKS = {
    "kws01": ((49, 10, 1), 490),
    "ic01": ((32, 32, 3), 3072),
    "ad01": ((640,), 2560),
    "vww01": ((96, 96, 3), 27648),
}


def build(folder: Path, name: str) -> tuple[Job, Firmware]:
    shape, _ = BENCHMARKS[name]
    job = make_job(folder, layers=SMALL[1:] if len(shape) == 1 else SMALL, shape=shape)
    place = folder / f"mlperf-{name}"
    place.mkdir(exist_ok=True)
    return job, build_firmware(job.network, job.target, Toolchain(folder), place)


def results_of(job: Job, codes: np.ndarray) -> list[float]:
    graph = job.network.network
    (output,) = golden.run(job.network, codes[np.newaxis])[graph.output]
    return [float(number) for number in decode(output, job.network.formats[graph.output]).ravel()]


def numbers(line: str) -> list[float]:
    found = re.fullmatch(r"m-results-\[(-?\d+\.\d{3}(?:,-?\d+\.\d{3})*)\]", line)
    assert found, line
    return [float(text) for text in found[1].split(",")]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_performance_run(start: Start, folder: Path, name: str) -> None:
    job, firmware = build(folder, name)
    _, size = BENCHMARKS[name]
    port = start(firmware).port
    assert ask(port, "name") == ["m-name-dut-[specc]", "m-ready"]
    assert ask(port, "profile") == [
        "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        f"m-model-[{name}]",
        "m-ready",
    ]
    (codes,) = draw_codes(job.spec.model.input, job.network, 1, 3)
    form = job.network.formats["x"]
    if name == "ad01":
        values = decode(codes, form) + form.scale * 0.4  # still nearest to the same codes
        codes = encode(values, form)
        data = np.asarray(values, "<f4").tobytes()
    else:
        data = to_bytes(codes, form)
    assert len(data) == size
    load(port, data)
    lines = ask(port, "infer 5 2")
    assert lines[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-5"]
    assert lines[5] == "m-infer-done" and lines[7:] == ["m-ready"]
    first, last = (int(re.fullmatch(r"m-lap-us-(\d+)", line)[1]) for line in lines[3:5])
    assert last > first
    assert numbers(lines[6]) == pytest.approx(results_of(job, codes), abs=0.0006)
    assert ask(port, "results") == [lines[6], "m-ready"]
    # The laps are the time of five inferences and of copying their input, no less than what specc's protocol measures.
    with SerialLine(port) as line:
        sample = SerialBoard(line, 20).sample(to_bytes(codes, form))
    inference = sample.total / CLOCK_HZ * 1e6
    assert 5 * inference <= last - first < 5 * inference + 5 * (40 * size / CLOCK_HZ * 1e6) + 500


def test_what_a_board_says_after_start_up_is_there_before_anyone_opens_the_port(
    start: Start, firmware: Firmware
) -> None:
    port = start(firmware).port
    with serial.Serial(port, 115_200, timeout=0.05, exclusive=False) as line:
        line.write(b"name%")
        lines = read_answer(line, 5)
    # Opening the port may discard what was waiting, as pyserial does; if not, it is the whole greeting.
    if lines != ["m-name-dut-[specc]", "m-ready"]:
        assert re.fullmatch(r"m-timestamp-mode-performance\|m-lap-us-\d+\|m-init-done\|m-ready", "|".join(lines))


def test_small_commands(port: str) -> None:
    (first, ready) = ask(port, "timestamp")
    assert re.fullmatch(r"m-lap-us-\d+", first) and ready == "m-ready"
    lines = ask(port, "help")
    assert {line.split()[0] for line in lines} >= {"name", "profile", "timestamp", "db", "infer", "results", "m-ready"}
    assert ask(port, "db load 108")[0] == "m-[Expecting 108 bytes]"
    assert ask(port, "db 00ff10AB") == ["m-ready"]
    lines = ask(port, "db print")
    assert lines[0].startswith("m-buffer-00-ff-10-ab-")
    assert len(lines) == 14 + 1 and all(len(line.split("-")) == 2 + 8 for line in lines[:13])


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("nonsense", "e-[Unknown command: nonsense]"),
        ("", "e-[Unknown command: ]"),
        ("   ", "e-[Unknown command: ]"),
        ("namename", "e-[Unknown command: namename]"),
        ("x" * 81, "e-[Command too long]"),
        ("x" * 500, "e-[Command too long]"),
        ("db", "e-[Command 'db' requires a subcommand]"),
        ("db load", "e-[Command 'db load' requires a number of bytes above 0]"),
        ("db load 0", "e-[Command 'db load' requires a number of bytes above 0]"),
        ("db load -5", "e-[Command 'db load' requires a number of bytes above 0]"),
        ("db load 4294967404", "e-[Command 'db load' requires a number of bytes above 0]"),
        ("db load 109", "e-[This network takes 108 bytes]"),
        ("db 00", "e-[No 'db load' came before]"),
        ("db 0", "e-[Insufficient number of hex digits]"),
        ("db 0g", "e-[Invalid hex digit]"),
        ("infer 1 0", "e-[No whole input was loaded]"),
        ("infer 0", "e-[Inference iterations must be >0]"),
        ("infer x", "e-[Inference iterations must be >0]"),
        ("infer 1 -1", "e-[Inference warmup must be >=0]"),
    ],
)
def test_errors(module_port: str, command: str, error: str) -> None:
    assert ask(module_port, command) == [error, "m-ready"]
    assert ask(module_port, "name") == ["m-name-dut-[specc]", "m-ready"]


def test_more_digits_than_asked_for_are_ignored(port: str) -> None:
    ask(port, "db load 108")
    for _ in range(3):
        assert ask(port, f"db {'11' * 31}") == ["m-ready"]
    assert ask(port, f"db {'22' * 31}") == ["m-load-done", "m-ready"]
    assert ask(port, f"db {'33' * 31}") == ["m-ready"]
    assert ask(port, "db print")[-2] == "m-buffer-22-22-22-22"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (0.0, 0),
        (float("inf"), 127),
        (float("-inf"), -128),
        (1e30, 127),
        (-1e30, -128),
        (1e-40, 0),
        (float("nan"), 0),
    ],
)
def test_floats_that_are_no_usual_numbers(start: Start, folder: Path, number: float, code: int) -> None:
    job, firmware = build(folder, "ad01")
    port = start(firmware).port
    form = job.network.formats["x"]
    load(port, struct.pack("<f", number) * 640)
    lines = ask(port, "infer 1 0")
    shifted = min(127, max(-128, code + form.zero_point)) if abs(code) < 127 else code
    assert numbers(lines[-2]) == pytest.approx(results_of(job, np.full(640, shifted, np.int64)), abs=0.0006)


def test_specc_and_mlperf_take_turns(port: str, folder: Path) -> None:
    assert ask(port, "name")[-1] == "m-ready"
    with SerialLine(port) as line:
        board = SerialBoard(line, 20)
        first = board.sample(bytes(108))
        board.restart()
        assert board.sample(bytes(108)).output == first.output
        board.leave()
    assert ask(port, "name") == ["m-name-dut-[specc]", "m-ready"]


@pytest.mark.parametrize(("pace", "times"), [(0.4, 20), (5.0, 200)])
def test_the_pace_of_the_board(start: Start, folder: Path, pace: float, times: int) -> None:
    """At a pace an inference lasts as long as the board says, divided by the pace, and never less."""
    _, firmware = build(folder, "vww01")
    port = start(firmware, "--pace", str(pace)).port
    load(port, bytes(27648))
    started = time.monotonic()
    lines = ask(port, f"infer {times} 0")
    passed = time.monotonic() - started
    laps = [int(line.rpartition("-")[2]) for line in lines if line.startswith("m-lap-us-")]
    expected = (laps[1] - laps[0]) / 1e6 / pace
    assert expected > 0.05
    assert passed >= expected

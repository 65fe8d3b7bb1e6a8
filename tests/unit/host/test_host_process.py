"""Programs that hang, crash or lie: each is one clear error, with what was said as its log."""

import stat
import time
from pathlib import Path

import pytest

from specc.measure.backend import BackendError
from specc_backends.host.process import HostProcess


def script(folder: Path, body: str) -> Path:
    """A program of any behaviour, as a shell script."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("exec sleep 60", "did not answer within 0.5 s"),
        ("exit 3", "exit code 3"),
        ("kill -SEGV $$", "signal 11"),
        ("read line; echo nonsense; exec sleep 60", "answered 'nonsense' instead of a result"),
        ("read line; echo result; exec sleep 60", "answered 'result' instead of a result"),
        ("read line; echo result 00 -5; exec sleep 60", "instead of a result"),
        ("read line; echo result 0g 5 5; exec sleep 60", "not hexadecimal"),
        ("read line; printf 'result 00 5'", "exit code 0"),
        ("read line; echo error input is too long; exec sleep 60", "error input is too long"),
        ("read line; while true; do echo layer 0 00; done", "did not answer within 0.5 s"),
    ],
)
def test_what_goes_wrong_is_said(tmp_path: Path, body: str, message: str) -> None:
    start = time.monotonic()
    with (
        pytest.raises(BackendError, match=message) as caught,
        HostProcess(script(tmp_path, body), (), 0.5) as process,
    ):
        process.run(b"\x01")
    assert time.monotonic() - start < 10
    lines = caught.value.log.splitlines()
    assert (lines[0] == "> run 01" and len(lines) <= 2) or len(lines) == 200


def test_a_trace_out_of_order_is_refused(tmp_path: Path) -> None:
    program = script(tmp_path, "read line; echo layer 1 00; echo layer 0 00; echo result 00 1 1 1; exec sleep 60")
    with pytest.raises(BackendError, match="garbled"), HostProcess(program, (), 5) as process:
        process.trace(b"\x01", 1)


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="cannot be started"):
        HostProcess(tmp_path / "absent", (), 1)


def test_a_result_is_read(tmp_path: Path) -> None:
    program = script(tmp_path, "read line; echo result 0aff 100 60 30; exec sleep 60")
    with HostProcess(program, (), 5) as process:
        result = process.run(b"\x01")
    assert (result.output, result.total, result.layers) == (b"\x0a\xff", 100, (60, 30))


def test_as_many_results_as_inferences_are_read(tmp_path: Path) -> None:
    program = script(tmp_path, 'read line; echo result 01 7 5; echo result 01 8 6; echo "result $line"; exec sleep 60')
    with HostProcess(program, (), 5) as process:
        assert [(result.total, result.layers) for result in process.repeat(b"\x01", 2)] == [(7, (5,)), (8, (6,))]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("read line; echo result 01 7 5; exit 4", "exit code 4"),
        ("read line; echo result 01 7 5; echo error out of memory; exec sleep 60", "error out of memory"),
        ("read line; echo error out of memory; exec sleep 60", "error out of memory"),
    ],
)
def test_repetitions_that_do_not_come(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(BackendError, match=message), HostProcess(script(tmp_path, body), (), 5) as process:
        process.repeat(b"\x01", 3)

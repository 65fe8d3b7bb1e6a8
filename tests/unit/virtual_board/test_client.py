"""Whatever the worker process does, its parent gets one clear error, in time."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from specc.measure.backend import BackendError
from specc_backends.virtual_board import client
from specc_backends.virtual_board.client import BoardProcess

ANSWER = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"reply": line, "counters": [], "exit_code": None}), flush=True)
"""


def worker(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_answers_are_read_whole(tmp_path: Path) -> None:
    with BoardProcess(tmp_path / "log", 5, worker(ANSWER)) as board:
        for size in (1, 1000, 300_000):
            (line,) = board.command("x" * size).lines
            assert json.loads(line)["line"] == "x" * size


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os, signal; input(); os.kill(os.getpid(), signal.SIGSEGV)", r"ended unexpectedly \(signal SIGSEGV\)"),
        ("import sys; input(); sys.exit(7)", r"ended unexpectedly \(exit status 7\)"),
        ("pass", r"ended unexpectedly \(exit status 0\)"),
        ("input(); print('half an ans', end='', flush=True)", r"ended unexpectedly \(exit status 0\)"),
    ],
)
def test_worker_that_dies(tmp_path: Path, code: str, message: str) -> None:
    with BoardProcess(tmp_path / "log", 5, worker(code)) as board, pytest.raises(BackendError, match=message):
        board.command("hello")


def test_log_of_a_worker_that_dies(tmp_path: Path) -> None:
    code = "import sys; input(); print('the reason', file=sys.stderr); sys.exit(1)"
    with BoardProcess(tmp_path / "log", 5, worker(code)) as board, pytest.raises(BackendError) as caught:
        board.command("hello")
    assert "the reason" in caught.value.log


def test_worker_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    started = time.monotonic()
    code = "import time; input(); time.sleep(60)"
    with (
        BoardProcess(tmp_path / "log", 0.3, worker(code)) as board,
        pytest.raises(BackendError, match=r"no answer within 0\.5 s"),
    ):
        board.command("hello")
    assert time.monotonic() - started < 30


def test_worker_that_trickles_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    code = "import time; input()\nwhile True: print('x', end='', flush=True); time.sleep(0.05)"
    with (
        BoardProcess(tmp_path / "log", 0.3, worker(code)) as board,
        pytest.raises(BackendError, match="no answer within"),
    ):
        board.command("hello")


@pytest.mark.parametrize("content", [b"", b"not an ELF file", b"\x7fELF" + bytes(100)])
def test_file_that_is_no_program(tmp_path: Path, library: Path, content: bytes) -> None:
    elf = tmp_path / "program.elf"
    elf.write_bytes(content)
    with (
        BoardProcess(tmp_path / "log", 10) as board,
        pytest.raises(BackendError, match=r"program\.elf is not a program"),
    ):
        board.load(elf, library, sram_bytes=1024)


def test_program_of_another_machine(tmp_path: Path, library: Path) -> None:
    with BoardProcess(tmp_path / "log", 10) as board, pytest.raises(BackendError, match="not for Arm"):
        board.load(library, library, sram_bytes=1024)


def test_command_before_a_program_is_loaded(tmp_path: Path) -> None:
    with BoardProcess(tmp_path / "log", 10) as board, pytest.raises(BackendError, match="no program was loaded"):
        board.command("hello")

"""`specc check --watch`: in a pipe and on a terminal, with files that change, vanish and come back."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

GOOD = "hwspec 1\nmodel m {\n  input x 8\n  dense d { units 2 }\n}\n"
BAD = GOOD.replace("dense", "dence")
PATIENCE = 60.0  # seconds; a busy machine is not a failure


class Output:
    """What a process writes, as it comes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.text = ""

    def wait_for(self, expected: str, count: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.text.count(expected) < count:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{expected!r} not within {PATIENCE} s in {self.text!r}"
            self.text += os.read(self.descriptor, 65536).decode()


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "a.hwspec"
    path.write_text(GOOD, encoding="utf-8")
    return path


def start(*paths: Path, stdout: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "specc", "check", "--watch", *map(str, paths)]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)


def interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert error == b""


@pytest.fixture
def piped(spec: Path) -> Iterator[tuple[subprocess.Popen[bytes], Output]]:
    process = start(spec, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process, Output(process.stdout.fileno())
    finally:
        process.kill()
        process.communicate()


def test_every_change_is_checked(spec: Path, piped: tuple[subprocess.Popen[bytes], Output]) -> None:
    process, output = piped
    output.wait_for("no errors in")
    spec.write_text(BAD, encoding="utf-8")
    output.wait_for("error[E1003]")
    spec.unlink()
    output.wait_for("error[E0001]")
    other = spec.with_name("new")
    other.write_text(GOOD, encoding="utf-8")
    other.replace(spec)  # as most editors save
    output.wait_for("no errors in", 2)
    interrupt(process)
    assert "\x1b" not in output.text


def test_what_is_imported_is_watched(tmp_path: Path, spec: Path) -> None:
    (tmp_path / "targets.hwspec").write_text("hwspec 1\ntarget t { use host }\n", encoding="utf-8")
    spec.write_text(GOOD.replace("hwspec 1\n", 'hwspec 1\nimport "targets.hwspec"\n'), encoding="utf-8")
    process = start(spec, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        output = Output(process.stdout.fileno())
        output.wait_for(" in ")
        (tmp_path / "targets.hwspec").write_text("hwspec 1\ntarget t { use hosst }\n", encoding="utf-8")
        output.wait_for("there is no hardware `hosst`")
        interrupt(process)
    finally:
        process.kill()
        process.communicate()


def test_a_terminal_is_cleared(spec: Path) -> None:
    master, slave = pty.openpty()
    process = start(spec, stdout=slave)
    try:
        os.close(slave)
        output = Output(master)
        output.wait_for("no errors in")
        assert output.text.startswith("\x1b[2J\x1b[H")
        interrupt(process)
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.parametrize("option", ["--fix", "--diff", "--format=json"])
def test_it_changes_nothing_and_prints_text(spec: Path, option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "specc", "check", "--watch", option, str(spec)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 2
    assert "--watch" in done.stderr

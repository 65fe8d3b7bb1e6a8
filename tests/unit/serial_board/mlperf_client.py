"""A host for the MLPerf Tiny device protocol, performance mode: opens the port anew for every command."""

from __future__ import annotations

import time

import serial

LINE_SECONDS, INFER_SECONDS = 5.0, 30.0


def ask(port: str, command: str) -> list[str]:
    """The lines that answer a command, `m-ready` the last of them."""
    with serial.Serial(port, 115_200, timeout=0.05) as line:
        line.write(f"{command}%".encode("ascii"))
        return read_answer(line, INFER_SECONDS if command.startswith("infer") else LINE_SECONDS)


def read_answer(line: serial.Serial, line_seconds: float) -> list[str]:
    """Lines up to `m-ready`; each must come in time and end in CR LF."""
    lines: list[str] = []
    pending = b""
    deadline = time.monotonic() + line_seconds
    while not lines or lines[-1] != "m-ready":
        assert time.monotonic() < deadline, f"no line in time after {lines}, {pending!r}"
        pending += line.read(max(1, line.in_waiting))
        while b"\r\n" in pending:
            text, _, pending = pending.partition(b"\r\n")
            assert text == text.strip() and b"\r" not in text and b"\n" not in text
            lines.append(text.decode("ascii"))
            deadline = time.monotonic() + line_seconds
    assert pending == b""
    return lines


def load(port: str, data: bytes) -> None:
    """Load an input, in as many commands as it takes."""
    assert ask(port, f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]", "m-ready"]
    digits = data.hex()
    with serial.Serial(port, 115_200, timeout=0.05) as line:
        for at in range(0, len(digits), 62):
            line.write(f"db {digits[at : at + 62]}%".encode("ascii"))
            last = at + 62 >= len(digits)
            assert read_answer(line, LINE_SECONDS) == [*(["m-load-done"] if last else []), "m-ready"]

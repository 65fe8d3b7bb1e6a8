"""The parent's end of the worker: starts it, talks to it, and survives whatever becomes of it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from specc.measure.backend import BackendError

# -P: a file in the current folder must not stand in for a module.
WORKER: Final = (sys.executable, "-P", "-m", "specc_backends.virtual_board.worker")
GRACE_SECONDS: Final = 15.0  # beyond the guest's own limit, for start-up and for a busy machine


@dataclass(frozen=True)
class Reply:
    """The answer to one command: the lines the guest wrote, and what each probe region did meanwhile."""

    lines: tuple[str, ...]
    counters: tuple[dict[str, int], ...]
    exit_code: int | None


class BoardProcess:
    """A virtual board in a process of its own."""

    def __init__(self, log: Path, seconds: float, worker: tuple[str, ...] = WORKER) -> None:
        """Start the worker.

        Args:
            log: file for what the worker writes to its error output.
            seconds: limit of one command on the board.
            worker: the command line that starts it.
        """
        self._log = log
        self._seconds = seconds
        log.parent.mkdir(parents=True, exist_ok=True)
        self._errors: IO[bytes] = log.open("wb")
        self._process = subprocess.Popen(worker, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors)
        self._pending = b""

    def __enter__(self) -> BoardProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._errors.close()

    def load(self, elf: Path, library: Path, **machine: object) -> None:
        """Load a program and reset the board; `machine` are the remaining arguments of `Machine`.

        Raises:
            BackendError: the program does not fit the board, or the worker failed.
        """
        self._ask({"do": "load", "elf": str(elf), "library": str(library), "seconds": self._seconds} | machine)

    def command(self, line: str) -> Reply:
        """Send one line of the firmware protocol.

        Raises:
            BackendError: the guest or the worker failed, or did not answer in time.
        """
        answer = self._ask({"do": "command", "line": line})
        return Reply(tuple(answer["reply"].splitlines()), tuple(answer["counters"]), answer["exit_code"])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        answer: dict[str, Any] = json.loads(self._read_line())
        if "error" in answer:
            raise BackendError(f"virtual board: {answer['error']}", self._log_text())
        return answer

    def _read_line(self) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + self._seconds + GRACE_SECONDS
        pieces = [self._pending]
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in pieces[-1]:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self._process.kill()
                    raise BackendError(
                        f"virtual board: no answer within {self._seconds + GRACE_SECONDS:g} s; the worker was ended",
                        self._log_text(),
                    )
                piece = os.read(descriptor, 1 << 16)
                if not piece:
                    raise self._died()
                pieces.append(piece)
        line, _, self._pending = b"".join(pieces).partition(b"\n")
        return line

    def _died(self) -> BackendError:
        status = self._process.wait()
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        return BackendError(f"virtual board: the worker process ended unexpectedly ({how})", self._log_text())

    def _log_text(self) -> str:
        self._errors.flush()
        return self._log.read_text(errors="replace")

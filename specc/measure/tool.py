"""Running another maker's tool: it ends as its output or as one clear error, whatever it does."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from typing import Final

from specc.measure.backend import BackendError

_REASON_LENGTH: Final = 300


def run_tool(name: str, command: Sequence[str], seconds: float) -> str:
    """Run a command to its end, without input; what it printed, errors included.

    Args:
        name: what messages call the tool.
        command: the program and its arguments.
        seconds: after which it is stopped.

    Raises:
        BackendError: it cannot be started, crashed, failed, or took too long; the log is what it printed.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BackendError(f"{name} did not end within {seconds:g} s", _text(error.output)) from error
    except OSError as error:
        raise BackendError(f"{name} cannot be started: {error}") from error
    if done.returncode < 0:
        raise BackendError(f"{name} crashed: {signal.Signals(-done.returncode).name}", done.stdout)
    if done.returncode > 0:
        raise BackendError(f"{name} failed: {_reason(done.stdout)[:_REASON_LENGTH]}", done.stdout)
    return done.stdout


def _reason(printed: str) -> str:
    """The line that most likely says why: one that begins with `error`, else one that has it, else the last."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    beginning = (line for line in lines if line.lower().startswith("error"))
    anywhere = (line for line in lines if "error" in line.lower())
    return next(beginning, None) or next(anywhere, None) or (lines[-1] if lines else "it printed nothing")


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""

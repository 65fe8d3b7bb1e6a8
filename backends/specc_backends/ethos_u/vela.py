"""Vela as a subprocess: whatever it does, crash included, ends as files or as one clear error.

Vela is Arm's compiler for Ethos-U (package `ethos-u-vela`). Its core is native code that can end with a segmentation
fault, so it never runs in this process.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from specc.measure.backend import BackendError
from specc.measure.tool import run_tool

PACKAGE: Final = "ethos-u-vela"
TESTED_VERSION: Final = "5.2.0"  # its cycle model changes from version to version
TIME_LIMIT: Final = 300.0  # seconds
# -P: a module named ethosu in the user's folder must not take the compiler's place.
COMMAND: Final = (sys.executable, "-P", "-m", "ethosu.vela")


@dataclass(frozen=True)
class VelaRun:
    """What one run left behind."""

    per_layer: str  # CSV
    summary: str  # CSV
    warnings: tuple[str, ...]  # among them, where Vela gives one, the reason why an operator was left to the CPU


def installed() -> str | None:
    """Version of the installed Vela, or None."""
    if importlib.util.find_spec("ethosu") is None:
        return None
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return None


def run_vela(
    model: Path,
    accelerator: str,
    system: str,
    memory: str,
    output: Path,
    *,
    command: Sequence[str] = COMMAND,
    time_limit: float = TIME_LIMIT,
) -> VelaRun:
    """Compile a model and collect Vela's performance estimate.

    Args:
        model: a `.tflite` file.
        accelerator: for example `ethos-u55-128`.
        system: a system configuration of Vela's own `Arm/vela.ini`.
        memory: a memory mode of the same file.
        output: folder for Vela's files; old estimates in it are removed first.
        command: how Vela is started.
        time_limit: seconds.

    Raises:
        BackendError: Vela crashed, failed, took too long or left no estimate.
    """
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("*.csv"):
        old.unlink()
    arguments = [
        *command,
        str(model),
        "--accelerator-config",
        accelerator,
        "--config",
        "Arm/vela.ini",
        "--system-config",
        system,
        "--memory-mode",
        memory,
        "--verbose-performance",
        "--show-cpu-operations",
        "--output-dir",
        str(output),
    ]
    printed = run_tool("Vela", arguments, time_limit)
    return VelaRun(
        per_layer=_only(output, "*_per-layer.csv", printed),
        summary=_only(output, "*_summary_*.csv", printed),
        warnings=tuple(line.strip()[:300] for line in printed.splitlines() if line.startswith("Warning")),
    )


def _only(folder: Path, pattern: str, printed: str) -> str:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise BackendError(f"Vela left {len(found)} files {pattern} instead of one", printed)
    return found[0].read_text(encoding="utf-8", errors="replace")

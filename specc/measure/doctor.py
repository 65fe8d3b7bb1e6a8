"""What this machine has of the tools that specc can use, and what the absence of each costs."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from specc.measure.backend import discover

_POWERCAP: Final = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Tool:
    """Something specc can use. `found` is its version or path; None where it is missing."""

    name: str
    found: str | None
    cost: str  # what is lost without it
    repair: str  # how to get it; empty where it cannot be had by installing


# Distribution, module that shows it is usable, what is lost without it, and the extra that brings it.
_PACKAGES: Final = (
    ("ziglang", "ziglang", "no C compiler: nothing can be built or measured", ""),
    ("unicorn", "unicorn", "no virtual boards", ""),
    ("capstone", "capstone", "no virtual boards", ""),
    ("pyserial", "serial", "no real boards", ""),
    ("weasyprint", "weasyprint", "no PDF documents", ""),
    ("scikit-learn", "sklearn", "no decision tree in the document", ""),
    ("ethos-u-vela", "ethosu", "no estimates for Ethos-U", "ethos-u"),
    ("ai-edge-litert", "ai_edge_litert", "no LiteRT baseline on the host", "baselines"),
    ("onnxruntime", "onnxruntime", "no ONNX Runtime baseline on the host", "baselines"),
    ("onnx", "onnx", "ONNX models cannot be read", "onnx"),
    ("pyarrow", "pyarrow", "no export to Parquet", "parquet"),
)
_COMMANDS: Final = (
    (("gcc",), 'no second compiler to compare with on the host (`compile "gcc -O2"`)', "install the system's gcc"),
    (("valgrind",), "no simulated counters on a host without hardware counters", "install the system's valgrind"),
    (("pyocd", "openocd"), "boards cannot be flashed by `specc flash`", "pip install pyocd, or the system's openocd"),
)


def examine(powercap: Path = _POWERCAP) -> list[Tool]:
    """Every tool, packages first."""
    return [*_packages(), *_commands(), _energy_counters(powercap), _backends()]


def _packages() -> list[Tool]:
    found = []
    for name, module, cost, extra in _PACKAGES:
        repair = f"pip install 'specc[{extra}]'" if extra else "pip install specc again: it comes with it"
        found.append(Tool(name, _version(name, module), cost, repair))
    return found


def _version(name: str, module: str) -> str | None:
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return version(name)
    except PackageNotFoundError:
        return "version unknown"


def _commands() -> list[Tool]:
    return [
        Tool(" or ".join(names), next(filter(None, map(shutil.which, names)), None), cost, repair)
        for names, cost, repair in _COMMANDS
    ]


def _energy_counters(folder: Path) -> Tool:
    readable = []
    for path in sorted(folder.glob("*-rapl:*/energy_uj")):
        try:
            path.read_text()
        except OSError:
            continue
        readable.append(path.parent.name)
    return Tool(
        "RAPL energy counters",
        ", ".join(readable) or None,
        "the energy of an inference on this computer stays unknown",
        "only on Intel and AMD, and often readable by root alone",
    )


def _backends() -> Tool:
    names: Sequence[str] = [backend.name for backend in discover()]
    return Tool("backends", ", ".join(names) or None, "nothing can be measured", "pip install specc again")

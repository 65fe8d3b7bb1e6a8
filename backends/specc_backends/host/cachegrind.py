"""Simulated counters by Valgrind's Cachegrind, for machines that show no hardware counters.

File format and events: Valgrind user manual, "Cachegrind: a cache and branch-prediction profiler". A function's counts
exclude the functions it calls; a layer is one function, its kernel inlined.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc.measure.backend import BackendError

# Name of the counter to Cachegrind's events, which are added up.
COUNTERS: Final[dict[str, tuple[str, ...]]] = {
    "instructions": ("Ir",),
    "loads": ("Dr",),
    "stores": ("Dw",),
    "l1i_misses": ("I1mr",),
    "l1d_load_misses": ("D1mr",),
    "l1d_store_misses": ("D1mw",),
    "llc_misses": ("ILmr", "DLmr", "DLmw"),
    "branches": ("Bc", "Bi"),
    "mispredictions": ("Bcm", "Bim"),
}
_TIME_LIMIT: Final = 300.0  # seconds; Cachegrind runs a program some 50 times slower


@dataclass(frozen=True)
class Profile:
    """Counts of one run of a program: in all, and by function."""

    total: Counter[str]
    functions: dict[str, Counter[str]]
    caches: tuple[str, ...]  # the simulated caches, as Cachegrind describes them


def valgrind() -> str | None:
    """Path of Valgrind, or None."""
    return shutil.which("valgrind")


def version(command: str) -> str:
    """What Valgrind calls itself, for provenance; empty where it does not answer."""
    try:
        done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def profile(command: str, program: Path, lines: Sequence[str], output: Path) -> Profile:
    """Run a network program under Cachegrind and feed it command lines.

    Raises:
        BackendError: Valgrind failed, or wrote what cannot be read.
    """
    arguments = [command, "--tool=cachegrind", "--cache-sim=yes", "--branch-sim=yes"]
    try:
        done = subprocess.run(
            [*arguments, f"--cachegrind-out-file={output}", str(program)],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendError(f"valgrind failed: {error}") from error
    if done.returncode != 0:
        raise BackendError(f"valgrind ended with exit code {done.returncode}", done.stderr)
    if not output.is_file():
        raise BackendError("valgrind wrote no profile", done.stderr)
    return parse(output.read_text(encoding="utf-8", errors="replace"))


def parse(text: str) -> Profile:
    """Read a Cachegrind output file.

    Raises:
        BackendError: it is not one, or it is cut short.
    """
    events: list[str] = []
    caches: list[str] = []
    functions: dict[str, Counter[str]] = {}
    function: Counter[str] = Counter()
    total: Counter[str] | None = None
    for line in text.splitlines():
        key, separator, rest = line.partition("=") if line[:3] in ("fl=", "fn=") else line.partition(":")
        if key == "fn" and separator:
            function = functions.setdefault(rest, Counter())
        elif key == "desc":
            caches.append(" ".join(rest.split()))
        elif key == "events":
            events = rest.split()
        elif key == "summary":
            total = _counts(events, rest.split())
        elif line[:1].isdigit():
            function.update(_counts(events, line.split()[1:]))
    if total is None:
        raise BackendError("valgrind's profile has no summary: it is cut short")
    return Profile(total, functions, tuple(caches))


def per_inference(ran: Counter[str], read_only: Counter[str], inferences: int) -> dict[str, float]:
    """Our counters of one inference: a run that infers less one that only reads the same input."""
    difference = Counter(ran)
    difference.subtract(read_only)
    return {
        name: max(0, sum(difference[event] for event in events)) / inferences
        for name, events in COUNTERS.items()
        if all(event in ran for event in events)
    }


def _counts(events: Sequence[str], words: Sequence[str]) -> Counter[str]:
    """One line of counts; events that are left out at the end of a line are zero."""
    if len(words) > len(events) or not all(word.isdecimal() for word in words):
        raise BackendError("valgrind's profile cannot be read")
    values = [int(word) for word in words] + [0] * (len(events) - len(words))
    return Counter(dict(zip(events, values, strict=True)))

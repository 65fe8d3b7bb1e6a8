"""What the host lets us control: the processor that a program runs on, and what its caches hold."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PROCESSORS: Final = Path("/sys/devices/system/cpu")
_CACHES: Final = Path("/sys/devices/system/cpu/cpu0/cache")
_MULTIPLE: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
# Written where the operating system does not say how large the caches are: more than most processors have.
_ASSUMED_CACHE_BYTES: Final = 64 * 1024**2


def chosen_cpu() -> int | None:
    """The processor to pin to: the last one this process may use. None where the system cannot pin."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def frequency(cpu: int | None, folder: Path = _PROCESSORS) -> float | None:
    """Clock of a processor now, in hertz, or None where the system does not tell."""
    try:
        return int((folder / f"cpu{cpu or 0}/cpufreq/scaling_cur_freq").read_text()) * 1e3
    except (OSError, ValueError):
        return None


def cache_bytes(folder: Path = _CACHES) -> int | None:
    """Size of the largest cache in bytes, or None where the system does not tell."""
    sizes = []
    for file in folder.glob("index*/size"):
        match = re.fullmatch(r"(\d+)([KMG]?)", file.read_text().strip())
        if match:
            sizes.append(int(match[1]) * _MULTIPLE[match[2]])
    return max(sizes, default=None)


def evict_caches(cpu: int | None) -> None:
    """Overwrite every level of cache of a processor, by writing twice the largest cache's size on it."""
    size = 2 * (cache_bytes() or _ASSUMED_CACHE_BYTES)
    with _pinned(cpu):
        # Written in small pieces, so that each byte really passes through the caches.
        buffer, line = bytearray(size), b"\xa5" * 4096
        for offset in range(0, size, len(line)):
            buffer[offset : offset + len(line)] = line


@contextlib.contextmanager
def _pinned(cpu: int | None) -> Iterator[None]:
    if cpu is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

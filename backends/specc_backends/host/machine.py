"""What the host lets us control: the processor that a program runs on, and what its caches hold."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_PROCESSORS: Final = Path("/sys/devices/system/cpu")
_CACHES: Final = Path("/sys/devices/system/cpu/cpu0/cache")
_MULTIPLE: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
# Written where the operating system does not say how large the caches are: more than most processors have.
_ASSUMED_CACHE_BYTES: Final = 64 * 1024**2
_AT_ONCE: Final = 16384  # bytes: written in small pieces, each byte really passes through the caches
MOST_THREADS: Final = 64  # of firmware/host/thread_pool.c


def chosen_cpus(threads: int = 1) -> tuple[int, ...]:
    """The processors to pin threads to, one each: the last ones this process may use. None where it cannot pin."""
    return tuple(sorted(os.sched_getaffinity(0), reverse=True)[:threads]) if hasattr(os, "sched_getaffinity") else ()


def thread_count(declared: int) -> int:
    """How many threads run: as many as a target declares cores, if this process may use as many processors."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(declared, usable, MOST_THREADS)


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


def eviction_memory() -> mmap.mmap:
    """Memory of twice the largest cache's size, to be closed. To get it takes the system longer than to write it, the
    more so by small pages: so it is for several evictions."""
    memory = mmap.mmap(-1, 2 * (cache_bytes() or _ASSUMED_CACHE_BYTES))
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without huge pages
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def evict_caches(memory: mmap.mmap, cpus: Sequence[int]) -> None:
    """Overwrite every level of cache of some processors, by writing the memory on each."""
    piece = b"\xa5" * _AT_ONCE
    for cpu in cpus or (None,):
        with _pinned(cpu):
            for offset in range(0, len(memory), _AT_ONCE):
                memory[offset : offset + _AT_ONCE] = piece[: len(memory) - offset]


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

"""Peaks of this computer: the loops of firmware/peaks, over memory of the size of each cache and beyond."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from specc.codegen.toolchain import Toolchain, ToolchainError
from specc.evidence import Figure
from specc.measure.backend import BackendError, Job
from specc.measure.peaks import MAC, Peaks, rates_of
from specc.measure.statistics import summarise
from specc.resources import resource
from specc_backends.host.machine import chosen_cpus, thread_count

# Well inside of the nearest cache, of the next, and beyond most of the last.
_NEAR, _MIDDLE, _FAR = 16 << 10, 256 << 10, 128 << 20
_SETS: Final = (
    ("mac", "multiply", 0, 20_000),
    ("l1_read", "read_memory", _NEAR, 4_000),
    ("l2_read", "read_memory", _MIDDLE, 200),
    ("ram_read", "read_memory", _FAR, 1),
    ("ram_write", "write_memory", _FAR, 1),
)
_RUNS: Final = 15
_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 1e-9


def sources() -> list[Path]:
    """The files whose content decides the rates, beside the board's own."""
    return sorted(resource("firmware", "peaks").iterdir())


def measure_peaks(job: Job, key: str, toolchain: Toolchain, flags: Sequence[str]) -> Peaks:
    """Build and run the loops, `_RUNS` times, at once in as many processes as the target is to have threads.

    Raises:
        BackendError: the build or the run failed.
    """
    folder = job.build_folder.resolve() / "host" / job.target.name
    sets = " ".join(f'SET("{name}",{loop},{size},{times})' for name, loop, size, times in _SETS)
    defines = (f"-DPEAK_MEMORY_BYTES={_FAR}", "-DPEAK_CONSTANT_BYTES=64", f"-DPEAK_SETS={sets}")
    include = [resource("firmware", "kernels"), resource("firmware", "runtime")]
    files = [*sources(), resource("firmware", "runtime/text.c"), resource("firmware", "host/board.c")]
    program = folder / "peaks"
    try:
        toolchain.compile(files, program, (*flags, *defines), include)
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error
    threads = thread_count(job.target.cores)
    cpus = chosen_cpus(threads)
    with ThreadPoolExecutor(threads) as pool:
        each = list(pool.map(lambda number: _run(program, cpus[number : number + 1]), range(threads)))
    seconds: dict[str, list[float]] = {}
    work: dict[str, int] = {}
    for at_once in zip(*each, strict=True):
        for loops in zip(*map(rates_of, at_once), strict=True):
            name, done, _ = loops[0]
            work[name] = threads * done
            # The rates of all processes add up; what follows wants the time that their work takes at that rate.
            rate = sum(own / (ticks * _TICK_SECONDS) for _, own, ticks in loops)
            seconds.setdefault(name, []).append(work[name] / rate)
    how_many = "one thread" if threads == 1 else f"{threads} threads"
    return Peaks(
        key=key,
        hardware=job.target.hardware.name,
        clock_hz=None,
        compiler_flags=" ".join(flags),
        evidence="measured",
        rates={name: _rate(name, work[name], taken, how_many) for name, taken in seconds.items()},
    )


def _run(program: Path, cpus: Sequence[int]) -> list[str]:
    command = [str(program)]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            if cpus:
                os.sched_setaffinity(process.pid, cpus)
            try:
                output, _ = process.communicate("peaks\n" * _RUNS, timeout=_SECONDS)
            except BaseException:
                process.kill()
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendError(f"the loops failed on this computer: {error}") from error
    lines = output.splitlines()
    if process.returncode or len(lines) != _RUNS:
        raise BackendError(f"the loops ended with exit code {process.returncode} after {len(lines)} runs", output)
    return lines


def _rate(name: str, work: int, seconds: Sequence[float], how_many: str) -> Figure:
    """The rate of the median run, with the interval of the median."""
    time = summarise(seconds, "measured", f"runs of {how_many} on this computer").best
    assert time.value is not None and time.low is not None and time.high is not None
    return Figure(
        value=work / time.value,
        low=work / time.high,
        high=work / time.low,
        unit="MAC/s" if name == MAC else "B/s",
        evidence="measured",
        basis=f"{work:,} in {time.value:.3g} s; {time.basis}",
    )

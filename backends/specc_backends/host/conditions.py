"""Under which conditions a measurement of this computer was taken, and what was seen meanwhile, in words."""

from __future__ import annotations

import os
from collections.abc import Sequence

from specc.measure.statistics import summarise
from specc.spec.hardware import Target
from specc_backends.host.machine import cache_bytes, thread_count
from specc_backends.host.process import TICK_SECONDS
from specc_backends.host.sitting import Samples


def asked_variant() -> str:
    """What firmware/kernels/x86/variant.h is told to use at most."""
    return os.environ.get("SPECC_KERNELS", "")


def notes(target: Target, samples: Samples) -> tuple[str, ...]:
    """What was seen of the clock, and what was asked for and not done."""
    said = []
    threads = thread_count(target.cores)
    if threads < target.cores:
        usable = "one processor" if threads == 1 else f"{threads} processors"
        said.append(f"{target.cores} cores are declared, but {usable} could be used: so many threads were measured")
    if samples.one_thread:
        said.append(_gain(threads, samples))
    if samples.frequencies:
        low, high = min(samples.frequencies) / 1e6, max(samples.frequencies) / 1e6
        said.append(f"processor clock {low:,.0f} to {high:,.0f} MHz over the run")
    else:
        said.append("the processor clock over the run is not known: the system does not tell")
    return tuple(said)


def _gain(threads: int, samples: Samples) -> str:
    """What further threads were good for, from medians of warm runs."""
    together, alone = (
        summarise([run.total * TICK_SECONDS for run in runs], "measured", "").p50
        for runs in (samples.warm, samples.one_thread)
    )
    medians = f"the medians are {together * 1e6:.1f} µs and {alone * 1e6:.1f} µs"
    if together < alone:
        return f"{threads} threads are {alone / together:.2f} times as fast as one: {medians}"
    return f"{threads} threads are no faster than one: {medians}; `cores 1` would serve this network as well"


def conditions(cpus: Sequence[int], threads: int) -> tuple[str, ...]:
    """How the measurement was set up, for provenance."""
    size = "twice the size of the largest cache" if cache_bytes() else "a size larger than most caches"
    return (
        ("one thread" if threads == 1 else f"{threads} threads")
        + (f", pinned to processor{'s' if len(cpus) > 1 else ''} {' and '.join(map(str, cpus))}" if cpus else ""),
        *((f"kernels: {asked_variant()} at most, by SPECC_KERNELS",) if asked_variant() else ()),
        "the time of a layer includes one reading of the monotonic clock",
        f"cold starts: caches overwritten with {size}",
    )

"""Counters of one inference on this computer: of the hardware where it shows them, else simulated, else none."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specc.evidence import Figure
from specc.measure.statistics import percentile
from specc_backends.host import cachegrind, perf_events
from specc_backends.host.process import HostProcess

# Valgrind knows no AVX-512, which the native build may use.
PORTABLE_FLAGS: Final = (
    "-target",
    "native",
    *(("-mcpu=x86_64_v3",) if platform.machine() in ("x86_64", "AMD64") else ()),
)
RUNS: Final = 10  # inferences that each hardware counter is read over
_SIMULATED_INFERENCES: Final = 2
_LAYER_PREFIX: Final = "layer_"


@dataclass(frozen=True)
class Counters:
    """Counters of a whole inference, those of layers where the source can tell them apart, and what to know of them."""

    total: dict[str, Figure] = field(default_factory=dict)
    layers: dict[str, dict[str, Figure]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def source() -> str:
    """What counters this machine offers, as part of a result's key."""
    found = perf_events.available()
    if "cycles" in found or "instructions" in found:
        return "perf_event_open: " + " ".join(found)
    command = cachegrind.valgrind()
    return f"cachegrind: {cachegrind.version(command)}" if command else "none"


def from_hardware(process: HostProcess, inputs: Sequence[bytes]) -> dict[str, Figure]:
    """Every counter that this machine has, one after the other, each over `RUNS` inferences of a running program.

    What reading the input costs is counted by itself and taken off; writing the result is left in.
    """
    figures = {}
    for name in perf_events.available():
        try:
            with perf_events.Event(name, process.id) as event:
                counts = [_inference_count(event, process, inputs[i % len(inputs)]) for i in range(RUNS)]
        except OSError:
            continue  # offered for this process, but not for another
        complete = [count for count in counts if count is not None]
        if len(complete) == RUNS:
            figures[name] = Figure(
                value=percentile(complete, 50),
                low=min(complete),
                high=max(complete),
                unit=name.replace("_", " "),
                evidence="measured",
                basis=f"median, smallest and largest of {RUNS} inferences, user code only, with writing the result",
            )
    return figures


def simulated(program: Path, folder: Path, inputs: Sequence[bytes]) -> Counters:
    """Cachegrind's counters for a program built without instructions that Valgrind does not know.

    Raises:
        BackendError: Valgrind failed.
    """
    command = cachegrind.valgrind()
    if command is None:
        return Counters(notes=("no counters: this machine shows none, and valgrind is not installed",))
    lines = [f"run {inputs[i % len(inputs)].hex()}" for i in range(_SIMULATED_INFERENCES)]
    ran = cachegrind.profile(command, program, lines, folder / "cachegrind.run")
    # One digit too many: the program reads the whole input, then refuses it.
    read_only = cachegrind.profile(command, program, [f"{line}0" for line in lines], folder / "cachegrind.read")
    basis = f"{cachegrind.version(command)}, cachegrind, {len(lines)} inferences from cold caches"
    basis = "; ".join((basis, *ran.caches))

    def figures(counts: dict[str, float]) -> dict[str, Figure]:
        return {name: Figure.exact(value, name.replace("_", " "), "simulated", basis) for name, value in counts.items()}

    layers = {
        name.removeprefix(_LAYER_PREFIX): figures(
            cachegrind.per_inference(counts, read_only.functions.get(name, Counter()), len(lines))
        )
        for name, counts in ran.functions.items()
        if name.startswith(_LAYER_PREFIX)
    }
    return Counters(
        total=figures(cachegrind.per_inference(ran.total, read_only.total, len(lines))),
        layers=layers,
        notes=(
            "counters simulated by cachegrind, on a build without the instructions that it does not know (AVX-512)",
        ),
    )


def _inference_count(event: perf_events.Event, process: HostProcess, codes: bytes) -> float | None:
    """Count of one inference, or None where the counter was off the hardware for a part of it."""
    start = event.read()
    process.refuse(codes)
    between = event.read()
    process.run(codes)
    end = event.read()
    if not end.complete:
        return None
    return max(0, (end.count - between.count) - (between.count - start.count))

"""Counters of one inference on this computer: of the hardware where it shows them, else simulated, else none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specc.evidence import Figure
from specc.measure.backend import BackendError
from specc.measure.statistics import percentile
from specc_backends.host import cachegrind, perf_events
from specc_backends.host.process import HostProcess

RUNS: Final = 10  # inferences that each hardware counter is read over
WARM_UP: Final = 2  # inferences before them
_TIME_LIMIT: Final = 60.0  # seconds for one of them
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


def from_hardware(program: Path, cpus: Sequence[int], inputs: Sequence[bytes], layers: Sequence[str]) -> Counters:
    """Every counter that this machine has, one after the other, each over `RUNS` inferences of a process of its own.

    Args:
        program: the network's, which reads the counter itself around every layer.
        cpus: the processors to pin it to.
        inputs: in turn.
        layers: their names, in order.

    Raises:
        BackendError: the program failed.
    """
    total: dict[str, Figure] = {}
    each: dict[str, dict[str, Figure]] = {layer: {} for layer in layers}
    for name in perf_events.available():
        counts = _counts(program, cpus, inputs, perf_events.EVENTS[name], len(layers))
        if counts is None:
            continue  # offered for this process, but not for another
        total[name] = _figure(name, [sum(one) for one in counts], "the sum of the layers")
        for layer, own in zip(layers, zip(*counts, strict=True), strict=True):
            each[layer][name] = _figure(name, own, "less what a layer without code counts")
    return Counters(total, {layer: own for layer, own in each.items() if own})


def _counts(
    program: Path, cpus: Sequence[int], inputs: Sequence[bytes], event: tuple[int, int], layers: int
) -> list[tuple[int, ...]] | None:
    """Of each inference, the count of each layer; None where one is not complete."""
    found = []
    with HostProcess(program, cpus, _TIME_LIMIT, counter=event) as process:
        for index in range(WARM_UP + RUNS):
            process.run(inputs[index % len(inputs)])
            counts = process.counts()
            if counts is None:
                return None
            if len(counts) < layers:
                raise BackendError(f"the program counted {len(counts)} layers of {layers}")
            found.append(counts[:layers])  # behind them: waiting for rows of the input
    return found[WARM_UP:]


def _figure(name: str, counts: Sequence[int], basis: str) -> Figure:
    return Figure(
        value=percentile(counts, 50),
        low=min(counts),
        high=max(counts),
        unit=name.replace("_", " "),
        evidence="measured",
        basis=f"median, smallest and largest of {RUNS} inferences, user code only, {basis}",
    )


def simulated(
    program: Path, folder: Path, inputs: Sequence[bytes], layers: Mapping[str, str], *, streamed: bool
) -> Counters:
    """Cachegrind's counters for a program built without instructions that Valgrind does not know.

    Args:
        program: the network's.
        folder: for Cachegrind's files.
        inputs: in turn.
        layers: the names of the layers, by what their functions are called behind `layer_`.
        streamed: whether the input arrives by rows. Then the whole is the sum of the layers; else it is what is left
            of the program's counts without reading the input.

    Raises:
        BackendError: Valgrind failed.
    """
    command = cachegrind.valgrind()
    if command is None:
        return Counters(notes=("no counters: this machine shows none, and valgrind is not installed",))
    lines = [f"run {inputs[i % len(inputs)].hex()}" for i in range(_SIMULATED_INFERENCES)]
    ran = cachegrind.profile(command, program, lines, folder / "cachegrind.run")
    basis = f"{cachegrind.version(command)}, cachegrind, {len(lines)} inferences from cold caches"
    basis = "; ".join((basis, *ran.caches))

    def figures(counts: dict[str, float]) -> dict[str, Figure]:
        return {name: Figure.exact(value, name.replace("_", " "), "simulated", basis) for name, value in counts.items()}

    own = {
        name: ran.functions[_LAYER_PREFIX + function]
        for function, name in layers.items()
        if _LAYER_PREFIX + function in ran.functions
    }
    if streamed:
        whole, reading = Counter[str](), Counter[str]()
        for counts in own.values():
            whole.update(counts)
    else:
        # One digit too many: the program reads the whole input, then refuses it.
        reading = cachegrind.profile(command, program, [f"{line}0" for line in lines], folder / "cachegrind.read").total
        whole = ran.total
    return Counters(
        total=figures(cachegrind.per_inference(whole, reading, len(lines))),
        layers={name: figures(cachegrind.per_inference(counts, Counter(), len(lines))) for name, counts in own.items()},
        notes=(
            "counters simulated by cachegrind, on a build without the instructions that it does not know (AVX-512)",
        ),
    )

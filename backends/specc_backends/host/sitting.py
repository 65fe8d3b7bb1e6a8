"""One sitting with the program: every output compared, warm runs, counters, energy, cold starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from specc.evidence import Figure
from specc.measure.backend import BackendError, Job
from specc.measure.result import OutputDifference
from specc.measure.sampling import narrow_enough
from specc_backends.host import rapl
from specc_backends.host.machine import evict_caches, frequency
from specc_backends.host.process import HostProcess, Result

if TYPE_CHECKING:
    from specc.numerics.quantized import IntArray

INPUTS: Final = 8  # distinct inputs, in turn
WARM_UP: Final = 10
SAMPLES: Final = 400  # enough to bound the 99th percentile (368 needed at 95 % confidence)
SAMPLES_AT_LEAST: Final = 100
SAMPLES_AT_MOST: Final = 2000  # where the interval of the median stays wide
SAMPLING_SECONDS: Final = 10.0  # fewer samples where they would take longer
COLD_STARTS: Final = 10
COMMAND_SECONDS: Final = 60.0
_WRAP_SECONDS: Final = 4.0  # the program's counter has 32 bits of nanoseconds
_SAMPLES_PER_LOOK: Final = 100  # between two looks at the clock frequency and at the interval


@dataclass(frozen=True)
class Samples:
    """What one sitting gave; `difference`: the first output of a layer that is not the golden model's."""

    warm: list[Result]
    cold: list[Result]
    difference: OutputDifference | None
    one_thread: list[Result]  # warm runs of the same program with one thread; empty where it has no more anyway
    energy: Figure
    frequencies: tuple[float, ...]  # hertz, over the run; empty where the system does not tell


def seed(job: Job) -> int:
    """Seed of the inputs: that of the weights, so that a spec fixes both."""
    return job.spec.model.weights.seed if job.spec.model.weights else 0


def input_codes(job: Job) -> IntArray:
    """The inputs of the measurement: (INPUTS, *input shape)."""
    from specc.numerics.inputs import draw_codes

    return draw_codes(job.spec.model.input, job.network, INPUTS, seed(job))


def input_lines(job: Job) -> list[bytes]:
    """The same inputs as they lie in the program's memory."""
    from specc.numerics.inputs import to_bytes

    return [to_bytes(one, job.network.formats[job.network.network.input]) for one in input_codes(job)]


def take_samples(job: Job, program: Path, cpus: Sequence[int], threads: int) -> Samples:
    """Run the program of a job, each thread on one of the processors where they are given.
    Raises:
        BackendError: the program crashed, hung, broke the protocol or is another one.
    """
    from specc.measure.difference import first_difference
    from specc.numerics import golden

    graph = job.network.network
    codes = input_codes(job)
    lines = input_lines(job)
    expected = golden.run(job.network, codes)
    with HostProcess(program, cpus, COMMAND_SECONDS, threads) as process:
        _greet(process, job)
        traces = [process.trace(line, len(graph.layers))[0] for line in lines]
        warm, frequencies = _warm_samples(process, lines, cpus, SAMPLES_AT_MOST)
        energy = rapl.energy(lambda: process.run(lines[0]), rapl.packages())
    one_thread: list[Result] = []
    if threads > 1:
        with HostProcess(program, cpus, COMMAND_SECONDS) as process:
            one_thread, _ = _warm_samples(process, lines, cpus, SAMPLES_AT_LEAST)
    cold = []
    for index in range(COLD_STARTS):
        with HostProcess(program, cpus, COMMAND_SECONDS, threads) as process:
            _greet(process, job)
            evict_caches(cpus)
            cold.append(process.run(lines[index % INPUTS]))
    outputs = [
        (index % INPUTS, result.output) for runs in (warm, one_thread, cold) for index, result in enumerate(runs)
    ]
    different = first_difference(job.network, expected, traces, outputs)
    return Samples(warm, cold, different, one_thread, energy, frequencies)


def _greet(process: HostProcess, job: Job) -> None:
    graph = job.network.network
    expected = ["specc", "1", graph.name, str(len(graph.layers)), "ns"]
    answer = process.hello()
    if answer != expected:
        raise BackendError(f"the program answered {answer} to hello, not {expected}")


def _warm_samples(
    process: HostProcess, lines: list[bytes], cpus: Sequence[int], at_most: int
) -> tuple[list[Result], tuple[float, ...]]:
    """Warm runs until the median is known well enough, and the clock of the main thread's processor meanwhile."""
    for index in range(WARM_UP):
        process.run(lines[index % INPUTS])
    samples: list[Result] = []
    cpu = cpus[0] if cpus else None
    frequencies: list[float | None] = [frequency(cpu)]
    start = time.monotonic()
    while len(samples) < at_most:
        before = time.monotonic()
        samples.append(process.run(lines[len(samples) % INPUTS]))
        now = time.monotonic()
        if now - before > _WRAP_SECONDS:
            raise BackendError(f"an inference takes more than the {_WRAP_SECONDS:g} s that its 32-bit timer can count")
        if len(samples) >= SAMPLES_AT_LEAST and now - start > SAMPLING_SECONDS:
            break
        if len(samples) % _SAMPLES_PER_LOOK == 0:
            frequencies.append(frequency(cpu))
            if len(samples) >= SAMPLES and narrow_enough([sample.total for sample in samples]):
                break
    return samples, tuple(hertz for hertz in frequencies if hertz is not None)

"""One sitting with the program: every output compared, warm runs, counters, energy, cold starts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from specc.evidence import Figure
from specc.measure.backend import BackendError, Job
from specc.measure.result import OutputDifference
from specc.measure.sampling import narrow_enough
from specc_backends.host import rapl
from specc_backends.host.machine import evict_caches, eviction_memory, frequency
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
_AT_ONCE: Final = 20  # inferences of an input right after each other; few, so that all inputs meet the same conditions
_SECONDS_AT_ONCE: Final = 0.1  # fewer where they would take longer


@dataclass(frozen=True)
class Samples:
    """What one sitting gave; `difference`: the first output of a layer that is not the golden model's."""

    warm: list[Result]
    cold: list[Result]
    difference: OutputDifference | None
    one_thread: list[Result]  # warm runs of the same program with one thread; empty where it has no more anyway
    energy: Figure
    frequencies: tuple[float, ...]  # hertz, over the run; empty where the system does not tell


_Taken = tuple[int, Result]  # the number of the input, and what came of it


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
        at_once = _warm_up(process, lines)
        warm, frequencies = _warm_samples(process, lines, cpus, at_once, SAMPLES_AT_MOST)
        energy = rapl.energy(lambda: len(process.repeat(lines[0], at_once)), rapl.packages())
    one_thread: list[_Taken] = []
    if threads > 1:
        with HostProcess(program, cpus, COMMAND_SECONDS) as process:
            one_thread, _ = _warm_samples(process, lines, cpus, _warm_up(process, lines), SAMPLES_AT_LEAST)
    cold: list[_Taken] = []
    with eviction_memory() as memory:
        for index in range(COLD_STARTS):
            with HostProcess(program, cpus, COMMAND_SECONDS, threads) as process:
                _greet(process, job)
                evict_caches(memory, cpus)
                cold.append((index % INPUTS, process.run(lines[index % INPUTS])))
    outputs = [(number, result.output) for number, result in (*warm, *one_thread, *cold)]
    different = first_difference(job.network, expected, traces, outputs)
    return Samples(_results(warm), _results(cold), different, _results(one_thread), energy, frequencies)


def _results(taken: list[_Taken]) -> list[Result]:
    return [result for _, result in taken]


def _greet(process: HostProcess, job: Job) -> None:
    graph = job.network.network
    expected = ["specc", "1", graph.name, str(len(graph.layers)), "ns"]
    answer = process.hello()
    if answer != expected:
        raise BackendError(f"the program answered {answer} to hello, not {expected}")


def _warm_up(process: HostProcess, lines: list[bytes]) -> int:
    """Run what is not counted; how many inferences are to follow each other."""
    seconds = []
    for index in range(WARM_UP):
        before = time.monotonic()
        process.run(lines[index % INPUTS])
        seconds.append(time.monotonic() - before)
    return max(1, min(_AT_ONCE, int(_SECONDS_AT_ONCE / median(seconds))))


def _warm_samples(
    process: HostProcess, lines: list[bytes], cpus: Sequence[int], at_once: int, at_most: int
) -> tuple[list[_Taken], tuple[float, ...]]:
    """Warm runs until the median is known well enough, and the clock of the main thread's processor meanwhile.

    Of several right after each other, the first follows a pause, and is one more that is not counted.
    """
    samples: list[_Taken] = []
    cpu = cpus[0] if cpus else None
    frequencies: list[float | None] = [frequency(cpu)]
    start = time.monotonic()
    pause = int(at_once > 1)
    for number in itertools.cycle(range(INPUTS)):
        before = time.monotonic()
        samples += [(number, result) for result in process.repeat(lines[number], pause + at_once)[pause:]]
        now = time.monotonic()
        if now - before > _WRAP_SECONDS:
            raise BackendError(f"an inference takes more than the {_WRAP_SECONDS:g} s that its 32-bit timer can count")
        frequencies.append(frequency(cpu))
        if len(samples) >= at_most or (len(samples) >= SAMPLES_AT_LEAST and now - start > SAMPLING_SECONDS):
            break
        if len(samples) >= SAMPLES and narrow_enough([result.total for _, result in samples]):
            break
    return samples, tuple(hertz for hertz in frequencies if hertz is not None)

"""The backend: build natively, compare with the golden model, then time warm runs and cold starts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from specc.codegen.generate import code_hash, generate, render
from specc.codegen.toolchain import COMMON_FLAGS, HOST_FLAGS, Toolchain, ToolchainError, optimisation_flags
from specc.evidence import Figure
from specc.measure import provenance
from specc.measure.backend import BackendError, Job
from specc.measure.result import Latency, LayerResult, Measurement, Provenance
from specc.measure.statistics import summarise
from specc.resources import resource
from specc.spec.hardware import Target
from specc_backends.host.image import memory
from specc_backends.host.machine import cache_bytes, chosen_cpu, evict_caches
from specc_backends.host.process import HostProcess, Result

if TYPE_CHECKING:
    from specc.numerics.quantized import IntArray

INPUTS: Final = 8  # distinct inputs, in turn
WARM_UP: Final = 10
SAMPLES: Final = 400  # enough to bound the 99th percentile (368 needed at 95 % confidence)
SAMPLES_AT_LEAST: Final = 100
SAMPLING_SECONDS: Final = 10.0  # fewer samples than SAMPLES where they would take longer
COLD_STARTS: Final = 10
COMMAND_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 1e-9
_WRAP_SECONDS: Final = 4.0  # the program's counter has 32 bits of nanoseconds
_STEPS_PER_INFERENCE: Final = 100  # a clock is too coarse if an inference takes fewer of its steps


@dataclass(frozen=True)
class _Samples:
    warm: list[Result]
    cold: list[Result]
    exact: bool


class HostBackend:
    """Measures the computer that specc runs on."""

    name = "host"
    version = "1"

    def supports(self, target: Target) -> bool:
        """Targets whose core is `host`."""
        return target.hardware.core == "host"

    def key(self, job: Job) -> str:
        """Hash of everything that can change the result, this computer included. Budgets and names cannot."""
        return provenance.content_key(
            backend=[self.name, self.version],
            input=job.spec.model.input.model_dump(mode="json"),
            graph=provenance.graph_hash(job.network),
            code=code_hash(render(job.network), [_board()]),
            flags=_flags(job.target),
            target=job.target.model_dump(mode="json", exclude={"name"}),
            sampling=[INPUTS, WARM_UP, SAMPLES, COLD_STARTS, _seed(job)],
            host=provenance.host_description(),
            libraries=_libraries(),
        )

    def measure(self, job: Job, key: str) -> Measurement:
        """Build and measure.

        Raises:
            BackendError: the build failed, the program crashed, hung or broke the protocol, or the clock is too coarse.
        """
        flags = _flags(job.target)
        toolchain = Toolchain(job.build_folder)
        job.progress(f"{job.target.name}: building for this computer")
        try:
            program = _build(job, toolchain, flags)
            compiler = toolchain.version
        except ToolchainError as error:
            raise BackendError(str(error), error.log) from error
        cpu = chosen_cpu()
        job.progress(f"{job.target.name}: measuring on this computer")
        samples = _sample(job, program, cpu)
        totals = [result.total * _TICK_SECONDS for result in samples.warm]
        _require_fine_clock(totals)
        return Measurement(
            key=key,
            target=job.target.name,
            evidence="measured",
            layers=_layers(job, samples.warm),
            total=summarise(totals, "measured", "warm runs on this computer"),
            overhead=summarise(
                [(result.total - sum(result.layers)) * _TICK_SECONDS for result in samples.warm],
                "measured",
                "total less the sum of the layers, warm runs",
            ),
            cold=summarise(
                [result.total * _TICK_SECONDS for result in samples.cold],
                "measured",
                "first inference of fresh processes, caches overwritten before",
            ),
            counters={},
            memory=memory(program),
            energy=Figure.unknown("J", "the power of this computer is not measured"),
            output_matches_golden=samples.exact,
            provenance=Provenance(
                spec_hash=provenance.spec_hash(job.spec),
                graph_hash=provenance.graph_hash(job.network),
                code_hash=code_hash(render(job.network), [_board()]),
                compiler=compiler,
                compiler_flags=" ".join((*COMMON_FLAGS, *flags)),
                backend=self.name,
                backend_version=self.version,
                hardware=job.target.hardware.name,
                clock_hz=None,
                core_model="none: run natively",
                model_assumptions=_conditions(cpu),
                fact_sources=provenance.fact_sources(job.target.hardware),
                host=provenance.host_description(),
                seed=_seed(job),
                inputs=INPUTS,
                warmup=WARM_UP,
                library_versions=_libraries(),
                taken_at=provenance.now(),
            ),
        )


def _board() -> Path:
    return resource("firmware", "host/board.c")


def _seed(job: Job) -> int:
    """Seed of the inputs: that of the weights, so that a spec fixes both."""
    return job.spec.model.weights.seed if job.spec.model.weights else 0


def _libraries() -> dict[str, str]:
    return provenance.library_versions("specc", "numpy", "ziglang")


def _flags(target: Target) -> tuple[str, ...]:
    try:
        return (*HOST_FLAGS, *optimisation_flags(target.compile))
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error


def _build(job: Job, toolchain: Toolchain, flags: tuple[str, ...]) -> Path:
    folder = job.build_folder.resolve() / "host" / job.target.name
    code = generate(job.network, folder / "source")
    program = folder / "network"
    toolchain.compile([*code.sources, _board()], program, flags, code.include_folders)
    return program


def _sample(job: Job, program: Path, cpu: int | None) -> _Samples:
    from specc.numerics import golden
    from specc.numerics.inputs import draw_codes, to_bytes

    graph = job.network.network
    codes = draw_codes(job.spec.model.input, job.network, INPUTS, _seed(job))
    lines = [to_bytes(one, job.network.formats[graph.input]) for one in codes]
    expected = golden.run(job.network, codes)
    with HostProcess(program, cpu, COMMAND_SECONDS) as process:
        _greet(process, job)
        exact = all(_trace_matches(process, job, line, expected, index) for index, line in enumerate(lines))
        for index in range(WARM_UP):
            process.run(lines[index % INPUTS])
        warm = _warm_samples(process, lines)
    outputs = [to_bytes(expected[graph.output][index], job.network.formats[graph.output]) for index in range(INPUTS)]
    exact = exact and all(result.output == outputs[index % INPUTS] for index, result in enumerate(warm))
    cold = []
    for index in range(COLD_STARTS):
        with HostProcess(program, cpu, COMMAND_SECONDS) as process:
            _greet(process, job)
            evict_caches(cpu)
            cold.append(process.run(lines[index % INPUTS]))
    exact = exact and all(result.output == outputs[index % INPUTS] for index, result in enumerate(cold))
    return _Samples(warm, cold, exact)


def _greet(process: HostProcess, job: Job) -> None:
    graph = job.network.network
    expected = ["specc", "1", graph.name, str(len(graph.layers)), "ns"]
    answer = process.hello()
    if answer != expected:
        raise BackendError(f"the program answered {answer} to hello, not {expected}")


def _trace_matches(process: HostProcess, job: Job, line: bytes, expected: dict[str, IntArray], index: int) -> bool:
    from specc.numerics.inputs import to_bytes

    outputs, _ = process.trace(line)
    layers = job.network.network.layers
    return outputs == [to_bytes(expected[layer.name][index], job.network.layer_format(layer)) for layer in layers]


def _warm_samples(process: HostProcess, lines: list[bytes]) -> list[Result]:
    samples: list[Result] = []
    start = time.monotonic()
    while len(samples) < SAMPLES:
        before = time.monotonic()
        samples.append(process.run(lines[len(samples) % INPUTS]))
        now = time.monotonic()
        if now - before > _WRAP_SECONDS:
            raise BackendError(f"an inference takes more than the {_WRAP_SECONDS:g} s that its 32-bit timer can count")
        if len(samples) >= SAMPLES_AT_LEAST and now - start > SAMPLING_SECONDS:
            break
    return samples


def _require_fine_clock(totals: list[float]) -> None:
    step = time.clock_getres(time.CLOCK_MONOTONIC)
    shortest = min(totals)
    if shortest < _STEPS_PER_INFERENCE * step:
        raise BackendError(
            f"the clock of this computer advances in steps of {step:.3g} s: "
            f"too coarse for an inference of {shortest:.3g} s"
        )


def _layers(job: Job, warm: list[Result]) -> tuple[LayerResult, ...]:
    def latency(index: int) -> Latency:
        return summarise([result.layers[index] * _TICK_SECONDS for result in warm], "measured", "warm runs")

    layers = job.network.network.layers
    return tuple(LayerResult(name=layer.name, latency=latency(i), counters={}) for i, layer in enumerate(layers))


def _conditions(cpu: int | None) -> tuple[str, ...]:
    """How the measurement was set up, for provenance."""
    size = "twice the size of the largest cache" if cache_bytes() else "a size larger than most caches"
    return (
        "one thread" + ("" if cpu is None else f", pinned to processor {cpu}"),
        "the time of a layer includes one reading of the monotonic clock",
        f"cold starts: caches overwritten with {size}",
    )

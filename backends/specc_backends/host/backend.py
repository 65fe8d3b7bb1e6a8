"""The backend: build natively, compare with the golden model, then time warm runs and cold starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from specc.codegen.gcc import host_toolchain
from specc.codegen.generate import code_hash, generate, kernel_names, render
from specc.codegen.kernels import GENERIC, family_of
from specc.codegen.layers import identifiers
from specc.codegen.toolchain import CLANG, COMMON_FLAGS, GCC, Toolchain, ToolchainError, compiler_of, optimisation_flags
from specc.measure import provenance
from specc.measure.backend import BackendError, Job
from specc.measure.generator import generator_hash
from specc.measure.gradients import SAMPLES as GRADIENT_SAMPLES
from specc.measure.gradients import wanted
from specc.measure.peaks import Peaks
from specc.measure.result import Baseline, Latency, LayerResult, Measurement, Provenance
from specc.measure.sampling import sample_notes
from specc.measure.statistics import summarise
from specc.resources import resource
from specc.spec.hardware import Target
from specc_backends.baselines import installed, measure_baseline
from specc_backends.host import counters, peaks
from specc_backends.host.conditions import asked_variant, conditions, notes
from specc_backends.host.gradients import measure_gradients
from specc_backends.host.image import memory
from specc_backends.host.machine import chosen_cpus, thread_count
from specc_backends.host.process import TICK_SECONDS, Result
from specc_backends.host.sitting import (
    COLD_STARTS,
    INPUTS,
    SAMPLES,
    SAMPLES_AT_MOST,
    WARM_UP,
    input_codes,
    input_lines,
    seed,
    take_samples,
)

_STEPS_PER_INFERENCE: Final = 100  # a clock is too coarse if an inference takes fewer of its steps


class HostBackend:
    """Measures the computer that specc runs on."""

    name = "host"
    version = "3"

    def supports(self, target: Target) -> bool:
        """Targets whose core is `host`."""
        return target.hardware.core == "host"

    def key(self, job: Job) -> str:
        """Hash of everything that can change the result, this computer included. Budgets and names cannot."""
        return provenance.content_key(
            backend=[self.name, self.version],
            input=job.spec.model.input.model_dump(mode="json"),
            graph=provenance.graph_hash(job.network),
            schedule=job.network.schedule,
            generator=generator_hash(_board_files()),
            **_compiler(job),
            target=job.target.model_dump(mode="json", exclude={"name"}),
            threads=thread_count(job.target.cores),
            kernels=_family(job),
            sampling=[INPUTS, WARM_UP, SAMPLES, SAMPLES_AT_MOST, COLD_STARTS, seed(job)],
            counters=counters.source(),
            baselines=[f"{runtime.name} {runtime.version}" for runtime in installed()],
            host=provenance.host_description(),
            variant=asked_variant(),
            libraries=_libraries(),
            **({"gradients": GRADIENT_SAMPLES} if wanted(job) else {}),
        )

    def peaks_key(self, job: Job) -> str:
        """Hash of everything that can change the peaks of this computer."""
        return provenance.content_key(
            backend=[self.name, self.version],
            sources=[path.read_text(encoding="utf-8") for path in (*peaks.sources(), *_board_files())],
            **_compiler(job),
            threads=thread_count(job.target.cores),
            host=provenance.host_description(),
            libraries=_libraries(),
        )

    def peaks(self, job: Job, key: str) -> Peaks:
        """Build and run the loops of `firmware/peaks`.

        Raises:
            BackendError: the build or the run failed.
        """
        toolchain = _toolchain(job)
        return peaks.measure_peaks(job, key, toolchain, _flags(job.target, toolchain))

    def measure(self, job: Job, key: str) -> Measurement:
        """Build and measure.

        Raises:
            BackendError: the build failed, the program crashed, hung or broke the protocol, or the clock is too coarse.
        """
        toolchain = _toolchain(job)
        flags = _flags(job.target, toolchain)
        job.progress(f"{job.target.name}: building for this computer")
        threads = thread_count(job.target.cores)
        cpus = chosen_cpus(threads)
        try:
            program, planned = _build(job, toolchain, flags, threads)
            compiler = toolchain.version
        except ToolchainError as error:
            raise BackendError(str(error), error.log) from error
        job.progress(f"{job.target.name}: measuring on this computer")
        samples = take_samples(job, program, cpus, threads)
        totals = [result.total * TICK_SECONDS for result in samples.warm]
        _require_fine_clock(totals)
        found = self._counters(job, toolchain, program, cpus)
        baselines, without = _baselines(job, cpus, threads)
        gradients = measure_gradients(job, toolchain, flags, _board(), cpus[:1]) if wanted(job) else None
        return Measurement(
            key=key,
            target=job.target.name,
            evidence="measured",
            layers=_layers(job, samples.warm, found),
            total=summarise(totals, "measured", "warm runs on this computer"),
            overhead=summarise(
                [(result.total - sum(result.layers)) * TICK_SECONDS for result in samples.warm],
                "measured",
                "total less the sum of the layers, warm runs",
            ),
            cold=summarise(
                [result.total * TICK_SECONDS for result in samples.cold],
                "measured",
                "first inference of fresh processes, caches overwritten before",
            ),
            counters=found.total,
            memory=memory(program, planned),
            energy=samples.energy,
            output_matches_golden=samples.difference is None,
            output_difference=samples.difference,
            gradients=gradients,
            provenance=Provenance(
                spec_hash=provenance.spec_hash(job.spec),
                graph_hash=provenance.graph_hash(job.network),
                model_file=provenance.model_file(job.spec),
                code_hash=code_hash(render(job.network, _family(job), threads=threads), _board_files()),
                compiler=compiler,
                compiler_flags=" ".join((*COMMON_FLAGS, *flags)),
                backend=self.name,
                backend_version=self.version,
                hardware=job.target.hardware.name,
                clock_hz=None,
                core_model="none: run natively",
                model_assumptions=conditions(cpus, threads),
                fact_sources=provenance.fact_sources(job.target.hardware),
                host=provenance.host_description(),
                seed=seed(job),
                inputs=INPUTS,
                warmup=WARM_UP,
                library_versions=_libraries(),
                taken_at=provenance.now(),
                kernels=kernel_names(job.network, _family(job)),
                schedule=job.network.schedule,
            ),
            baselines=baselines,
            notes=(*sample_notes(totals), *notes(job.target, samples), *found.notes, *without),
        )

    def _counters(self, job: Job, toolchain: Toolchain, program: Path, cpus: Sequence[int]) -> counters.Counters:
        """Counters of one thread: others that wait for it would be counted too. Where the hardware does not tell
        instructions, a simulator's stand beside its own; one that fails costs its counters only."""
        layers = identifiers(job.network.network)
        seen = counters.from_hardware(program, cpus, input_lines(job), tuple(layers))
        if "instructions" in seen.total:
            return seen
        job.progress(f"{job.target.name}: simulating counters")
        try:
            flags = (*toolchain.portable, *_asked(job.target))
            program, _ = _build(job, toolchain, flags, 1, "counters")
            functions = {function: name for name, function in layers.items()}
            streamed = job.network.network.input in job.network.rings
            found = counters.simulated(program, program.parent, input_lines(job), functions, streamed=streamed)
        except (BackendError, ToolchainError) as error:
            return counters.Counters(seen.total, seen.layers, (f"no counters: {str(error).splitlines()[0]}",))
        each = {name: found.layers.get(name, {}) | seen.layers.get(name, {}) for name in layers}
        return counters.Counters(found.total | seen.total, each, found.notes)


def _family(job: Job) -> str:
    """The family of kernels.

    Raises:
        BackendError: another one is asked for than this computer can run, one for some layers alone, or weights in a
            memory it does not have.
    """
    job.options.require_weights_in_flash("the program for this computer")
    if job.options.fixed:
        raise BackendError("the program for this computer is not built with kernels chosen by layer")
    fastest = family_of(job.target.hardware.core, has_dsp=False)
    asked = job.options.kernels or fastest
    if asked not in (GENERIC, fastest):
        raise BackendError(f"this computer cannot run {asked} kernels")
    return asked


def _board() -> Path:
    return resource("firmware", "host/board.c")


def _board_files() -> list[Path]:
    return sorted(_board().parent.iterdir())


def _libraries() -> dict[str, str]:
    return provenance.library_versions("specc", "numpy", "ziglang", "ai-edge-litert", "onnxruntime")


def _toolchain(job: Job) -> Toolchain:
    try:
        return host_toolchain(job.target.compile, job.build_folder)
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error


def _flags(target: Target, toolchain: Toolchain) -> tuple[str, ...]:
    return (*toolchain.native, *_asked(target))


def _asked(target: Target) -> tuple[str, ...]:
    try:
        return optimisation_flags(target.compile, (CLANG, GCC))
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error


def _compiler(job: Job) -> dict[str, object]:
    """What of the compiler can change a result. The one that specc brings is a library, and named among those."""
    toolchain = _toolchain(job)
    flags: dict[str, object] = {"flags": _flags(job.target, toolchain)}
    if compiler_of(job.target.compile) != GCC:
        return flags
    try:
        return flags | {"compiler": toolchain.version}
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error


def _build(
    job: Job, toolchain: Toolchain, flags: tuple[str, ...], threads: int, name: str = "network"
) -> tuple[Path, int]:
    """The program, and the bytes that are planned for its activations."""
    folder = job.build_folder.resolve() / "host" / job.target.name
    code = generate(job.network, folder / "source", _family(job), threads=threads)
    program = folder / name
    toolchain.compile([*code.sources, _board()], program, flags, code.include_folders)
    return program, code.arena_bytes


def _baselines(job: Job, cpus: Sequence[int], threads: int) -> tuple[tuple[Baseline, ...], tuple[str, ...]]:
    """Other runtimes on the same inputs; those that cannot run the network are named with the reason."""
    from specc.numerics import golden

    codes = input_codes(job)
    expected = golden.run(job.network, codes)[job.network.network.output]
    folder = job.build_folder.resolve() / "host" / job.target.name / "baselines"
    found, without = [], []
    for runtime in installed():
        job.progress(f"{job.target.name}: measuring {runtime.name} on this computer")
        try:
            found.append(measure_baseline(runtime, job.network, codes, expected, folder, cpus=cpus, threads=threads))
        except BackendError as error:
            without.append(f"no baseline: {str(error).splitlines()[0]}")
    return tuple(found), tuple(without)


def _require_fine_clock(totals: list[float]) -> None:
    step = time.clock_getres(time.CLOCK_MONOTONIC)
    shortest = min(totals)
    if shortest < _STEPS_PER_INFERENCE * step:
        raise BackendError(
            f"the clock of this computer advances in steps of {step:.3g} s: "
            f"too coarse for an inference of {shortest:.3g} s"
        )


def _layers(job: Job, warm: list[Result], found: counters.Counters) -> tuple[LayerResult, ...]:
    def latency(index: int) -> Latency:
        return summarise([result.layers[index] * TICK_SECONDS for result in warm], "measured", "warm runs")

    layers = job.network.network.layers
    return tuple(
        LayerResult(name=layer.name, latency=latency(index), counters=found.layers.get(layer.name, {}))
        for index, layer in enumerate(layers)
    )

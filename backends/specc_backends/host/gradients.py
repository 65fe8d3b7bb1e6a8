"""Gradients on the host: a program of its own, its times by layer, its answers compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from specc.codegen.generate import generate
from specc.codegen.gradients import FLAGS, SRAM_PREFIXES, generate_gradients
from specc.codegen.toolchain import Toolchain, ToolchainError
from specc.evidence import Figure
from specc.graph.tail import dense_tail
from specc.measure.backend import BackendError, Job
from specc.measure.gradients import SAMPLES, Answer, absent, difference, read_answer, requests
from specc.measure.result import GradientResult, LayerResult, MemoryResult
from specc.measure.statistics import summarise
from specc_backends.host.image import memory, symbol_bytes
from specc_backends.host.process import HostProcess

_TICK_SECONDS: Final = 1e-9
_SECONDS: Final = 60.0
_REPETITIONS: Final = 25  # of each input


def measure_gradients(
    job: Job, toolchain: Toolchain, flags: tuple[str, ...], board: Path, cpus: Sequence[int]
) -> GradientResult:
    """Build the program with the backward pass, run it on one thread, compare.

    Raises:
        BackendError: the build failed, or the program crashed, hung or broke the protocol.
    """
    from specc.numerics.inputs import draw_codes

    folder = job.build_folder.resolve() / "host" / job.target.name
    code = generate(job.network, folder / "source")
    program = folder / "gradients"
    try:
        sources = [*code.sources, *generate_gradients(job.network, code).sources, board]
        toolchain.compile(sources, program, (*flags, *FLAGS), code.include_folders)
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error
    weights = job.spec.model.weights
    codes = draw_codes(job.spec.model.input, job.network, SAMPLES, weights.seed if weights else 0)
    lines = requests(job, codes)
    with HostProcess(program, cpus, _SECONDS) as process:
        answers = [read_answer(process.gradient(line), job) for _ in range(_REPETITIONS) for line in lines]
    return GradientResult(
        layers=tuple(_layer(layer.name, answers) for layer in dense_tail(job.network.network)),
        absent=absent(job),
        total=summarise([own.total * _TICK_SECONDS for own in answers], "measured", "loss and layers, warm runs"),
        memory=_memory(program, code.arena_bytes),
        samples=SAMPLES,
        difference=difference(job, codes, answers[:SAMPLES]) or _unsteady(answers),
    )


def _layer(name: str, answers: list[Answer]) -> LayerResult:
    times = [own.layers[name] * _TICK_SECONDS for own in answers]
    return LayerResult(name=name, latency=summarise(times, "measured", "backward pass, warm runs"), counters={})


def _unsteady(answers: list[Answer]) -> str:
    """An input that did not give the same gradients each time; empty where there is none."""
    wrong = [i % SAMPLES for i, own in enumerate(answers) if own.gradients != answers[i % SAMPLES].gradients]
    return f"input {wrong[0]} does not give the same gradients each time" if wrong else ""


def _memory(program: Path, planned: int) -> MemoryResult:
    """What the network and its gradients occupy; what is code of the backward pass cannot be told from the harness."""
    result = memory(program, planned)
    parts = {f"sram: {what}": symbol_bytes(program, prefix) for prefix, what in SRAM_PREFIXES.items()}
    if result.sram.low is None:
        return result
    taken = result.sram.low + sum(parts.values())
    basis = "activations and gradients in this computer's program; its stack is not known"
    return result.model_copy(
        update={
            "flash": Figure.unknown("B", "code of the backward pass is not told apart from the harness"),
            "sram": result.sram.model_copy(update={"value": taken, "low": taken, "basis": basis}),
            "regions": result.regions | parts,
        }
    )

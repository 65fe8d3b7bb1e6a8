"""Gradients on the virtual board: a program of its own, its cycles by layer, its memory, its answers compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from specc.codegen.gradients import SRAM_PREFIXES
from specc.codegen.toolchain import Toolchain
from specc.graph.tail import dense_tail
from specc.measure.backend import BackendError, Job
from specc.measure.gradients import SAMPLES, Answer, absent, difference, read_answer, requests
from specc.measure.result import GradientResult, MemoryResult
from specc_backends.virtual_board import figures
from specc_backends.virtual_board.client import BoardProcess
from specc_backends.virtual_board.figures import Bounds, Counters, Inference
from specc_backends.virtual_board.firmware import Firmware, build_firmware

_SECONDS: Final = 120.0


def measure_gradients(
    job: Job, toolchain: Toolchain, library: Path, folder: Path, *, bounds: Bounds, machine: dict[str, Any]
) -> GradientResult:
    """Build the program with the backward pass, run it, compare.

    Args:
        machine: of the board, as for the inference.

    Raises:
        BackendError: the build failed, the program does not fit, or it crashed, hung or broke the protocol.
    """
    from specc.numerics.inputs import draw_codes

    graph = job.network.network
    names = [layer.name for layer in dense_tail(graph)]
    place = folder / "gradients"
    firmware = build_firmware(job.network, job.target, toolchain, place, job.options, gradients=True)
    weights = job.spec.model.weights
    codes = draw_codes(job.spec.model.input, job.network, SAMPLES, weights.seed if weights else 0)
    # Regions of the inference, the arrival of rows, the loss, and the layers once more.
    machine = machine | {"regions": 2 * len(graph.layers) + 3}
    answers: list[Answer] = []
    runs: list[Inference] = []
    with BoardProcess(folder / "worker_gradients.log", _SECONDS) as board:
        board.load(firmware.elf, library, count_flash_reads=True, **machine)
        for line in requests(job, codes):
            reply = board.command(line)
            answers.append(read_answer(reply.lines, job))
            runs.append(_run(job, names, answers[-1], reply.counters))
        memory = board.command("memory").lines[0].split()
    return GradientResult(
        layers=figures.layer_results(runs, names, bounds, job.target),
        absent=absent(job),
        total=figures.total_latency(runs, bounds),
        memory=_memory(firmware, int(memory[1])),
        samples=SAMPLES,
        difference=difference(job, codes, answers),
    )


def _run(job: Job, names: list[str], answer: Answer, counters: tuple[Counters, ...]) -> Inference:
    """What the loss and each layer did, as the board counted it."""
    count = len(job.network.network.layers)
    numbers = {layer.name: number for number, layer in enumerate(job.network.network.layers)}
    loss, layers = counters[count + 2], tuple(counters[count + 3 + numbers[name]] for name in names)
    total = {name: value + sum(layer[name] for layer in layers) for name, value in loss.items()}
    account = [total["cycles_low"], *(layer["cycles_low"] for layer in layers)]
    counted = [answer.total, *(answer.layers[name] for name in names)]
    if counted != [cycles & 0xFFFFFFFF for cycles in account]:
        raise BackendError(f"the firmware counted {counted} cycles of gradients, the board {account}")
    return Inference(output="", total=total, layers=layers)


def _memory(firmware: Firmware, stack_used: int) -> MemoryResult:
    """Memory of the program, with what the gradients take named apart."""
    result = figures.memory(firmware, stack_used)
    parts = {
        f"sram: {what}": sum(size for name, (_, size) in firmware.image.symbols.items() if name.startswith(prefix))
        for prefix, what in SRAM_PREFIXES.items()
    }
    rest = result.regions.get("sram: data", 0) - sum(parts.values())
    return result.model_copy(update={"regions": result.regions | parts | {"sram: data": rest}})

"""The backend: build, run on several inputs, compare with the golden model, and report bounds on every figure."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specc.codegen.toolchain import Toolchain, ToolchainError
from specc.measure import provenance
from specc.measure.backend import BackendError, Job
from specc.measure.energy.active_power import predicted_energy
from specc.measure.generator import generator_hash
from specc.measure.gradients import SAMPLES as GRADIENT_SAMPLES
from specc.measure.gradients import wanted
from specc.measure.kernel_result import ProgramTrial
from specc.measure.peaks import Peaks
from specc.measure.result import Measurement, OutputDifference, Provenance
from specc.spec.hardware import Target
from specc_backends.virtual_board import figures, peaks
from specc_backends.virtual_board.client import BoardProcess, Reply
from specc_backends.virtual_board.cores import CORES, core_model
from specc_backends.virtual_board.figures import FLASH_READS, Counters, Inference
from specc_backends.virtual_board.firmware import (
    Firmware,
    board_files,
    build_firmware,
    compiler_flags,
    memory_bytes,
)
from specc_backends.virtual_board.flash import FlashModel, flash_model
from specc_backends.virtual_board.gradients import measure_gradients
from specc_backends.virtual_board.kernel_trials import program_trial, room_for_trials
from specc_backends.virtual_board.native import build_native

if TYPE_CHECKING:
    pass

INPUTS: Final = 4  # distinct inputs; a simulation repeats over inputs, for over time it never varies
COMMAND_SECONDS: Final = 120.0
# Code that one command may execute, in bytes: far beyond any sane kernel, and soon reached by a program that hangs.
CODE_BYTES_PER_MAC: Final = 2_000
CODE_BYTES_AT_LEAST: Final = 2_000_000_000


@dataclass(frozen=True)
class _Run:
    """What the board said and did."""

    inferences: list[Inference]
    difference: OutputDifference | None
    stack_used: int


class VirtualBoardBackend:
    """Measures Cortex-M targets without having one."""

    name = "virtual_board"
    version = "2"

    def supports(self, target: Target) -> bool:
        """The cores for which there is a timing model: `cores.CORES`."""
        return target.hardware.core in CORES

    def key(self, job: Job) -> str:
        """Hash of everything that can change the result. Budgets and names cannot."""
        return provenance.content_key(
            backend=[self.name, self.version, _own_sources()],
            input=job.spec.model.input.model_dump(mode="json"),
            graph=provenance.graph_hash(job.network),
            schedule=job.network.schedule,
            generator=generator_hash(board_files()),
            flags=compiler_flags(job.target),
            target=job.target.model_dump(mode="json", exclude={"name"}),
            options=asdict(job.options),
            inputs=[INPUTS, _seed(job)],
            libraries=_libraries(),
            **({"gradients": GRADIENT_SAMPLES} if wanted(job) else {}),
        )

    def peaks_key(self, job: Job) -> str:
        """Hash of everything that can change the peaks of a target."""
        return provenance.content_key(
            backend=[self.name, self.version, _own_sources()],
            sources=_digest([*peaks.sources(), *board_files()]),
            flags=compiler_flags(job.target),
            target=job.target.model_dump(mode="json", exclude={"name"}),
            libraries=_libraries(),
        )

    def peaks(self, job: Job, key: str) -> Peaks:
        """Build and run the loops of `firmware/peaks`.

        Raises:
            BackendError: the clock or a memory is not declared, or the build or the run failed.
        """
        return peaks.measure_peaks(job, key)

    def try_kernels(self, job: Job, key: str) -> ProgramTrial:
        """Build a program and run it, in as much memory as it needs, and say what each layer takes.

        Raises:
            BackendError: the clock or a memory is not declared, the build or the run failed, or an output is not the
                integer model's.
        """
        folder, toolchain, room = _folder(job, key), Toolchain(job.build_folder), room_for_trials(job.network)
        flash = flash_model(job.target.hardware, _clock(job))
        bounds = figures.Bounds(_clock(job), flash, core_model(job.target.hardware.core).margin)
        firmware = build_firmware(job.network, job.target, toolchain, folder, job.options, room=room)
        run = _run(job, firmware, _library(job, toolchain)[0], folder, _machine(job, flash, room))
        if run.difference is not None:
            raise BackendError(f"a kernel computes something else: {run.difference.text}")
        return program_trial(job.network, firmware, run.inferences, run.stack_used, bounds)

    def measure(self, job: Job, key: str) -> Measurement:
        """Build the firmware, run it, and put its figures together.

        Raises:
            BackendError: the clock or a memory is not declared, the build failed, the program does not fit, or it
                crashed, hung or broke the protocol.
        """
        clock = _clock(job)
        folder = _folder(job, key)
        toolchain = Toolchain(job.build_folder)
        job.progress(f"{job.target.name}: building firmware")
        firmware = build_firmware(job.network, job.target, toolchain, folder, job.options)
        job.progress(f"{job.target.name}: running {INPUTS} inputs on the virtual board")
        core = core_model(job.target.hardware.core)
        flash = flash_model(job.target.hardware, clock)
        bounds = figures.Bounds(clock, flash, core.margin)
        library, compiler = _library(job, toolchain)
        run = _run(job, firmware, library, folder, _machine(job, flash))
        names = [layer.name for layer in job.network.network.layers]
        gradients = None
        if wanted(job):
            job.progress(f"{job.target.name}: gradients on the virtual board")
            gradients = measure_gradients(job, toolchain, library, folder, bounds=bounds, machine=_machine(job, flash))
        return Measurement(
            key=key,
            target=job.target.name,
            evidence="simulated",
            layers=figures.layer_results(run.inferences, names, bounds, job.target),
            total=figures.total_latency(run.inferences, bounds),
            overhead=figures.overhead_latency(run.inferences, bounds),
            cold=figures.cold_latency(run.inferences[0], bounds),
            counters=figures.counters([inference.total for inference in run.inferences], bounds),
            memory=figures.memory(firmware, run.stack_used),
            energy=predicted_energy(figures.total_latency(run.inferences, bounds).best, job.target),
            output_matches_golden=run.difference is None,
            output_difference=run.difference,
            gradients=gradients,
            provenance=Provenance(
                spec_hash=provenance.spec_hash(job.spec),
                graph_hash=provenance.graph_hash(job.network),
                model_file=provenance.model_file(job.spec),
                code_hash=firmware.code_hash,
                compiler=compiler,
                compiler_flags=firmware.flags,
                backend=self.name,
                backend_version=self.version,
                hardware=job.target.hardware.name,
                clock_hz=clock,
                core_model=core.model,
                model_assumptions=(*core.assumptions, *flash.assumptions),
                fact_sources=provenance.fact_sources(job.target.hardware),
                host=provenance.host_description(),
                seed=_seed(job),
                inputs=INPUTS,
                warmup=0,
                library_versions=_libraries(),
                taken_at=provenance.now(),
                kernels=firmware.kernels,
                in_sram=firmware.in_sram,
                schedule=job.network.schedule,
            ),
        )


def _folder(job: Job, key: str) -> Path:
    """Where a job is built. By key too: another process may be building another network for a target of that name."""
    folder = job.build_folder.resolve() / "virtual_board" / f"{job.target.name}-{key[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _library(job: Job, toolchain: Toolchain) -> tuple[Path, str]:
    """The board's own native library, and the version of the compiler."""
    try:
        return build_native(toolchain, job.build_folder / "native"), toolchain.version
    except ToolchainError as error:
        raise BackendError(f"the virtual board's own library: {error}", error.log) from error


def _clock(job: Job) -> float:
    if job.target.clock_hz is None:
        raise BackendError(f"target {job.target.name} has no clock: cycles cannot be turned into time")
    return job.target.clock_hz


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _own_sources() -> str:
    """Hash of this package: whatever changes in the model, old results are not taken for new ones."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted((*folder.glob("*.[pc]*"), *folder.glob("cores/*.py"))):
        if path.suffix in (".py", ".c"):
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _seed(job: Job) -> int:
    """Seed of the inputs: that of the weights, so that a spec fixes both."""
    return job.spec.model.weights.seed if job.spec.model.weights else 0


def _libraries() -> dict[str, str]:
    return provenance.library_versions("specc", "unicorn", "capstone", "pyelftools", "ziglang", "numpy")


def _run(job: Job, firmware: Firmware, library: Path, folder: Path, machine: dict[str, Any]) -> _Run:
    """Run every input, once for its time and once for the output of every layer."""
    from specc.measure.difference import first_difference
    from specc.numerics import golden
    from specc.numerics.inputs import draw_codes, to_bytes

    graph = job.network.network
    codes = draw_codes(job.spec.model.input, job.network, INPUTS, _seed(job))
    expected = golden.run(job.network, codes)
    form = job.network.formats[graph.input]
    lines = [to_bytes(one, form).hex() for one in codes]
    with ThreadPoolExecutor(2) as pool:  # two boards at once: one at full speed, one that counts reads of flash
        counting = pool.submit(
            _count_flash_reads, firmware.elf, library, folder, machine, lines[0], layers=len(graph.layers)
        )
        with BoardProcess(folder / "worker.log", COMMAND_SECONDS) as board:
            board.load(firmware.elf, library, count_flash_reads=False, **machine)
            _greet(board, job)
            inferences = [_inference(board.command(f"run {line}"), len(graph.layers)) for line in lines]
            traces = [_trace(board.command(f"trace {line}"), len(graph.layers)) for line in lines]
            stack_used = _stack(board)
        counted = counting.result()
    _check_same(inferences[0], counted)
    inferences = [inference.with_flash_reads_of(counted) for inference in inferences]
    outputs = [(index, bytes.fromhex(inference.output)) for index, inference in enumerate(inferences)]
    different = first_difference(job.network, expected, traces, outputs)
    return _Run(inferences, different, stack_used)


def _machine(job: Job, flash: FlashModel, room: int = 0) -> dict[str, Any]:
    """The board's memory, caches and limits; `room` is bytes of SRAM beyond the target's."""
    graph = job.network.network
    return {
        "core": job.target.hardware.core,
        "sram_bytes": memory_bytes(job.target, room)[1],
        "regions": len(graph.layers) + 1 + (graph.input in job.network.rings),
        "line_bytes": flash.line_bytes,
        "caches": [flash.instruction, flash.data],
        "code_budget": max(CODE_BYTES_AT_LEAST, CODE_BYTES_PER_MAC * graph.macs),
    }


def _count_flash_reads(
    elf: Path, library: Path, folder: Path, machine: dict[str, Any], line: str, *, layers: int
) -> Inference:
    with BoardProcess(folder / "worker_counting.log", COMMAND_SECONDS) as board:
        board.load(elf, library, count_flash_reads=True, **machine)
        return _inference(board.command(f"run {line}"), layers)


def _greet(board: BoardProcess, job: Job) -> None:
    """Make sure that the program on the board is the one that was built."""
    graph = job.network.network
    lines = board.command("hello").lines
    expected = ("specc", "1", graph.name, str(len(graph.layers)), "cycles")
    if len(lines) != 1 or tuple(lines[0].split()) != expected:
        raise BackendError(f"the firmware answered {lines!r} to hello, not {' '.join(expected)!r}")


def _inference(reply: Reply, layers: int) -> Inference:
    """The result line of a run, beside the board's own account of it.

    Raises:
        BackendError: the line is not a result, or firmware and board disagree about the cycles.
    """
    words = reply.lines[-1].split() if reply.lines else []
    if len(reply.lines) != 1 or len(words) != layers + 3 or words[0] != "result":
        raise BackendError(f"the firmware answered {reply.lines[-1:]!r} instead of a result")
    ticks = [int(word) for word in words[2:]]
    # Behind the layers' regions is that of waiting for input rows, which the network does not spend.
    total = _less(reply.counters[0], *reply.counters[layers + 1 :])
    account = [region.get("cycles_low", 0) for region in (total, *reply.counters[1 : layers + 1])]
    if ticks != [cycles & 0xFFFFFFFF for cycles in account]:
        cause = "most likely the stack ran over into the firmware's own data"
        raise BackendError(f"the firmware counted {ticks} cycles, the board {account}: {cause}")
    return Inference(output=words[1], total=total, layers=reply.counters[1 : layers + 1])


def _less(counters: Counters, *others: Counters) -> Counters:
    return {name: count - sum(other.get(name, 0) for other in others) for name, count in counters.items()}


def _trace(reply: Reply, layers: int) -> list[bytes]:
    """Output of every layer."""
    from specc.measure.trace import outputs_of_trace

    try:
        return outputs_of_trace(reply.lines[:-1], layers)
    except ValueError as error:
        raise BackendError(f"the firmware's trace is garbled: {error}", "\n".join(reply.lines)[:10_000]) from error


def _stack(board: BoardProcess) -> int:
    """Bytes of stack that the program used."""
    lines = board.command("memory").lines
    words = lines[0].split() if len(lines) == 1 else []
    if len(words) != 3 or words[0] != "memory":
        raise BackendError(f"the firmware answered {lines!r} to memory")
    used, reserved = int(words[1]), int(words[2])
    if used >= reserved:
        raise BackendError(
            f"the stack ran over: it has the {reserved:,} bytes of SRAM that are left, and used them all"
        )
    return used


def _check_same(plain: Inference, counted: Inference) -> None:
    """Counting reads of flash must not change what the program does."""
    without = [
        {key: value for key, value in region.items() if key not in FLASH_READS}
        for inference in (plain, counted)
        for region in (inference.total, *inference.layers)
    ]
    half = len(without) // 2
    if plain.output != counted.output or without[:half] != without[half:]:
        raise BackendError("the program behaves differently while its reads of flash are counted")

"""The backend: build, make sure that the board runs what was built, compare with the golden model, then time it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from specc.codegen.toolchain import Toolchain
from specc.evidence import Figure
from specc.measure import provenance
from specc.measure.backend import BackendError, Job, Progress
from specc.measure.energy.bench import Recorder
from specc.measure.energy.ina import I2cBridge
from specc.measure.generator import generator_hash
from specc.measure.result import LayerResult, Measurement, MemoryResult, OutputDifference, Provenance
from specc.measure.sampling import sample_notes
from specc.measure.statistics import summarise
from specc.spec.hardware import Hardware, Target
from specc_backends.serial_board import flasher, parts, recorder
from specc_backends.serial_board.board import Sample, SerialBoard
from specc_backends.serial_board.firmware import Firmware, board_files, build_firmware, compiler_flags
from specc_backends.serial_board.i2c import BoardBridge
from specc_backends.serial_board.line import SerialLine
from specc_backends.serial_board.recorder_firmware import build_recorder

if TYPE_CHECKING:
    pass

INPUTS: Final = 4  # distinct inputs, in turn
TRACED: Final = 2  # of them, with the output of every layer
WARM_UP: Final = 10
SAMPLES: Final = 100
COLD_STARTS: Final = 5
INFERENCE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class _Run:
    """What the board said."""

    warm: list[Sample]
    cold: list[Sample]
    difference: OutputDifference | None
    stack_used: int
    conditions: tuple[str, ...]


class SerialBoardBackend:
    """Measures boards that are reached through a serial port."""

    name = "serial_board"
    version = "1"
    needs_port = True  # only asked where a port was given for the target

    def supports(self, target: Target) -> bool:
        """Whether there is board support for the target's hardware."""
        return target.hardware.name in parts.PARTS

    def key(self, job: Job) -> str:
        """Hash of everything that can change the result but the board itself. Budgets, names and the port cannot.

        Raises:
            BackendError: the program is asked to be built in another way than the one there is.
        """
        job.options.require_default("the program of a serial board")
        part = parts.part_of(job.target)
        return provenance.content_key(
            backend=[self.name, self.version],
            input=job.spec.model.input.model_dump(mode="json"),
            graph=provenance.graph_hash(job.network),
            schedule=job.network.schedule,
            generator=generator_hash(board_files(part)),
            flags=compiler_flags(part, job.target),
            target=job.target.model_dump(mode="json", exclude={"name"}),
            sampling=[INPUTS, TRACED, WARM_UP, SAMPLES, COLD_STARTS, _seed(job)],
            libraries=_libraries(),
        )

    def measure(self, job: Job, key: str) -> Measurement:
        """Build the firmware, and measure the board that runs it.

        Raises:
            BackendError: the build failed; the port is missing, busy or fails; the board is silent, runs something
                else, or does not keep to the protocol.
        """
        if job.port is None:
            raise BackendError(f"no port was given for target {job.target.name}")
        firmware = self._build(job)
        job.progress(f"{job.target.name}: measuring the board at {job.port}")
        run = _run(job, firmware)
        clock = firmware.clock_hz
        totals = [sample.total / clock for sample in run.warm]
        basis = "warm runs on the board, cycles at its nominal clock"
        names = [layer.name for layer in job.network.network.layers]
        layers = tuple(
            LayerResult(
                name=name,
                latency=summarise([sample.layers[index] / clock for sample in run.warm], "measured", basis),
                counters={"cycles": _cycles([sample.layers[index] for sample in run.warm])},
            )
            for index, name in enumerate(names)
        )
        return Measurement(
            key=key,
            target=job.target.name,
            evidence="measured",
            layers=layers,
            total=summarise(totals, "measured", basis),
            overhead=summarise(
                [(sample.total - sum(sample.layers)) / clock for sample in run.warm],
                "measured",
                "total less the sum of the layers, warm runs",
            ),
            cold=summarise(
                [sample.total / clock for sample in run.cold], "measured", "first inference after a reset of the board"
            ),
            counters={"cycles": _cycles([sample.total for sample in run.warm])},
            memory=_memory(firmware, run.stack_used),
            energy=Figure.unknown("J", "the power of this board was not measured"),
            output_matches_golden=run.difference is None,
            output_difference=run.difference,
            provenance=Provenance(
                spec_hash=provenance.spec_hash(job.spec),
                graph_hash=provenance.graph_hash(job.network),
                model_file=provenance.model_file(job.spec),
                code_hash=firmware.code_hash,
                compiler=firmware.compiler,
                compiler_flags=firmware.flags,
                backend=self.name,
                backend_version=self.version,
                hardware=job.target.hardware.name,
                clock_hz=clock,
                core_model="none: run on the board",
                model_assumptions=run.conditions,
                fact_sources=provenance.fact_sources(job.target.hardware),
                host=provenance.host_description(),
                seed=_seed(job),
                inputs=INPUTS,
                warmup=WARM_UP,
                library_versions=_libraries(),
                taken_at=provenance.now(),
                kernels=firmware.kernels,
                schedule=job.network.schedule,
            ),
            notes=sample_notes(totals),
        )

    def flash(self, job: Job, probe: str | None) -> str:
        """Build the firmware and write it to the board's flash; what was done, in one line.

        Raises:
            BackendError: the build failed, or the programmer is missing or failed.
        """
        firmware = self._build(job)
        part = parts.part_of(job.target)
        job.progress(f"{job.target.name}: flashing")
        tool = flasher.flash(firmware.elf, part, probe)
        return f"{job.target.name}: {firmware.elf} is on the board (by {tool}); its serial line: {part.uart}"

    def record(self, port: str) -> AbstractContextManager[Recorder]:
        """Record from the recorder at a serial port, from the beginning of the context.

        Raises:
            BackendError: the port cannot be used, or there is no recorder behind it.
        """
        return recorder.recording(port)

    @contextmanager
    def bridge(self, port: str) -> Iterator[I2cBridge]:
        """The I2C pins of the board at a serial port.

        Raises:
            BackendError: the port cannot be used, or the board does not answer.
        """
        with SerialLine(port) as line:
            board = SerialBoard(line, INFERENCE_SECONDS)
            yield BoardBridge(board)
            board.leave()

    def flash_recorder(self, hardware: Hardware, probe: str | None, build_folder: Path, progress: Progress) -> str:
        """Build a recorder's program and write it to a board; what was done, in one line.

        Raises:
            BackendError: the hardware cannot be a recorder, the build failed, or the programmer is missing or failed.
        """
        progress(f"{hardware.name}: building the recorder's program")
        folder = build_folder.resolve() / "serial_board" / f"recorder-{hardware.name}"
        built = build_recorder(hardware, Toolchain(build_folder), folder)
        progress(f"{hardware.name}: flashing")
        tool = flasher.flash(built.elf, built.part, probe)
        return f"{built.elf} is on the board (by {tool}); {built.pins}; its serial line: {built.part.uart}"

    def _build(self, job: Job) -> Firmware:
        # By key too: another process may be building another network for a target of the same name.
        folder: Path = job.build_folder.resolve() / "serial_board" / f"{job.target.name}-{self.key(job)[:12]}"
        folder.mkdir(parents=True, exist_ok=True)
        job.progress(f"{job.target.name}: building firmware")
        return build_firmware(job.network, job.target, Toolchain(job.build_folder), folder)


def _seed(job: Job) -> int:
    """Seed of the inputs: that of the weights, so that a spec fixes both."""
    return job.spec.model.weights.seed if job.spec.model.weights else 0


def _libraries() -> dict[str, str]:
    return provenance.library_versions("specc", "pyserial", "pyelftools", "ziglang", "numpy")


def _run(job: Job, firmware: Firmware) -> _Run:
    from specc.measure.difference import first_difference
    from specc.numerics import golden
    from specc.numerics.inputs import draw_codes, to_bytes

    assert job.port is not None
    graph = job.network.network
    codes = draw_codes(job.spec.model.input, job.network, INPUTS, _seed(job))
    given = [to_bytes(one, job.network.formats[graph.input]) for one in codes]
    expected = golden.run(job.network, codes)
    with SerialLine(job.port) as line:
        board = SerialBoard(line, INFERENCE_SECONDS)
        _require_this_program(board, firmware, job)
        cold = []
        for index in range(COLD_STARTS):
            board.restart()
            cold.append(board.sample(given[index % INPUTS]))
        # The board shows the outputs of layers one by one only where each runs as a whole.
        traced = 0 if job.network.by_rows else TRACED
        traces = [board.trace(given[index]) for index in range(traced)]
        for index in range(WARM_UP):
            board.sample(given[index % INPUTS])
        warm = [board.sample(given[index % INPUTS]) for index in range(SAMPLES)]
        used, reserved = board.stack()
        conditions = _conditions(line, board)
        board.leave()
    if used >= reserved:
        raise BackendError(
            f"the stack ran over: it has the {reserved:,} bytes of SRAM that are left, and used them all"
        )
    outputs = [(index % INPUTS, sample.output) for runs in (cold, warm) for index, sample in enumerate(runs)]
    different = first_difference(job.network, expected, traces, outputs)
    return _Run(warm, cold, different, used, conditions)


def _require_this_program(board: SerialBoard, firmware: Firmware, job: Job) -> None:
    identity = board.identity
    if identity.hash != firmware.hash:
        raise BackendError(
            f"the board at {job.port} runs another build (network {identity.network!r}, {identity.hash.hex()}, not "
            f"{firmware.hash.hex()}): flash it with `specc flash`, target {job.target.name}"
        )


def _conditions(line: SerialLine, board: SerialBoard) -> tuple[str, ...]:
    """How the measurement was set up, for provenance."""
    return (
        "cycles counted by the board itself around every layer; seconds are cycles at the nominal clock, which is as "
        "exact as the board's oscillator",
        "the time of a layer includes one reading of the counter",
        f"requests that had to be repeated on the serial line: {line.repeated}; resets of the board: {board.resets}",
    )


def _cycles(counts: list[int]) -> Figure:
    ordered = sorted(counts)
    return Figure(
        value=ordered[len(ordered) // 2],
        low=ordered[0],
        high=ordered[-1],
        unit="cycles",
        evidence="measured",
        basis=f"median, smallest and largest of {len(counts)} warm runs",
    )


def _memory(firmware: Firmware, stack_used: int) -> MemoryResult:
    """Flash and SRAM of the linked program. SRAM counts the stack as deep as it was seen to reach."""
    image = firmware.image
    regions = {
        "flash: weights": image.weight_bytes,
        "flash: code": image.code_bytes,
        "flash: other constants": image.constant_bytes - image.weight_bytes,
        "flash: initial values": image.data_bytes,
        "sram: activations": image.arena_bytes,
        "sram: data": image.static_sram_bytes - image.arena_bytes,
        "sram: stack (painted)": stack_used,
    }
    return MemoryResult(
        flash=Figure.exact(image.flash_bytes, "B", "measured", "sections of the linked program"),
        sram=Figure.exact(
            image.static_sram_bytes + stack_used,
            "B",
            "measured",
            "sections of the linked program, and the stack's painted high-water mark on the board",
        ),
        regions={name: size for name, size in regions.items() if size},
        planned_activations=firmware.planned_bytes,
    )

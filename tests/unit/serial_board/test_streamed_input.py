"""An input that arrives by rows over the serial line: the network runs between them, whatever the line does."""

from __future__ import annotations

import os
import signal
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from line_faults import Damage, FaultyLine, doubled, dropped, flipped, noise, repeated, truncated
from serial_rig import Start, make_job

from specc.codegen.schedule import scheduled
from specc.codegen.toolchain import Toolchain
from specc.measure.backend import BackendError, Job
from specc.numerics import golden
from specc.numerics.inputs import draw_codes, to_bytes
from specc.spec.model import InputSpec, LayerSpec
from specc_backends.serial_board import SerialBoardBackend, backend
from specc_backends.serial_board.board import HELLO, INPUT, READ, RUN, SerialBoard
from specc_backends.serial_board.firmware import Firmware, build_firmware
from specc_backends.serial_board.line import SerialLine

QUICK = 0.2  # seconds to wait for an answer: the board is a process of this computer
SAMPLES = 3
SHAPE = (10, 20, 8)  # a row of 160 bytes goes in two pieces
ROW = 160
LAYERS = (
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=4, activation="relu"),
    LayerSpec(name="pool", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="dense", kind="dense", units=5),
)


def make(folder: Path, port: str | None = None) -> Job:
    plain = make_job(folder, port, layers=LAYERS, shape=SHAPE)
    given = InputSpec(name="x", shape=SHAPE, distribution="uniform", streamed=True)
    spec = plain.spec.model_copy(update={"model": plain.spec.model.model_copy(update={"input": given})})
    return replace(plain, spec=spec, network=scheduled(spec, plain.target, plain.network))


@pytest.fixture(scope="module")
def streaming(folder: Path) -> Firmware:
    job = make(folder)
    assert job.network.network.input in job.network.rings
    place = folder / "streaming"
    place.mkdir()
    return build_firmware(job.network, job.target, Toolchain(folder), place)


@pytest.fixture(scope="module")
def inputs(folder: Path) -> list[bytes]:
    job = make(folder)
    return [
        to_bytes(one, job.network.formats["x"]) for one in draw_codes(job.spec.model.input, job.network, SAMPLES, 7)
    ]


@pytest.fixture(scope="module")
def outputs(folder: Path) -> list[bytes]:
    job = make(folder)
    codes = draw_codes(job.spec.model.input, job.network, SAMPLES, 7)
    expected = golden.run(job.network, codes)["dense"]
    return [to_bytes(one, job.network.formats["dense"]) for one in expected]


def test_a_measurement(streaming: Firmware, start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "SAMPLES", 8)
    monkeypatch.setattr(backend, "COLD_STARTS", 2)
    job = make(folder, start(streaming).port)
    result = SerialBoardBackend().measure(job, SerialBoardBackend().key(job))
    assert result.output_matches_golden
    assert "x arriving by rows" in result.provenance.schedule
    whole = 10 * ROW
    assert result.memory.regions["sram: activations"] < whole  # the input is never there as a whole
    # Waiting for rows, 20 ms each on a line of this speed, is no part of the inference.
    assert max(result.total.samples) < 10e-3
    assert len(result.total.samples) == 8


@pytest.mark.parametrize(
    "damage",
    [noise(0.002), dropped(0.002), doubled(0.002), flipped(0.002), truncated(0.05), repeated(0.2)],
    ids=["noise", "dropped", "doubled", "flipped", "truncated", "repeated"],
)
def test_a_bad_line(
    streaming: Firmware, start: Start, inputs: list[bytes], outputs: list[bytes], damage: Damage
) -> None:
    with FaultyLine(start(streaming).port, damage) as faulty, SerialLine(faulty.port, answer_seconds=QUICK) as line:
        board = SerialBoard(line, 20)
        samples = [board.sample(one) for one in inputs]
        assert line.repeated > 0 or damage.__qualname__.startswith(("repeated", "noise"))
    assert [sample.output for sample in samples] == outputs
    assert [sample.index for sample in samples] == list(range(SAMPLES))


@pytest.mark.parametrize("after", [50, 700, 1500], ids=["in the first row", "between rows", "near the end"])
def test_a_reset_between_rows(
    streaming: Firmware, start: Start, inputs: list[bytes], outputs: list[bytes], after: int
) -> None:
    running = start(streaming)
    reset: list[int] = []

    def once(count: int) -> bool:
        if count > after + 40 and not reset:
            reset.append(count)
            os.kill(running.process.pid, signal.SIGUSR1)
            return True
        return False

    with (
        FaultyLine(running.port, lambda _, data: data, on_bytes=once) as faulty,
        SerialLine(faulty.port, answer_seconds=QUICK) as line,
    ):
        board = SerialBoard(line, 20)
        assert [board.sample(one).output for one in inputs] == outputs
        assert board.resets == 1


def test_an_inference_that_is_given_up(
    streaming: Firmware, start: Start, inputs: list[bytes], outputs: list[bytes]
) -> None:
    """What is no row ends the inference, and is served; nothing of the rows before is kept."""
    with SerialLine(start(streaming).port) as line:
        board = SerialBoard(line, 20)
        for pieces in ([0], [0, 124], [0, 124, 160, 284]):
            for offset in pieces:
                end = min(offset + 124, (offset // ROW + 1) * ROW)
                line.ask(INPUT, struct.pack("<I", offset) + inputs[0][offset:end])
            with pytest.raises(BackendError, match="refused a request: no input"):
                line.ask(RUN, struct.pack("<I", 0))
        assert board.sample(inputs[1]).output == outputs[1]
        line.ask(INPUT, struct.pack("<I", 0) + inputs[0][:100])
        assert board.stack()[0] > 0  # another request, and then a whole input
        assert board.sample(inputs[2]).output == outputs[2]
        line.ask(INPUT, struct.pack("<I", 0) + inputs[0][:100])
        line.ask(HELLO, b"anew")
        line.ask(READ, struct.pack("<III", 0xFFFFFFFE, 0, 1))


@pytest.mark.parametrize("beyond_the_row", [False, True], ids=["out of order", "beyond the row"])
def test_a_piece_that_does_not_fit(
    streaming: Firmware, start: Start, inputs: list[bytes], outputs: list[bytes], beyond_the_row: bool
) -> None:
    with SerialLine(start(streaming).port) as line:
        board = SerialBoard(line, 20)
        offset = 4
        if beyond_the_row:  # 124 bytes of the 160 are in order; as many again reach into the next row
            line.ask(INPUT, struct.pack("<I", 0) + bytes(124))
            offset = 124
        with pytest.raises(BackendError, match="refused a request: input out of order"):
            line.ask(INPUT, struct.pack("<I", offset) + bytes(124))
        assert board.sample(inputs[0]).output == outputs[0]

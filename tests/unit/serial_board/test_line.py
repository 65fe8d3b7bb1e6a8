"""The line to a board, undisturbed and disturbed: every sample is right, or there is one clear error."""

from __future__ import annotations

import os
import pty
import signal
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from line_faults import Damage, FaultyLine, doubled, dropped, flipped, noise, repeated, truncated
from serial_rig import PtyProcess, Start, make_job

from specc.measure.backend import BackendError
from specc.numerics import golden
from specc.numerics.inputs import draw_codes, to_bytes
from specc_backends.serial_board import line as line_module
from specc_backends.serial_board.board import RUN, Sample, SerialBoard
from specc_backends.serial_board.firmware import Firmware
from specc_backends.serial_board.frames import Frame
from specc_backends.serial_board.line import SerialLine

QUICK = 0.2  # seconds to wait for an answer: the board is a process of this computer
SAMPLES = 12


@pytest.fixture(scope="module")
def inputs(folder: Path) -> list[bytes]:
    job = make_job(folder)
    codes = draw_codes(job.spec.model.input, job.network, SAMPLES, 7)
    return [to_bytes(one, job.network.formats["x"]) for one in codes]


@pytest.fixture(scope="module")
def outputs(folder: Path) -> list[bytes]:
    job = make_job(folder)
    codes = draw_codes(job.spec.model.input, job.network, SAMPLES, 7)
    expected = golden.run(job.network, codes)["softmax"]
    return [to_bytes(one, job.network.formats["softmax"]) for one in expected]


def run(port: str, inputs: list[bytes]) -> tuple[list[Sample], SerialBoard, SerialLine]:
    with SerialLine(port, answer_seconds=QUICK) as line:
        board = SerialBoard(line, 20)
        return [board.sample(one) for one in inputs], board, line


@pytest.fixture(scope="module")
def undisturbed(module_port: str, inputs: list[bytes]) -> list[Sample]:
    return run(module_port, inputs)[0]


def test_an_undisturbed_line(undisturbed: list[Sample], outputs: list[bytes]) -> None:
    assert [sample.output for sample in undisturbed] == outputs
    assert [sample.index for sample in undisturbed] == list(range(SAMPLES))
    for sample in undisturbed:
        assert len(sample.layers) == 4
        assert 0 < sum(sample.layers) < sample.total


@pytest.mark.parametrize(
    "damage",
    [
        (noise(0.005), True),
        (dropped(0.003), True),
        (doubled(0.003), True),
        (flipped(0.003), True),
        (truncated(0.05), True),
        (repeated(0.2), False),
    ],
    ids=["noise", "dropped bytes", "doubled bytes", "flipped bits", "truncated frames", "doubled frames"],
)
def test_a_disturbed_line(
    start: Start,
    firmware: Firmware,
    inputs: list[bytes],
    undisturbed: list[Sample],
    damage: tuple[Damage, bool],
) -> None:
    spoil, must_repeat = damage
    with FaultyLine(start(firmware).port, spoil, seed=2) as faulty:
        samples, board, line = run(faulty.port, inputs)
    assert samples == undisturbed
    assert board.resets == 0
    assert line.repeated > 0 or not must_repeat


@pytest.mark.parametrize("at_byte", [150, 333, 520, 1400])
def test_a_reset_in_the_middle(
    start: Start, firmware: Firmware, inputs: list[bytes], undisturbed: list[Sample], at_byte: int
) -> None:
    board_process = start(firmware)
    pending = [at_byte]

    def reset_once(count: int) -> bool:
        if pending and count >= pending[0]:
            pending.clear()
            board_process.process.send_signal(signal.SIGUSR1)
            time.sleep(0.3)
            return True
        return False

    with FaultyLine(board_process.port, noise(0.0), on_bytes=reset_once) as faulty:
        samples, board, _ = run(faulty.port, inputs)
    assert not pending
    assert board.resets == 1
    assert samples == undisturbed


def test_a_board_that_keeps_resetting(start: Start, firmware: Firmware, inputs: list[bytes]) -> None:
    board_process = start(firmware)

    def reset_at_every_run(_count: int) -> bool:
        if armed:
            board_process.process.send_signal(signal.SIGUSR1)
            time.sleep(0.1)
        return False

    armed: list[bool] = []
    with (
        FaultyLine(board_process.port, noise(0.0), on_bytes=reset_at_every_run) as faulty,
        SerialLine(faulty.port, answer_seconds=QUICK) as line,
    ):
        board = SerialBoard(line, 20)
        armed.append(True)
        with pytest.raises(BackendError, match=r"started over 5 times in the same inference|silent|does not speak"):
            board.sample(inputs[0])


def test_a_request_that_comes_twice_is_done_once(port: str, inputs: list[bytes]) -> None:
    with SerialLine(port, answer_seconds=QUICK) as line:
        board = SerialBoard(line, 20)
        first = board.sample(inputs[0])
        # The run of the next sample twice by hand, with one sequence number: both answers tell the same.
        board._give(inputs[1])
        sequence = (line._sequence + 1) % 256
        line._sequence = sequence
        frame = Frame(sequence, RUN, (1).to_bytes(4, "little"))
        answers = []
        for _ in range(2):
            line._send(frame)
            answer = line._answer(frame, 1.0)
            assert answer is not None
            answers.append(answer.payload)
        assert answers[0] == answers[1]
        assert int.from_bytes(answers[0][4:8], "little") == 2  # inferences: this one and the first
        assert first.index == 0


def test_trace_equals_the_golden_model(port: str, inputs: list[bytes], folder: Path) -> None:
    job = make_job(folder)
    codes = draw_codes(job.spec.model.input, job.network, SAMPLES, 7)
    expected = golden.run(job.network, codes)
    with SerialLine(port, answer_seconds=QUICK) as line:
        board = SerialBoard(line, 20)
        for index in range(2):
            assert board.trace(inputs[index]) == [
                to_bytes(expected[layer.name][index], job.network.layer_format(layer))
                for layer in job.network.network.layers
            ]


def test_a_client_may_close_and_open_the_port(port: str, inputs: list[bytes], undisturbed: list[Sample]) -> None:
    for _ in range(3):
        assert run(port, inputs[:2])[0] == undisturbed[:2]


# ---- what is no board, or no longer one ----


@pytest.fixture
def own_port() -> Iterator[tuple[int, str]]:
    """The board's end of a port without a board, and the port."""
    end, client_end = pty.openpty()
    tty.setraw(client_end)
    yield end, os.ttyname(client_end)
    for descriptor in (end, client_end):
        os.close(descriptor)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "ATTEMPTS", 3)


@pytest.mark.usefixtures("impatient")
def test_a_silent_port(own_port: tuple[int, str]) -> None:
    with (
        SerialLine(own_port[1], answer_seconds=QUICK) as line,
        pytest.raises(BackendError, match=r"is silent: 3 requests without an answer; is it powered and flashed\?"),
    ):
        SerialBoard(line, 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("said", [b"login: ", b"\x7e\x05garbage that looks like a frame\r\n", bytes(range(256))])
def test_a_board_that_answers_nonsense(own_port: tuple[int, str], said: bytes) -> None:
    stop = threading.Event()

    def talk() -> None:
        while not stop.is_set():
            os.write(own_port[0], said)
            time.sleep(0.01)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        with (
            SerialLine(own_port[1], answer_seconds=QUICK) as line,
            pytest.raises(BackendError, match="does not speak specc's protocol") as caught,
        ):
            SerialBoard(line, 1)
    finally:
        stop.set()
        talker.join()
    assert "outside of frames" in caught.value.log


def test_a_port_that_disappears(start: Start, firmware: Firmware, inputs: list[bytes]) -> None:
    board_process: PtyProcess = start(firmware)
    with SerialLine(board_process.port, answer_seconds=QUICK) as line:
        board = SerialBoard(line, 20)
        board.sample(inputs[0])
        board_process.process.kill()
        board_process.process.wait()
        with pytest.raises(BackendError, match="has failed or disappeared"):
            board.sample(inputs[1])


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(BackendError, match=r"there is no port /dev/no-such-port: is the board connected\?"):
        SerialLine("/dev/no-such-port")


def test_a_port_in_use(port: str) -> None:
    with SerialLine(port), pytest.raises(BackendError, match="is in use by another program"):
        SerialLine(port)


def test_a_file_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(BackendError, match="cannot be opened"):
        SerialLine(str(path))


def test_a_port_without_permission() -> None:
    error = PermissionError(13, "Permission denied")
    assert "no permission to open /dev/null: add this user to the group" in line_module._why_not_open(
        "/dev/null", error
    )


def test_firmware_of_another_version(own_port: tuple[int, str]) -> None:
    def answer() -> None:
        request = os.read(own_port[0], 100)
        os.write(own_port[0], Frame(request[2], 0x81, b"\x09" + bytes(30)).encode())

    answerer = threading.Thread(target=answer)
    answerer.start()
    with (
        SerialLine(own_port[1]) as line,
        pytest.raises(BackendError, match="speaks version 09 of the protocol, not 02"),
    ):
        SerialBoard(line, 1)
    answerer.join()

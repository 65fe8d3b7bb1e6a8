"""The serial line to a board: requests that are repeated until they are answered, and errors that say what is wrong."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeVar

from specc.measure.backend import BackendError
from specc_backends.serial_board.frames import Decoder, Frame

if TYPE_CHECKING:
    import serial

BAUD: Final = 115_200
ATTEMPTS: Final = 8
ANSWER_SECONDS: Final = 0.5  # beyond the time the request itself takes
GREETING_SECONDS: Final = 1.0
GREETING_END: Final = b"m-ready\r\n"
ANSWER: Final = 0x80
NOT_GREETED: Final = 0xFE
REFUSED: Final = 0xFF
_POLL_SECONDS: Final = 0.02
_BITS_PER_BYTE: Final = 10  # a start and a stop bit beside the eight
_LOG_FRAMES: Final = 200


_Result = TypeVar("_Result")


class BoardWasResetError(Exception):
    """The board has started over since it was greeted: what it was told before is gone."""


class SerialLine:
    """An open port with a board behind it.

    A request is repeated when no whole answer arrives in time, and given up after `ATTEMPTS`. The board does a request
    that reaches it twice only once.
    """

    def __init__(self, port: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Open the port, for this process alone.

        Raises:
            BackendError: the port is missing, in use, not permitted, or no serial port.
        """
        import serial

        self.port = port
        self.repeated = 0  # requests that had to be sent again
        self._answer_seconds = answer_seconds
        self._sequence = 0
        self._decoder = Decoder()
        self._spoken: deque[str] = deque(maxlen=_LOG_FRAMES)
        try:
            self._serial: serial.Serial = serial.Serial(
                port, BAUD, timeout=_POLL_SECONDS, write_timeout=5, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise BackendError(_why_not_open(port, error)) from error

    def __enter__(self) -> SerialLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._serial.close()

    def ask(self, kind: int, payload: bytes = b"", *, seconds: float = 0.0) -> bytes:
        """Send a request; the payload of its answer.

        Args:
            kind: type of the request.
            payload: what it carries.
            seconds: how long the board may work on it, beyond what the line takes.

        Raises:
            BoardWasResetError: the board has started over and must be greeted again.
            BackendError: it refused, never answered, or the port failed.
        """
        self._sequence = (self._sequence + 1) % 256
        request = Frame(self._sequence, kind, payload)
        give_up = time.monotonic() + seconds
        wait, attempt = self._answer_seconds, 0
        while attempt < ATTEMPTS or time.monotonic() < give_up:
            self.repeated += attempt > 0
            self._send(request)
            answer = self._answer(request, wait)
            if answer is not None:
                return answer.payload
            attempt += 1
            if seconds:  # it may still be at work: ask less and less often
                wait = min(2 * wait, max(self._answer_seconds, give_up - time.monotonic()))
        raise BackendError(self._silence(attempt), self.log())

    def restart(self, kind: int) -> None:
        """Ask the board to start over, and wait for the end of its greeting, if that comes soon."""
        self._decoder.noise.clear()
        with contextlib.suppress(BoardWasResetError):  # it has started over, and the answer was lost
            self.ask(kind)
        deadline = time.monotonic() + GREETING_SECONDS
        while not self._decoder.noise.endswith(GREETING_END) and time.monotonic() < deadline:
            self._decoder.feed(self._read())

    def listen(self) -> list[Frame]:
        """The frames that have arrived, whoever they are for; waits a little for the first byte.

        Raises:
            BackendError: the port failed.
        """
        return self._decoder.feed(self._read())

    def forget(self) -> None:
        """Drop what arrived before anybody listened.

        Raises:
            BackendError: the port failed.
        """
        self._on_port(self._serial.reset_input_buffer)

    def log(self) -> str:
        """The last frames of the conversation, and what else came in."""
        noise = bytes(self._decoder.noise).decode("ascii", "backslashreplace")
        return "\n".join([*self._spoken, f"outside of frames: {noise!r}", f"broken frames: {self._decoder.broken}"])

    # ---- sending and receiving ----

    def _send(self, frame: Frame) -> None:
        self._spoken.append(f"> {frame.sequence:3} {frame.kind:02x} {frame.payload.hex()}")
        self._on_port(lambda: self._serial.write(frame.encode()))

    def _answer(self, request: Frame, seconds: float) -> Frame | None:
        """The answer to a request, or None where none comes in time. Answers to earlier requests are passed over."""
        on_the_line = 2 * _BITS_PER_BYTE * (len(request.encode()) + 2 * len(request.payload) + 300) / BAUD
        deadline = time.monotonic() + seconds + on_the_line
        while time.monotonic() < deadline:
            for frame in self._decoder.feed(self._read()):
                self._spoken.append(f"< {frame.sequence:3} {frame.kind:02x} {frame.payload.hex()}")
                if frame.sequence != request.sequence:
                    continue
                if frame.kind == NOT_GREETED:
                    raise BoardWasResetError
                if frame.kind == REFUSED:
                    reason = frame.payload.decode("ascii", "replace")
                    raise BackendError(f"the board at {self.port} refused a request: {reason}", self.log())
                if frame.kind == request.kind | ANSWER:
                    return frame
        return None

    def _read(self) -> bytes:
        return self._on_port(lambda: bytes(self._serial.read(max(1, self._serial.in_waiting))))

    def _on_port(self, action: Callable[[], _Result]) -> _Result:
        """Use the port; whatever goes wrong with it is one clear error."""
        import serial

        try:
            return action()
        except serial.SerialTimeoutException:
            raise BackendError(f"the board at {self.port} takes no more data", self.log()) from None
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: pyserial, port closed meanwhile
            raise BackendError(f"the port {self.port} has failed or disappeared: {error}", self.log()) from error

    def _silence(self, attempts: int) -> str:
        if self._decoder.noise or self._decoder.broken:
            sample = bytes(self._decoder.noise[-60:]).decode("ascii", "backslashreplace")
            return (
                f"the board at {self.port} does not speak specc's protocol: {attempts} requests without an answer, but "
                f"{sample!r} came in; is the firmware flashed, and does nothing else use the port?"
            )
        return f"the board at {self.port} is silent: {attempts} requests without an answer; is it powered and flashed?"


def _why_not_open(port: str, error: Exception) -> str:
    """One clear sentence for a port that cannot be opened."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT or (not Path(port).exists() and os.name == "posix"):
        return f"there is no port {port}: is the board connected?"
    if number == errno.EACCES:
        return f"no permission to open {port}: add this user to the group that owns it (often dialout)"
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return f"the port {port} is in use by another program"
    return f"the port {port} cannot be opened: {error}"

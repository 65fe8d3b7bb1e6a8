"""A board behind a serial line: who it is, what it computes, and how long that takes.

The requests are those of firmware/runtime/serial.c. A sample counts only if its input, its run and its reading all
belong to one start of the board: what a reset interrupts is done again from the beginning, and nothing of it is kept.
"""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from specc.measure.backend import BackendError
from specc_backends.serial_board.frames import PAYLOAD_LIMIT
from specc_backends.serial_board.line import BoardWasResetError, SerialLine

PROTOCOL: Final = 2
HELLO, INPUT, RUN, LAYER, READ, STACK, RESTART, I2C_READ, I2C_WRITE = range(1, 10)
_TICKS, _OUTPUT = 0xFFFFFFFF, 0xFFFFFFFE  # what READ reads, beside the outputs of layers
_PIECE: Final = PAYLOAD_LIMIT - 4  # an offset goes before the bytes
_HASH: Final = 8
_FACTS: Final = struct.Struct("<IIIII")  # of HELLO, behind the hash
_RESETS: Final = 5  # that one sample may meet
_RESTART_SECONDS: Final = 5.0
_I2C_SECONDS: Final = 0.1  # a transfer takes some milliseconds, and a clock that is held is given up after one

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Identity:
    """What a board says it is."""

    hash: bytes
    clock_hz: int
    layers: int
    input_bytes: int
    output_bytes: int
    row_bytes: int  # of the input, where it arrives by rows; else 0
    network: str


@dataclass(frozen=True)
class Sample:
    """One inference: its output, and the ticks of the whole and of each layer."""

    index: int
    output: bytes
    total: int
    layers: tuple[int, ...]


class SerialBoard:
    """A greeted board."""

    def __init__(self, line: SerialLine, inference_seconds: float) -> None:
        """Greet the board.

        Args:
            line: the port it is on.
            inference_seconds: how long one inference may take.

        Raises:
            BackendError: it does not answer, or speaks another version of the protocol.
        """
        self._line = line
        self._patience = inference_seconds
        self._taken = 0  # inferences since the greeting
        self._samples = 0
        self.resets = 0  # that nobody asked for
        self.identity = self._greet()

    def _greet(self) -> Identity:
        self._taken = 0
        answer = self._line.ask(HELLO, secrets.token_bytes(4))
        version, fixed = answer[:1], answer[1 : 1 + _HASH + _FACTS.size]
        if version != bytes((PROTOCOL,)) or len(fixed) != _HASH + _FACTS.size:
            raise BackendError(
                f"the firmware at {self._line.port} speaks version {version.hex()} of the protocol, not "
                f"{PROTOCOL:02x}: flash it again with this specc",
                self._line.log(),
            )
        name = answer[1 + len(fixed) :].decode("utf-8", "replace")
        clock, layers, input_bytes, output_bytes, row_bytes = _FACTS.unpack(fixed[_HASH:])
        return Identity(fixed[:_HASH], clock, layers, input_bytes, output_bytes, row_bytes, name)

    def sample(self, codes: bytes) -> Sample:
        """Run one inference; its index is the number of samples taken before.

        Raises:
            BackendError: the board failed, or keeps starting over.
        """
        index, self._samples = self._samples, self._samples + 1
        return self._whole(lambda: self._sample(index, codes))

    def trace(self, codes: bytes) -> list[bytes]:
        """Run the layers one by one; the output of each.

        Raises:
            BackendError: as `sample`.
        """
        return self._whole(lambda: self._trace(codes))

    def stack(self) -> tuple[int, int]:
        """Deepest use of the stack since the board's start, and its size, in bytes."""
        used, reserved = self._whole(lambda: self._words(STACK, b"", 2))
        return used, reserved

    def i2c_read(self, address: int, register: int) -> int:
        """Content of a 16-bit register of a device on the board's I2C pins.

        Raises:
            OSError: no device acknowledged.
            BackendError: the board failed.
        """
        request = struct.pack("<II", address, register)
        acknowledged, content = self._whole(lambda: self._words(I2C_READ, request, 2, _I2C_SECONDS))
        self._require_acknowledged(acknowledged, address)
        return content

    def i2c_write(self, address: int, register: int, value: int) -> None:
        """Set a 16-bit register of a device on the board's I2C pins.

        Raises:
            OSError: no device acknowledged.
            BackendError: the board failed.
        """
        request = struct.pack("<III", address, register, value)
        (acknowledged,) = self._whole(lambda: self._words(I2C_WRITE, request, 1, _I2C_SECONDS))
        self._require_acknowledged(acknowledged, address)

    def _require_acknowledged(self, acknowledged: int, address: int) -> None:
        if not acknowledged:
            raise OSError(f"no device on the I2C pins of the board at {self._line.port} acknowledges 0x{address:02x}")

    def restart(self) -> None:
        """Start the board over and greet it again.

        Raises:
            BackendError: it does not come back, or comes back as another.
        """
        deadline = time.monotonic() + _RESTART_SECONDS
        self._line.restart(RESTART)
        while True:
            try:
                self._regreet()
                return
            except BackendError:
                if time.monotonic() > deadline:
                    raise

    def leave(self) -> None:
        """Start the board over and leave it so: whoever opens the port next finds it as after power-on."""
        self._line.restart(RESTART)

    def _regreet(self) -> None:
        identity = self._greet()
        if identity != self.identity:
            raise BackendError(f"the board at {self._line.port} came back with other firmware", self._line.log())

    # ---- one attempt each ----

    def _whole(self, attempt: Callable[[], _Result]) -> _Result:
        """The result of an attempt that no reset interrupted."""
        for _ in range(_RESETS):
            try:
                return attempt()
            except BoardWasResetError:
                self.resets += 1
                self._regreet()
        raise BackendError(
            f"the board at {self._line.port} started over {_RESETS} times in the same inference: it crashes there, or "
            "its supply fails",
            self._line.log(),
        )

    def _sample(self, index: int, codes: bytes) -> Sample:
        started = time.monotonic()
        self._give(codes)
        if not self.identity.row_bytes:  # else the network has run while its rows arrived
            started = time.monotonic()
        answered, runs, total = self._words(RUN, struct.pack("<I", index), 3, self._patience)
        seconds = time.monotonic() - started
        self._taken += 1
        if (answered, runs) != (index, self._taken):
            raise BackendError(
                f"the board answered as sample {answered}, its inference {runs}, where sample {index}, inference "
                f"{self._taken}, was asked for",
                self._line.log(),
            )
        if seconds > 0.9 * 2**32 / self.identity.clock_hz:
            raise BackendError(f"an inference takes {seconds:.1f} s, longer than the board's 32-bit counter can count")
        layers = struct.unpack(f"<{self.identity.layers}I", self._read(_TICKS, 4 * self.identity.layers))
        return Sample(index, self._read(_OUTPUT, self.identity.output_bytes), total, layers)

    def _trace(self, codes: bytes) -> list[bytes]:
        self._give(codes)
        outputs = []
        for layer in range(self.identity.layers):
            answered, _ticks, size = self._words(LAYER, struct.pack("<I", layer), 3, self._patience)
            if answered != layer:
                raise BackendError(f"the board ran layer {answered} instead of {layer}", self._line.log())
            outputs.append(self._read(layer, size))
        return outputs

    def _give(self, codes: bytes) -> None:
        row = self.identity.row_bytes
        patience = self._patience if row else 0.0  # the network runs meanwhile
        offset = 0
        while offset < len(codes):
            room = min(_PIECE, row - offset % row) if row else _PIECE
            piece = codes[offset : offset + room]
            (there,) = self._words(INPUT, struct.pack("<I", offset) + piece, 1, patience)
            if there != offset + len(piece):
                raise BackendError(f"the board has {there} bytes of input, not {offset + len(piece)}", self._line.log())
            offset = there

    def _read(self, what: int, size: int) -> bytes:
        data = b""
        while len(data) < size:
            count = min(_PIECE, size - len(data))
            answer = self._line.ask(READ, struct.pack("<III", what, len(data), count))
            if len(answer) != 4 + count or int.from_bytes(answer[:4], "little") != len(data):
                raise BackendError("the board answered with other bytes than it was asked for", self._line.log())
            data += answer[4:]
        return data

    def _words(self, kind: int, payload: bytes, count: int, seconds: float = 0.0) -> tuple[int, ...]:
        answer = self._line.ask(kind, payload, seconds=seconds)
        if len(answer) != 4 * count:
            raise BackendError(f"the board answered with {len(answer)} bytes, not {4 * count}", self._line.log())
        return struct.unpack(f"<{count}I", answer)

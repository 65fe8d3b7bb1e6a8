"""Semihosting: what a program asks of the debugger it believes in, through BKPT 0xAB.

Source: "Semihosting for AArch32 and AArch64", Arm, IHI 0082 (operations 0x01 to 0x20). Provided are output to the
console and the end of the program; no file of the machine can be reached.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

OPEN, CLOSE, WRITEC, WRITE0, WRITE, ISTTY, EXIT, EXIT_EXTENDED = 0x01, 0x02, 0x03, 0x04, 0x05, 0x09, 0x18, 0x20
BREAKPOINT: Final = bytes.fromhex("abbe")
CONSOLE: Final = 1  # the handle that opening ":tt" gives
OUTPUT_LIMIT: Final = 1 << 20
_TEXT_LIMIT: Final = 1 << 16
_APPLICATION_EXIT: Final = 0x20026
_FAILED: Final = 0xFFFFFFFF


class SemihostingError(Exception):
    """The program asks for what is not provided."""


@dataclass
class Console:
    """What the program has written, and how it ended."""

    output: bytearray = field(default_factory=bytearray)
    exit_code: int | None = None

    def call(self, engine: Any, operation: int, argument: int) -> int:
        """Carry out a request; the result is for register r0.

        Args:
            engine: the processor, for its memory.
            operation: register r0.
            argument: register r1.

        Raises:
            SemihostingError: the operation is not provided.
            UcError: the program passed an address that is no memory.
        """
        if operation == WRITEC:
            self._write(bytes(engine.mem_read(argument, 1)))
        elif operation == WRITE0:
            self._write(_text(engine, argument))
        elif operation == WRITE:
            handle, address, size = _words(engine, argument, 3)
            if handle == CONSOLE and size <= OUTPUT_LIMIT:
                self._write(bytes(engine.mem_read(address, size)))
                return 0
            return size
        elif operation == OPEN:
            address, _, size = _words(engine, argument, 3)
            return CONSOLE if size == 3 and bytes(engine.mem_read(address, 3)) == b":tt" else _FAILED
        elif operation in (CLOSE, ISTTY):
            return int(operation == ISTTY)
        elif operation == EXIT:
            self.exit_code = 0 if argument == _APPLICATION_EXIT else 1
        elif operation == EXIT_EXTENDED:
            reason, code = _words(engine, argument, 2)
            self.exit_code = code if reason == _APPLICATION_EXIT else 1
        else:
            raise SemihostingError(
                f"the program asks for semihosting operation 0x{operation:02x}; provided are output to the console and "
                "the end of the program"
            )
        return 0

    def _write(self, data: bytes) -> None:
        if len(self.output) + len(data) > OUTPUT_LIMIT:
            raise SemihostingError(f"the program wrote more than {OUTPUT_LIMIT:,} bytes")
        self.output += data


def _words(engine: Any, address: int, count: int) -> tuple[int, ...]:
    data = bytes(engine.mem_read(address, 4 * count))
    return tuple(int.from_bytes(data[at : at + 4], "little") for at in range(0, 4 * count, 4))


def _text(engine: Any, address: int) -> bytes:
    text = bytearray()
    while len(text) < _TEXT_LIMIT:
        byte = bytes(engine.mem_read(address + len(text), 1))
        if byte == b"\0":
            return bytes(text)
        text += byte
    raise SemihostingError(f"the program writes a text at 0x{address:08x} that does not end")

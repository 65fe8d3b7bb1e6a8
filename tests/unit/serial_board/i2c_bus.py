"""A device on I2C lines, bit by bit, and a virtual board with one: `python i2c_bus.py DEVICE ELF LIBRARY SRAM CLOCK`.

The device watches the two lines as NXP's UM10204 describes them; what it knows of the program is the lines alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "energy"))

from simulated_ina import SimulatedIna219, SimulatedIna226

from specc_backends.virtual_board.pty import PtyBoard

ADDRESS = 0x40


class Chip(Protocol):
    def read_word(self, address: int, register: int) -> int: ...

    def write_word(self, address: int, register: int, value: int) -> None: ...


class Memory:
    """256 registers that keep what is written to them."""

    def __init__(self) -> None:
        self.words = [0] * 256

    def read_word(self, _address: int, register: int) -> int:
        return self.words[register]

    def write_word(self, _address: int, register: int, value: int) -> None:
        self.words[register] = value


class Device:
    """A device at `ADDRESS` with a pointer and 16-bit registers, most significant byte first."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._scl = self._sda = True
        self._pulls = False  # SDA low
        self._phase = "idle"  # address, pointer, high, low: bytes it takes; send: bytes it gives
        self._clocks = 0  # rising edges of this byte, the ninth is the acknowledgement's
        self._byte = 0
        self._pointer = 0
        self._high = 0
        self._queue: list[int] = []

    @property
    def lines(self) -> tuple[bool, bool]:
        return True, not self._pulls

    def drive(self, scl: bool, sda: bool) -> None:
        if scl and self._scl and sda != self._sda:
            self._phase, self._clocks, self._byte = ("idle" if sda else "address"), 0, 0  # stop, start
            self._pulls = False
        elif scl and not self._scl:
            self._rise(sda)
        elif self._scl and not scl and self._phase != "idle" and self._clocks:
            self._fall()
        self._scl, self._sda = scl, sda

    def _rise(self, sda: bool) -> None:
        self._clocks += 1
        if self._phase == "send" and self._clocks == 9 and sda:  # not acknowledged: the master wants no more
            self._phase = "idle"
        elif self._phase != "send" and self._clocks <= 8:
            self._byte = self._byte << 1 | sda

    def _fall(self) -> None:
        if self._phase == "send" and self._clocks < 8:
            self._pulls = not self._byte >> (7 - self._clocks) & 1
        elif self._phase == "send" and self._clocks == 8:
            self._pulls = False
        elif self._clocks == 8:
            self._pulls = self._take(self._byte)
        elif self._clocks == 9:
            self._clocks, self._pulls = 0, False
            self._byte = 0
            if self._queue:
                self._phase = "send"
                self._byte = self._queue.pop(0)
                self._pulls = not self._byte >> 7 & 1

    def _take(self, byte: int) -> bool:
        """A whole byte; whether it is acknowledged."""
        if self._phase == "address":
            if byte >> 1 != ADDRESS:
                self._phase = "idle"
                return False
            if byte & 1:
                self._queue = list(self._chip.read_word(ADDRESS, self._pointer).to_bytes(2, "big"))
            self._phase = "pointer"
        elif self._phase == "pointer":
            self._pointer, self._phase = byte, "high"
        elif self._phase == "high":
            self._high, self._phase = byte, "low"
        elif self._phase == "low":
            self._chip.write_word(ADDRESS, self._pointer, self._high << 8 | byte)
            self._phase = "high"
        return True


class HeldClock:
    """A device that holds the clock low for ever."""

    lines = (False, True)

    def drive(self, scl: bool, sda: bool) -> None:
        pass


def main() -> None:
    name, elf, library, sram, clock = sys.argv[1:]
    devices = {
        "ina226": lambda: Device(SimulatedIna226()),
        "ina219": lambda: Device(SimulatedIna219()),
        "memory": lambda: Device(Memory()),
        "held clock": HeldClock,
        "nothing": lambda: None,
    }
    board = PtyBoard(
        Path(elf),
        Path(library),
        core="cortex-m4",
        sram_bytes=int(sram),
        clock_hz=float(clock),
        regions=1024,
        pace=None,
        i2c=devices[name](),
    )
    print(board.port, flush=True)
    board.serve()


if __name__ == "__main__":
    main()

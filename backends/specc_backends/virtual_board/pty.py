"""The virtual board's UART as a pseudo terminal: programs that expect a serial port cannot tell it from a board.

Run as a process of its own:

    python -m specc_backends.virtual_board.pty firmware.elf native.so --sram 131072 --clock 168e6 [--core CORE]

It writes the name of the port on its first line of output, once the program has started and greeted. A client may close
the port and open it again. SIGUSR1 resets the board; so does a program that asks for it by its exit code.

The board computes as fast as it can, which is slower or faster than real. With `--pace` an answer is held back until as
much time has passed as the board says it took, divided by the pace.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import signal
import sys
import time
import tty
from pathlib import Path
from types import FrameType
from typing import Final

from specc_backends.virtual_board.cores import CORES
from specc_backends.virtual_board.image import ImageError, read_image
from specc_backends.virtual_board.machine import I2cDevices, Machine
from specc_backends.virtual_board.processor import GuestError

EXIT_RESTART: Final = 75  # of firmware/boards/virtual_serial
_PIECE: Final = 4096
_POLL_SECONDS: Final = 0.05
_COMMAND_SECONDS: Final = 300.0


class PtyBoard:
    """A board whose UART is a raw pseudo terminal."""

    def __init__(
        self,
        elf: Path,
        library: Path,
        *,
        core: str,
        sram_bytes: int,
        clock_hz: float,
        regions: int,
        pace: float | None,
        i2c: I2cDevices | None = None,
    ) -> None:
        """Start a board.

        Args:
            elf: its program.
            library: what `native.build_native` returned.
            core: one of `cores.CORES`.
            sram_bytes: SRAM of the board.
            clock_hz: its clock.
            regions: probe regions of the program: its layers and one.
            i2c: the devices on its I2C lines; None: none.
            pace: seconds of the board's own time in a second at the most; None: no limit.
        """
        self._image = read_image(elf)
        self._library = library
        self._core = core
        self._sram_bytes = sram_bytes
        self._clock_hz = clock_hz
        self._regions = regions
        self._pace = pace
        self._i2c = i2c
        self._must_reset = False
        # The board keeps the client's end open as well: a client that closes it does not hang up the line.
        self._board_end, self._client_end = pty.openpty()
        tty.setraw(self._client_end)
        tty.setraw(self._board_end)
        self._machine = self._start()

    @property
    def port(self) -> str:
        """Name of the port that a client opens."""
        return os.ttyname(self._client_end)

    def request_reset(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Reset the board as soon as it is at rest."""
        self._must_reset = True

    def _start(self) -> Machine:
        machine = Machine(
            self._image,
            self._library,
            core=self._core,
            sram_bytes=self._sram_bytes,
            regions=self._regions,
            line_bytes=16,
            code_budget=1 << 48,
            seconds=_COMMAND_SECONDS,
            i2c=self._i2c,
        )
        self._send(machine.command(b""))
        return machine

    def serve(self) -> None:
        """Serve until the process is ended, or the program fails.

        Raises:
            GuestError: the program faulted, or ended.
        """
        while True:
            if self._must_reset:
                self._must_reset = False
                self._machine = self._start()
            ready, _, _ = select.select([self._board_end], [], [], _POLL_SECONDS)
            if ready:
                self._take(os.read(self._board_end, _PIECE))

    def _take(self, data: bytes) -> None:
        started = time.monotonic()
        answer = self._machine.command(data)
        if self._pace:
            cycles = self._machine.counters()[0].get("cycles_low", 0)
            time.sleep(max(0.0, started + cycles / self._clock_hz / self._pace - time.monotonic()))
        self._send(answer)
        if self._machine.exit_code == EXIT_RESTART:
            self._machine = self._start()
        elif self._machine.exit_code is not None:
            raise GuestError(f"the program ended with code {self._machine.exit_code}")

    def _send(self, data: bytes) -> None:
        """Write all of it. What no client reads is lost when the terminal's buffer is full, as on a wire."""
        while data:
            _, ready, _ = select.select([], [self._board_end], [], 1.0)
            if not ready:
                return
            data = data[os.write(self._board_end, data[:_PIECE]) :]


def main() -> int:
    """Run a board until the process is ended."""
    parser = argparse.ArgumentParser(description="Run a program on the virtual board behind a pseudo terminal.")
    parser.add_argument("elf", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--core", choices=CORES, default="cortex-m4")
    parser.add_argument("--sram", type=int, required=True, metavar="BYTES")
    parser.add_argument("--clock", type=float, required=True, metavar="HZ")
    parser.add_argument("--regions", type=int, default=1024)
    parser.add_argument("--pace", type=float)
    options = parser.parse_args()
    try:
        board = PtyBoard(
            options.elf,
            options.library,
            core=options.core,
            sram_bytes=options.sram,
            clock_hz=options.clock,
            regions=options.regions,
            pace=options.pace,
        )
        signal.signal(signal.SIGUSR1, board.request_reset)
        print(board.port, flush=True)
        board.serve()
    except (GuestError, ImageError) as error:
        print(f"virtual board: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The virtual board itself: a Cortex-M with flash, SRAM, UART, cycle counter and probe.

Only worker processes import this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from unicorn.arm_const import UC_ARM_REG_PC, UC_ARM_REG_SP
from unicorn.unicorn_const import UC_PROT_EXEC, UC_PROT_READ, UC_PROT_WRITE
from unicorn.unicorn_py3.unicorn import UcError

from specc_backends.virtual_board import native
from specc_backends.virtual_board.cores import core_model
from specc_backends.virtual_board.image import FLASH_ORIGIN, PAGE, SRAM_ORIGIN, Image
from specc_backends.virtual_board.ledger import Reading, difference, together
from specc_backends.virtual_board.processor import GuestError, Processor, UnwatchedReading, Watched

__all__ = ["GuestError", "Machine"]

UART: Final = 0x40004000
PROBE: Final = 0x40005000
PROBE_REGION, PROBE_EXIT = 0x0, 0x4
I2C: Final = 0x40006000
SCL, SDA = 1 << 0, 1 << 1
NO_CACHES: Final = ((16, 1, 0), (16, 1, 0))


class I2cDevices(Protocol):
    """What hangs on the board's I2C lines. A line is high only if everybody lets go of it."""

    def drive(self, scl: bool, sda: bool) -> None:
        """The board pulls lines low (False) or lets go of them (True)."""
        ...

    @property
    def lines(self) -> tuple[bool, bool]:
        """Whether the devices let go of SCL and of SDA."""
        ...


class Machine:
    """A board with a program in its flash, reset and ready to run."""

    def __init__(
        self,
        image: Image,
        library: Path,
        *,
        core: str = "cortex-m4",
        sram_bytes: int,
        regions: int,
        line_bytes: int,
        code_budget: int,
        seconds: float,
        count_flash_reads: bool = False,
        caches: Sequence[Sequence[int]] = NO_CACHES,
        i2c: I2cDevices | None = None,
    ) -> None:
        """Load a program and reset the board.

        Args:
            image: the program.
            library: the built native library.
            core: one of `cores.CORES`.
            sram_bytes: SRAM of the board.
            regions: number of probe regions counted apart; region 0 is everything outside.
            line_bytes: bytes that one read of flash brings.
            code_budget: bytes of code that one command may execute before the guest counts as endless.
            seconds: time that one command may take.
            count_flash_reads: map the constants in flash as a device that counts its reads, and simulate the caches.
                Several times slower. A memory hook would be no alternative: in Unicorn 2.1.4 one that fires inside an
                IT block corrupts the program.
            caches: bytes of a line, sets, and lines in a set (0: no cache) of the vendor's cache before flash, on the
                side of instructions and on that of data.
            i2c: the devices on the I2C lines; None: none.
        """
        self._image = image
        self._library = library
        self._core = core_model(core)
        self._sram_bytes = sram_bytes
        self._regions = regions
        self._line_bytes = line_bytes
        self._code_budget = code_budget
        self._seconds = seconds
        self._caches = caches
        self._i2c = i2c
        self._count_flash_reads = count_flash_reads
        self._watched: Watched = set()
        self._history: list[bytes] = []
        self._reset()

    def _reset(self) -> None:
        image = self._image
        self._region = 0
        self._driven = SCL | SDA  # the I2C lines that the program lets go of
        # Of the command, by region: what was done between pairs of readings, and the first reading of an open pair.
        self._done: dict[int, Reading] = {}
        self._open: dict[int, Reading] = {}
        self.exit_code: int | None = None
        code_bytes = _pages((image.constants_start or image.flash_end) - FLASH_ORIGIN)
        constant_bytes = _pages(len(image.constants))
        self._processor = Processor(
            self._core,
            self._library,
            code=[(FLASH_ORIGIN, FLASH_ORIGIN + code_bytes)],
            code_at=image.code_at,
            constants=(image.constants_start, image.constants, constant_bytes if self._count_flash_reads else 0),
            line_bytes=self._line_bytes,
            watched=self._watched,
            on_reading=self._note,
        )
        self._native = self._processor.native
        engine = self._processor.engine
        engine.mem_map(FLASH_ORIGIN, code_bytes, UC_PROT_READ | UC_PROT_EXEC)
        engine.mem_write(FLASH_ORIGIN, image.code)
        engine.mem_map(SRAM_ORIGIN, _pages(self._sram_bytes), UC_PROT_READ | UC_PROT_WRITE)
        if self._count_flash_reads:
            self._native.simulate_caches(*self._caches)
        elif constant_bytes:
            engine.mem_map(image.constants_start, constant_bytes, UC_PROT_READ)
            engine.mem_write(image.constants_start, image.constants)
        self._native.map_device(UART, PAGE, "board_uart_read", "board_uart_write")
        engine.mmio_map(PROBE, PAGE, self._read_nothing, None, self._write_probe, None)
        engine.mmio_map(I2C, PAGE, self._read_i2c, None, self._write_i2c, None)
        stack, entry = (int.from_bytes(image.code[at : at + 4], "little") for at in (0, 4))
        engine.reg_write(UC_ARM_REG_SP, stack)
        engine.reg_write(UC_ARM_REG_PC, entry)

    # ---- running ----

    def command(self, line: bytes) -> bytes:
        """Send a line to the guest, run until it waits for the next, and return what it wrote.

        Raises:
            GuestError: the guest faulted, wrote where it must not, or did not come back within its limits.
            UnknownInstruction: it executed code that cannot be priced.
        """
        self._history.append(line)
        while True:
            try:
                return self._run(line)
            except UnwatchedReading:
                self._replay()

    def _replay(self) -> None:
        """Start over with the new block on the list, up to the command before the last."""
        while True:
            self._reset()
            try:
                for line in self._history[:-1]:
                    self._run(line)
                return
            except UnwatchedReading:
                continue

    def _run(self, line: bytes) -> bytes:
        if self.exit_code is not None:
            raise GuestError(f"the program has ended with code {self.exit_code}")
        self._done.clear()
        self._open.clear()
        self._native.give(line)
        board = self._native.board
        board.code_budget = self._code_budget
        try:
            self._processor.run(self._seconds)
        except UcError as error:
            raise GuestError(f"the program faulted at 0x{self._pc:08x}: {error}{self._last_output()}") from None
        if board.stopped != native.WAITING_FOR_INPUT and self.exit_code is None:
            raise GuestError(self._why_stopped() + self._last_output())
        self._processor.price()  # every executed block must decode
        return self._native.take()

    def _why_stopped(self) -> str:
        board = self._native.board
        return {
            native.RUNNING: f"the program did not come to an end within {self._seconds:g} s (at 0x{self._pc:08x})",
            native.BUDGET_SPENT: f"the program did not come to an end within its instruction budget of "
            f"{self._code_budget // 2:,} (at 0x{board.fault_address:08x})",
            native.OUTSIDE_CODE: f"the program executed 0x{board.fault_address:08x}, which is not code in flash",
            native.TOO_MANY_BLOCKS: f"the program has more than {native.SLOT_LIMIT} blocks of code",
            native.OUTPUT_FULL: f"the program wrote more than {native.SENT_LIMIT:,} bytes in answer to one command",
            native.WRITE_TO_FLASH: f"the program wrote to constants in flash, at offset 0x{board.fault_address:x}",
        }[board.stopped]

    def _last_output(self) -> str:
        sent = self._native.take()[-400:].decode("ascii", "replace")
        return f"; last output: {sent!r}" if sent else ""

    @property
    def _pc(self) -> int:
        return self._processor.pc

    def counters(self) -> list[dict[str, int]]:
        """What each region did during the last command, between its readings of the cycle counter.

        A region is entered any number of times and reads the counter twice each time; what it did is the sum. So
        `cycles_low` is exactly what the program itself measured. Region 0 is the time between the first and the last
        reading outside of the other regions, and includes them. A region that read the counter less than twice is an
        empty dictionary.
        """
        ledger = self._processor.ledger
        return [ledger.of(self._done[region]) if region in self._done else {} for region in range(self._regions)]

    # ---- devices: no exception may cross Unicorn's frames, so each is kept for _run to raise ----

    def _read_nothing(self, _engine: Any, _offset: int, _size: int, _data: Any) -> int:
        return 0

    def _read_i2c(self, _engine: Any, _offset: int, _size: int, _data: Any) -> int:
        scl, sda = self._i2c.lines if self._i2c else (True, True)
        return self._driven & ((SCL if scl else 0) | (SDA if sda else 0))

    def _write_i2c(self, _engine: Any, _offset: int, _size: int, value: int, _data: Any) -> None:
        self._driven = value & (SCL | SDA)
        if self._i2c is not None:
            self._i2c.drive(bool(value & SCL), bool(value & SDA))

    def _write_probe(self, _engine: Any, offset: int, _size: int, value: int, _data: Any) -> None:
        if offset == PROBE_EXIT:
            self.exit_code = value
            self._processor.engine.emu_stop()
        elif offset == PROBE_REGION and value < self._regions:
            self._region = value
        elif offset == PROBE_REGION:
            self._processor.fail(
                GuestError(f"the program marked region {value}; the board was told of {self._regions}")
            )

    def _note(self, now: Reading) -> None:
        region = self._region
        if region not in self._open:
            self._open[region] = now
        elif region == 0:
            self._done[0] = difference(self._open[0], now)
        else:
            work = difference(self._open.pop(region), now)
            self._done[region] = together(self._done[region], work) if region in self._done else work


def _pages(size: int) -> int:
    """A size rounded up to whole pages."""
    return -(-size // PAGE) * PAGE

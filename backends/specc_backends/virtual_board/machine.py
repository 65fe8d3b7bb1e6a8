"""The virtual board itself: a Cortex-M4 with flash, SRAM, UART, cycle counter and probe, run by Unicorn.

Only the worker process imports this module. Unicorn executes, native.c counts blocks, ledger.py prices them. Nothing in
the guest can tell the cycle counter from a real one, but that it follows the documented model.

The counter must be right in the middle of a block, yet Unicorn does not tell a device which instruction reads it. So a
block that reads the counter for the first time is put on a list, and the board starts over with a hook on each
instruction of the blocks on it. The simulation is deterministic, so starting over costs time and changes nothing; the
firmware has one such block, and meets it in its first inference.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from unicorn.arm_const import UC_ARM_REG_PC, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M4
from unicorn.unicorn_const import UC_ARCH_ARM, UC_MODE_THUMB, UC_PROT_EXEC, UC_PROT_READ, UC_PROT_WRITE
from unicorn.unicorn_py3.unicorn import Uc, UcError

from specc_backends.virtual_board import native
from specc_backends.virtual_board.image import FLASH_ORIGIN, PAGE, SRAM_ORIGIN, Image
from specc_backends.virtual_board.ledger import COUNTERS, FlashReads, Ledger

UART: Final = 0x40004000
PROBE: Final = 0x40005000
PROBE_REGION, PROBE_EXIT = 0x0, 0x4
DWT: Final = 0xE0001000
DWT_CTRL, CYCCNT = 0x0, 0x4
SYSTEM_CONTROL: Final = 0xE000E000
DEMCR: Final = SYSTEM_CONTROL + 0xDFC
TRACE_ENABLE, COUNTER_ENABLE = 1 << 24, 1


NO_CACHES: Final = ((16, 1, 0), (16, 1, 0))
_CYCLES: Final = COUNTERS.index("cycles_low")
Totals = npt.NDArray[np.int64]


class GuestError(Exception):
    """The program on the board did something no board survives, or never came to an end."""


class _UnwatchedReading(Exception):
    """A block not yet on the list read the cycle counter."""


class Machine:
    """A board with a program in its flash, reset and ready to run."""

    def __init__(
        self,
        image: Image,
        library: Path,
        *,
        sram_bytes: int,
        regions: int,
        line_bytes: int,
        code_budget: int,
        seconds: float,
        count_flash_reads: bool = False,
        caches: Sequence[Sequence[int]] = NO_CACHES,
    ) -> None:
        """Load a program and reset the board.

        Args:
            image: the program.
            library: the built native library.
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
        """
        self._image = image
        self._library = library
        self._sram_bytes = sram_bytes
        self._regions = regions
        self._line_bytes = line_bytes
        self._code_budget = code_budget
        self._seconds = seconds
        self._caches = caches
        self._count_flash_reads = count_flash_reads
        self._watched: set[tuple[int, int]] = set()  # address and size of the blocks that read the cycle counter
        self._history: list[bytes] = []
        self._reset()

    def _reset(self) -> None:
        image = self._image
        self._ledger = Ledger(image, self._line_bytes)
        self._cycles_at_zero = 0  # cycles since reset when the counter stood at zero
        self._dwt_control = 0
        self._region = 0
        self._readings: dict[int, tuple[Totals, Totals]] = {}  # first and last of the command, by region
        self._error: Exception | None = None
        self.exit_code: int | None = None

        self._engine: Any = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        self._engine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        code_bytes = _pages((image.constants_start or image.flash_end) - FLASH_ORIGIN)
        self._engine.mem_map(FLASH_ORIGIN, code_bytes, UC_PROT_READ | UC_PROT_EXEC)
        self._engine.mem_write(FLASH_ORIGIN, image.code)
        self._engine.mem_map(SRAM_ORIGIN, _pages(self._sram_bytes), UC_PROT_READ | UC_PROT_WRITE)
        self._engine.mem_map(SYSTEM_CONTROL, PAGE, UC_PROT_READ | UC_PROT_WRITE)
        constant_bytes = _pages(len(image.constants))
        if constant_bytes and not self._count_flash_reads:
            self._engine.mem_map(image.constants_start, constant_bytes, UC_PROT_READ)
            self._engine.mem_write(image.constants_start, image.constants)
            constant_bytes = 0
        self._native = native.Native(
            self._library,
            self._engine,
            (FLASH_ORIGIN, FLASH_ORIGIN + code_bytes),
            (image.constants_start, image.constants, constant_bytes),
        )
        if self._count_flash_reads:
            self._native.simulate_caches(*self._caches)
        for address, size in sorted(self._watched):
            self._native.watch(address, size)
        self._native.map_device(UART, PAGE, "board_uart_read", "board_uart_write")
        self._engine.mmio_map(PROBE, PAGE, self._read_nothing, None, self._write_probe, None)
        self._engine.mmio_map(DWT, PAGE, self._read_dwt, None, self._write_dwt, None)
        stack, entry = (int.from_bytes(image.code[at : at + 4], "little") for at in (0, 4))
        self._engine.reg_write(UC_ARM_REG_SP, stack)
        self._engine.reg_write(UC_ARM_REG_PC, entry)

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
            except _UnwatchedReading:
                self._replay()

    def _replay(self) -> None:
        """Start over with the new block on the list, up to the command before the last."""
        while True:
            self._reset()
            try:
                for line in self._history[:-1]:
                    self._run(line)
                return
            except _UnwatchedReading:
                continue

    def _run(self, line: bytes) -> bytes:
        if self.exit_code is not None:
            raise GuestError(f"the program has ended with code {self.exit_code}")
        self._readings.clear()
        self._native.give(line)
        board = self._native.board
        board.code_budget = self._code_budget
        board.stopped = native.RUNNING
        try:
            self._engine.emu_start(self._pc | 1, 0xFFFFFFFF, timeout=int(self._seconds * 1e6))
        except UcError as error:
            raise GuestError(f"the program faulted at 0x{self._pc:08x}: {error}{self._last_output()}") from None
        if self._error is not None:
            raise self._error
        if board.stopped != native.WAITING_FOR_INPUT and self.exit_code is None:
            raise GuestError(self._why_stopped() + self._last_output())
        self._ledger.price(self._native.blocks(len(self._ledger)))  # every executed block must decode
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
        return int(self._engine.reg_read(UC_ARM_REG_PC))

    def counters(self) -> list[dict[str, int]]:
        """What each region did during the last command, between its first and its last reading of the cycle counter.

        `cycles_low` is therefore exactly what the program itself measured. Region 0 is the time between the first and
        the last reading outside of the other regions, and includes them. A region that read the counter less than
        twice is an empty dictionary.
        """
        return [self._difference(region) for region in range(self._regions)]

    def _difference(self, region: int) -> dict[str, int]:
        if region not in self._readings:
            return {}
        first, last = self._readings[region]
        return dict(zip(COUNTERS, (int(value) for value in last - first), strict=True))

    # ---- devices: no exception may cross Unicorn's frames, so each is kept for _run to raise ----

    def _read_nothing(self, _engine: Any, _offset: int, _size: int, _data: Any) -> int:
        return 0

    def _write_probe(self, _engine: Any, offset: int, _size: int, value: int, _data: Any) -> None:
        if offset == PROBE_EXIT:
            self.exit_code = value
            self._engine.emu_stop()
        elif offset == PROBE_REGION and value < self._regions:
            self._region = value
        elif offset == PROBE_REGION:
            self._fail(GuestError(f"the program marked region {value}; the board was told of {self._regions}"))

    def _read_dwt(self, _engine: Any, offset: int, _size: int, _data: Any) -> int:
        if offset == DWT_CTRL:
            return self._dwt_control
        if offset != CYCCNT or not self._counting:
            return 0
        try:
            now = self._totals()
        except Exception as error:
            self._fail(error)
            return 0
        self._readings[self._region] = (self._readings.get(self._region, (now, now))[0], now)
        return (int(now[_CYCLES]) - self._cycles_at_zero) & 0xFFFFFFFF

    def _write_dwt(self, _engine: Any, offset: int, _size: int, value: int, _data: Any) -> None:
        if offset == DWT_CTRL:
            self._dwt_control = value
        elif offset == CYCCNT:
            try:
                self._cycles_at_zero = int(self._totals()[_CYCLES]) - value
            except Exception as error:
                self._fail(error)

    @property
    def _counting(self) -> bool:
        demcr = int.from_bytes(self._engine.mem_read(DEMCR, 4), "little")
        return bool(demcr & TRACE_ENABLE and self._dwt_control & COUNTER_ENABLE)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._engine.emu_stop()

    def _totals(self) -> Totals:
        """Everything done since reset, up to the instruction that is executing."""
        board = self._native.board
        block = self._native.block(board.current)
        if block not in self._watched:
            self._watched.add(block)
            raise _UnwatchedReading
        self._ledger.price(self._native.blocks(len(self._ledger)))
        counts = self._native.counts[: len(self._ledger)].astype(np.int64)
        flash = FlashReads(board.constant_reads, board.fetches.misses, board.reads.misses)
        return self._ledger.totals(counts, flash, board.current, board.instruction)


def _pages(size: int) -> int:
    """A size rounded up to whole pages."""
    return -(-size // PAGE) * PAGE

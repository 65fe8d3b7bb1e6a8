"""A core with its memory still empty: Unicorn executes, native.c counts blocks, ledger.py prices them.

Nothing in the guest can tell the cycle counter from a real one, but that it follows the documented model. The counter
must be right in the middle of a block, yet Unicorn does not tell a device which instruction reads it. So a block that
reads the counter for the first time is put on a list, and whoever runs the processor starts over, with a hook on each
instruction of the blocks on the list. The simulation is deterministic: starting over costs time and changes nothing.

Only worker processes import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from unicorn.arm_const import UC_ARM_REG_PC
from unicorn.unicorn_const import UC_PROT_READ, UC_PROT_WRITE
from unicorn.unicorn_py3.unicorn import UcError

from specc_backends.virtual_board import native
from specc_backends.virtual_board.cores.cost import CoreModel
from specc_backends.virtual_board.cores.emulated import processor
from specc_backends.virtual_board.image import PAGE
from specc_backends.virtual_board.ledger import COUNTERS, FlashReads, Ledger, Reading

DWT: Final = 0xE0001000
DWT_CTRL, CYCCNT = 0x0, 0x4
SYSTEM_CONTROL: Final = 0xE000E000
DEMCR: Final = SYSTEM_CONTROL + 0xDFC
TRACE_ENABLE, COUNTER_ENABLE = 1 << 24, 1
NOWHERE: Final = 0xFFFFFFFF
_CYCLES: Final = COUNTERS.index("cycles_low")
Watched = set[tuple[int, int]]  # address and size of the blocks that read the cycle counter


class GuestError(Exception):
    """The program did something no board survives, or never came to an end."""


class UnwatchedReading(Exception):
    """A block not yet on the list read the cycle counter: start over."""


class Processor:
    """A core, its system registers and its cycle counter."""

    def __init__(
        self,
        core: CoreModel,
        library: Path,
        *,
        code: Sequence[tuple[int, int]],
        code_at: Callable[[int, int], bytes] | None,
        constants: tuple[int, bytes, int] = (0, b"", 0),
        line_bytes: int,
        watched: Watched,
        on_reading: Callable[[Reading], None] = lambda reading: None,
    ) -> None:
        """Make a processor.

        Args:
            core: its timing model.
            library: the built native library.
            code: ranges that may execute: first address, and the address behind the last.
            code_at: code at an address, so many bytes of it; None: as it lies in memory when it first runs.
            constants: address, contents and mapped size of constants in flash whose reads are counted.
            line_bytes: bytes that one read of flash brings.
            watched: the blocks known to read the cycle counter; grows.
            on_reading: called each time the program reads the cycle counter.
        """
        self.engine: Any = processor(core.name)
        self.ledger = Ledger(core, code_at or self._memory, line_bytes)
        self.native = native.Native(library, self.engine, code, constants)
        self._error: Exception | None = None
        self._watched = watched
        self._on_reading = on_reading
        self._cycles_at_zero = 0  # cycles since reset when the counter stood at zero
        self._dwt_control = 0
        for address, size in sorted(watched):
            self.native.watch(address, size)
        self.engine.mem_map(SYSTEM_CONTROL, PAGE, UC_PROT_READ | UC_PROT_WRITE)
        self.engine.mmio_map(DWT, PAGE, self._read_dwt, None, self._write_dwt, None)

    def _memory(self, address: int, size: int) -> bytes:
        return bytes(self.engine.mem_read(address, size))

    @property
    def pc(self) -> int:
        """Address of the next instruction."""
        return int(self.engine.reg_read(UC_ARM_REG_PC))

    def run(self, seconds: float, until: int = NOWHERE) -> None:
        """Run on from where the program counter stands, until something stops it; `native.board.stopped` says what.

        Args:
            seconds: limit.
            until: address to stop at.

        Raises:
            UcError: the program faulted.
            UnwatchedReading: start over.
        """
        self.native.board.stopped = native.RUNNING
        try:
            self.engine.emu_start(self.pc | 1, until, timeout=max(1, int(seconds * 1e6)))
        except UcError:
            if self._error is None:
                raise
        if self._error is not None:
            raise self._error

    def fail(self, error: Exception) -> None:
        """Stop with an error: none may cross Unicorn's frames, so it is kept for `run` to raise."""
        self._error = error
        self.engine.emu_stop()

    def price(self) -> None:
        """Price every block executed so far.

        Raises:
            UnknownInstruction: it executed code that cannot be priced.
        """
        self.ledger.price(self.native.blocks(len(self.ledger)))

    def reading(self, address: int | None = None) -> Reading:
        """Everything done since reset, up to an address in the block that was entered last; None: all of that block."""
        board = self.native.board
        self.price()
        counts = self.native.counts[: len(self.ledger)].astype(np.int64)
        flash = FlashReads(board.constant_reads, board.fetches.misses, board.reads.misses)
        return self.ledger.read(counts, flash, board.current, NOWHERE if address is None else address)

    def _here(self) -> Reading:
        """Everything done since reset, up to the instruction that is executing."""
        board = self.native.board
        block = self.native.block(board.current)
        if block not in self._watched:
            self._watched.add(block)
            raise UnwatchedReading
        return self.reading(board.instruction)

    def _read_dwt(self, _engine: Any, offset: int, _size: int, _data: Any) -> int:
        if offset == DWT_CTRL:
            return self._dwt_control
        if offset != CYCCNT or not self._counting:
            return 0
        try:
            now = self._here()
        except Exception as error:
            self.fail(error)
            return 0
        self._on_reading(now)
        return (int(now.totals[_CYCLES]) - self._cycles_at_zero) & 0xFFFFFFFF

    def _write_dwt(self, _engine: Any, offset: int, _size: int, value: int, _data: Any) -> None:
        if offset == DWT_CTRL:
            self._dwt_control = value
        elif offset == CYCCNT:
            try:
                self._cycles_at_zero = int(self._here().totals[_CYCLES]) - value
            except Exception as error:
                self.fail(error)

    @property
    def _counting(self) -> bool:
        demcr = int.from_bytes(self.engine.mem_read(DEMCR, 4), "little")
        return bool(demcr & TRACE_ENABLE and self._dwt_control & COUNTER_ENABLE)

"""Runs a program to its end, and says where its cycles went. Only the worker process imports this module."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from unicorn import arm_const
from unicorn.unicorn_const import UC_PROT_ALL
from unicorn.unicorn_py3.unicorn import UcError

from specc_backends.virtual_board import native
from specc_backends.virtual_board.cores import core_model
from specc_backends.virtual_board.cores.decode import decode
from specc_backends.virtual_board.image import PAGE, SRAM_ORIGIN
from specc_backends.virtual_board.ledger import COUNTERS, Reading
from specc_backends.virtual_board.processor import NOWHERE, GuestError, Processor, UnwatchedReading, Watched
from specc_backends.virtual_board.sim.profile import call_stacks, counters_by_function
from specc_backends.virtual_board.sim.program import Program, ProgramError
from specc_backends.virtual_board.sim.semihosting import BREAKPOINT, Console

DEFAULT_SRAM: Final = 1 << 20  # where no board says how much there is
RETURN: Final = 0x1F000000  # where a function that was entered by itself returns to; code may execute there
PAINT: Final = bytes.fromhex("3c5ac3a5")
_NO_LIMIT: Final = 1 << 62


class Run:
    """One run of a program, repeated from the start as often as it takes to account for it."""

    def __init__(
        self,
        program: Program,
        library: Path,
        *,
        core: str,
        sram_bytes: int | None,
        entry: str | None,
        exit_symbol: str | None,
        seconds: float,
        line_bytes: int,
        caches: Sequence[Sequence[int]],
    ) -> None:
        """Prepare to run.

        Args:
            program: what to run.
            library: the built native library.
            core: one of `cores.CORES`.
            sram_bytes: SRAM of the board, at 0x20000000; None: `DEFAULT_SRAM`.
            entry: function to run instead of the whole program; it ends when the function returns.
            exit_symbol: where the program ends, beside what semihosting says.
            seconds: limit for one run.
            line_bytes: bytes that one read of flash brings.
            caches: the vendor's cache, as for `Machine`.

        Raises:
            ProgramError: a symbol does not exist, or the program does not fit the board.
        """
        self._program = program
        self._library = library
        self._core = core_model(core)
        self._seconds = seconds
        self._line_bytes = line_bytes
        self._caches = caches
        self._sram_bytes = sram_bytes or DEFAULT_SRAM
        self._watched: Watched = set()
        self._entry = None if entry is None else program.symbol(entry)
        self._exit = NOWHERE if exit_symbol is None else program.symbol(exit_symbol)
        if self._entry is not None and exit_symbol is None:
            self._exit = RETURN
        self._check_memory(declared=sram_bytes is not None)
        self.console = Console()

    def _check_memory(self, *, declared: bool) -> None:
        end = SRAM_ORIGIN + self._sram_bytes
        for segment in self._program.segments:
            last = segment.address + segment.size
            if segment.address >= SRAM_ORIGIN and segment.address < 2 * SRAM_ORIGIN and last > end:
                which = "the board has" if declared else "are assumed without --board"
                raise ProgramError(
                    f"the program's data end at 0x{last:08x}, beyond the {self._sram_bytes:,} B of SRAM that {which}"
                )

    # ---- one pass over the program ----

    def execute(self) -> dict[str, Any]:
        """Run the program to its end.

        Returns:
            Counters, functions, stack, output and exit code, ready for JSON.

        Raises:
            GuestError: it faulted or did not end.
            UnknownInstruction: it executed code that has no price.
            SemihostingError: it asked for what is not provided.
        """
        self._pass(None)
        processor = self._processor
        reset = Reading(np.zeros((0, 3), np.int64), np.zeros(len(COUNTERS), np.int64))
        counters = processor.ledger.between(reset, processor.reading())
        counts = processor.native.counts[: len(processor.ledger)].astype(np.int64)
        return {
            "counters": counters,
            "functions": counters_by_function(self._program, processor.ledger, counts),
            "stack_bytes": self._stack_used(),
            "output": self.console.output.decode("utf-8", "replace"),
            "exit_code": self.console.exit_code,
        }

    def stacks(self) -> list[tuple[tuple[str, ...], int]]:
        """Run the program once more: cycles of each chain of calls. `execute` must have come first.

        Raises:
            GuestError: as `execute`; or the program did not do the same as before.
        """
        ledger = self._processor.ledger
        starts = {function.start for function in self._program.functions}
        costs = []
        for (address, size), cost in zip(ledger.blocks, ledger.costs, strict=True):
            last = decode(bytes(self._processor.engine.mem_read(address, size)), address)[-1]
            role = (1 if last.calls else 2 if last.returns else 0) + 4 * (address in starts)
            costs.append((cost.cycles_low, cost.taken_low, role))
        nodes = self._pass(costs)
        assert nodes is not None
        return call_stacks(self._program, nodes[: self._processor.native.board.calls.count])

    def _pass(self, costs: Sequence[tuple[int, int, int]] | None) -> Any:
        while True:
            try:
                return self._once(costs)
            except UnwatchedReading:
                continue

    def _once(self, costs: Sequence[tuple[int, int, int]] | None) -> Any:
        self.console = Console()
        nodes = self._reset(costs)
        processor, board = self._processor, self._processor.native.board
        deadline = time.monotonic() + self._seconds
        while self.console.exit_code is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise GuestError(self._why_stopped(board))
            try:
                processor.run(left, self._exit)
            except UcError as error:
                if not self._semihosting(error):
                    raise GuestError(self._fault(error)) from None
                continue
            if processor.pc == self._exit:
                self.console.exit_code = 0
                self._count_last_branch(nodes, costs)
            else:
                raise GuestError(self._why_stopped(board))
        processor.price()
        return nodes

    def _count_last_branch(self, nodes: Any, costs: Sequence[tuple[int, int, int]] | None) -> None:
        """Count the branch that led to the exit: the block behind it, which would tell, was never entered."""
        board = self._processor.native.board
        if board.expected == self._exit:
            return
        self._processor.native.counts[board.current, 2] += 1
        if nodes is not None and costs is not None:
            nodes[board.calls.current]["cycles"] += costs[board.current][1]

    def _semihosting(self, error: UcError) -> bool:
        """Whether the program stopped at a request, which is then carried out."""
        engine, pc = self._processor.engine, self._processor.pc
        try:
            if bytes(engine.mem_read(pc, 2)) != BREAKPOINT:
                return False
            operation, argument = (
                int(engine.reg_read(register)) for register in (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1)
            )
            result = self.console.call(engine, operation, argument)
        except UcError:
            return False
        engine.reg_write(arm_const.UC_ARM_REG_R0, result)
        engine.reg_write(arm_const.UC_ARM_REG_PC, pc + 2 | 1)
        return True

    def _fault(self, error: UcError) -> str:
        pc = self._processor.pc
        return f"the program faulted at {self._where(pc)}: {error}{self._last_output()}"

    def _why_stopped(self, board: Any) -> str:
        if board.stopped == native.OUTSIDE_CODE:
            return f"the program executed 0x{board.fault_address:08x}, which is no code{self._last_output()}"
        if board.stopped == native.TOO_MANY_BLOCKS:
            return f"the program has more than {native.SLOT_LIMIT} blocks of code"
        if board.stopped == native.NOT_PRICED:
            return "the program did not do the same when it ran a second time"
        return (
            f"the program did not come to an end within {self._seconds:g} s (at {self._where(self._processor.pc)}); it "
            f"ends by semihosting SYS_EXIT, or at the symbol given with --exit{self._last_output()}"
        )

    def _where(self, address: int) -> str:
        name = self._program.function_at(address)
        return f"0x{address:08x}" + (f" in {name}" if name else "")

    def _last_output(self) -> str:
        sent = bytes(self.console.output[-400:]).decode("utf-8", "replace")
        return f"; last output: {sent!r}" if sent else ""

    # ---- memory ----

    def _reset(self, costs: Sequence[tuple[int, int, int]] | None) -> Any:
        segments = self._program.segments
        ranges = [(one.address, one.address + one.size) for one in segments if one.executable]
        ranges += [(one.load_address, one.load_address + len(one.contents)) for one in segments if one.executable]
        self._processor = Processor(
            self._core,
            self._library,
            code=ranges,
            code_at=None,
            line_bytes=self._line_bytes,
            watched=self._watched,
        )
        engine, shared = self._processor.engine, self._processor.native
        nodes = None if costs is None else shared.record_calls(costs)
        shared.simulate_caches(self._caches[0], (self._line_bytes, 1, 0))
        shared.board.code_budget = _NO_LIMIT
        pages = {page for start, end in self._ranges() for page in range(start // PAGE, -(-end // PAGE))}
        for start, count in _runs(sorted(pages)):
            engine.mem_map(start * PAGE, count * PAGE, UC_PROT_ALL)
        stack, entry = self._start()
        self._stack_top = stack
        self._stack_bottom = max(
            (one.address + one.size for one in segments if SRAM_ORIGIN <= one.address < stack), default=SRAM_ORIGIN
        )
        self._stack_bottom = -(-self._stack_bottom // 4) * 4
        if SRAM_ORIGIN <= self._stack_bottom < stack <= SRAM_ORIGIN + self._sram_bytes:
            engine.mem_write(self._stack_bottom, PAINT * ((stack - self._stack_bottom) // 4))
        for segment in segments:
            engine.mem_write(segment.load_address, segment.contents)
        engine.reg_write(arm_const.UC_ARM_REG_SP, stack)
        engine.reg_write(arm_const.UC_ARM_REG_LR, RETURN | 1)
        engine.reg_write(arm_const.UC_ARM_REG_PC, entry | 1)
        if nodes is not None:
            nodes[0]["entry"] = entry
        return nodes

    def _ranges(self) -> list[tuple[int, int]]:
        ranges = [(SRAM_ORIGIN, SRAM_ORIGIN + self._sram_bytes), (RETURN, RETURN + PAGE)]
        for one in self._program.segments:
            ranges += [(one.address, one.address + one.size)]
            ranges += [(one.load_address, one.load_address + len(one.contents))] if one.contents else []
        return ranges

    def _start(self) -> tuple[int, int]:
        """Stack pointer and first address: from the vector table where there is one, else from the file's header."""
        top = SRAM_ORIGIN + self._sram_bytes
        lowest = min((one for one in self._program.segments if one.contents), key=lambda one: one.load_address)
        stack, handler = (int.from_bytes(lowest.contents[at : at + 4], "little") for at in (0, 4))
        in_code = any(
            one.executable and one.address <= handler & ~1 < one.address + one.size for one in self._program.segments
        )
        has_vectors = len(lowest.contents) >= 8 and stack % 4 == 0 and bool(handler & 1) and in_code
        if has_vectors and not any(start < stack <= end for start, end in self._ranges()):
            raise ProgramError(
                f"the stack begins at 0x{stack:08x}, where there is no memory: SRAM ends at 0x{top:08x}; a --board "
                "with more of it may help"
            )
        if self._entry is not None:
            return (stack if has_vectors else top), self._entry
        return (stack, handler & ~1) if has_vectors else (top, self._program.entry)

    def _stack_used(self) -> int | None:
        """Bytes between the initial stack pointer and the deepest word that was changed; None if it was not painted."""
        size = self._stack_top - self._stack_bottom
        if not (SRAM_ORIGIN <= self._stack_bottom < self._stack_top <= SRAM_ORIGIN + self._sram_bytes):
            return None
        words = np.frombuffer(bytes(self._processor.engine.mem_read(self._stack_bottom, size // 4 * 4)), "<u4")
        changed = np.flatnonzero(words != int.from_bytes(PAINT, "little"))
        return size - 4 * int(changed[0]) if len(changed) else 0


def _runs(pages: list[int]) -> list[tuple[int, int]]:
    """Neighbouring pages together: first page and number of pages."""
    runs: list[tuple[int, int]] = []
    for page in pages:
        if runs and sum(runs[-1]) == page:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((page, 1))
    return runs

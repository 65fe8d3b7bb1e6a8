"""Turns counts of executed blocks into cycles and events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from specc_backends.virtual_board.cores.cost import COUNTS, BlockCost, CoreModel

_OF_BLOCKS: Final = tuple(name for name in COUNTS if name != "literal_loads")
COUNTERS: Final = (
    *_OF_BLOCKS,
    "refill_cycles",
    "taken_branches",
    "flash_fetch_lines",  # lines of flash that execution enters
    "flash_data_reads",
    "flash_fetch_misses",  # of the fetches, those the cache does not hold; without a cache all of them
    "flash_data_misses",
)
_LOW: Final = COUNTS.index("cycles_low")
_HIGH: Final = COUNTS.index("cycles_high")
_LITERALS: Final = COUNTS.index("literal_loads")
_COUNTED_HIGH: Final = COUNTERS.index("cycles_high")
Totals = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FlashReads:
    """Reads of flash since reset; zero throughout on a board that does not count them."""

    constants: int  # data reads of constants, before the cache
    fetch_misses: int
    constant_misses: int


@dataclass(frozen=True)
class Reading:
    """Everything counted since reset, up to an instruction.

    Attributes:
        counts: executions, entries by a jump, and exits by a jump, of each block by slot: (blocks, 3).
        totals: `COUNTERS`, in that order; all but what mispredicted branches cost.
    """

    counts: Totals
    totals: Totals


class Ledger:
    """The price of every block that was executed, by slot."""

    def __init__(self, core: CoreModel, code_at: Callable[[int, int], bytes], line_bytes: int) -> None:
        """Start with no blocks.

        Args:
            core: the timing model.
            code_at: code at an address, so many bytes of it.
            line_bytes: bytes that one read of flash brings.
        """
        self._core = core
        self._code_at = code_at
        self._line_bytes = line_bytes
        self._blocks: list[tuple[int, int]] = []
        self._costs: list[BlockCost] = []
        self._matrix: Totals = np.zeros((0, len(COUNTS)), np.int64)
        self._lines: Totals = np.zeros((0, 2), np.int64)
        self._branches: Totals = np.zeros((0, 3), np.int64)

    def __len__(self) -> int:
        return len(self._costs)

    @property
    def blocks(self) -> Sequence[tuple[int, int]]:
        """Address and size of each priced block, by slot."""
        return self._blocks

    @property
    def costs(self) -> Sequence[BlockCost]:
        """The price of each block, by slot."""
        return self._costs

    def price(self, blocks: Sequence[tuple[int, int]]) -> None:
        """Price further blocks, given by address and size.

        Raises:
            UnknownInstruction: code that does not decode, or whose timing is not known.
        """
        if not blocks:
            return
        costs = [self._core.block_cost(self._code_at(address, size), address) for address, size in blocks]
        line = self._line_bytes
        lines = [
            (
                (address + size - 1) // line - address // line,  # lines entered inside the block
                int(address % line == 0),  # a line entered by running on into the block
            )
            for address, size in blocks
        ]
        branches = [(cost.taken_low, cost.taken_high, cost.mispredicted) for cost in costs]
        self._blocks.extend(blocks)
        self._costs.extend(costs)
        self._matrix = np.vstack([self._matrix, np.asarray([cost.values for cost in costs], np.int64)])
        self._lines = np.vstack([self._lines, np.asarray(lines, np.int64)])
        self._branches = np.vstack([self._branches, np.asarray(branches, np.int64)])

    def read(self, counts: Totals, flash: FlashReads, slot: int, address: int) -> Reading:
        """Everything done since reset, up to an instruction of the block that is executing.

        Args:
            counts: executions, entries and exits by a jump of each block, by slot: (blocks, 3).
            flash: reads of flash. Literals come to them: they are known from the code, and taken to miss every time.
            slot: the block that is executing, counted whole already.
            address: its next instruction.
        """
        executions, jumps, exits = counts[:, 0], counts[:, 1], counts[:, 2]
        values = executions @ self._matrix
        start, size = self._blocks[slot]
        if address < start + size:
            done = self._core.block_cost(self._code_at(start, address - start), start)
            values -= np.asarray(self._costs[slot].values) - np.asarray(done.values)
        refill = int(exits @ self._branches[:, 0])
        values[_LOW] += refill
        values[_HIGH] += int(exits @ self._branches[:, 1])
        taken = int(exits.sum())
        lines = executions @ self._lines[:, 0] + int(jumps.sum()) + (executions - jumps) @ self._lines[:, 1]
        literals = int(values[_LITERALS])
        reads = [flash.constants + literals, flash.fetch_misses, flash.constant_misses + literals]
        return Reading(counts, np.append(np.delete(values, _LITERALS), [refill, taken, lines, *reads]))

    def between(self, first: Reading, last: Reading) -> dict[str, int]:
        """What was done between two readings, by the names in `COUNTERS`."""
        return self.of(difference(first, last))

    def of(self, work: Reading) -> dict[str, int]:
        """Counted work, by the names in `COUNTERS`.

        Mispredicted branches come to the high end here: how often a branch goes its rarer way is not the difference of
        how often it had done so before.
        """
        taken = work.counts[:, 2]
        rarer = np.minimum(taken, np.maximum(work.counts[:, 0] - taken, 0))
        values = work.totals.copy()
        values[_COUNTED_HIGH] += int(2 * rarer @ self._branches[: len(work.counts), 2])
        return dict(zip(COUNTERS, (int(value) for value in values), strict=True))


def difference(first: Reading, last: Reading) -> Reading:
    """What was done between two readings."""
    counts = last.counts.copy()
    counts[: len(first.counts)] -= first.counts
    return Reading(counts, last.totals - first.totals)


def together(one: Reading, later: Reading) -> Reading:
    """What was done in two stretches of time."""
    counts = later.counts.copy()
    counts[: len(one.counts)] += one.counts
    return Reading(counts, one.totals + later.totals)

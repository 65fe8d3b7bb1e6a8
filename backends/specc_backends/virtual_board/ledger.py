"""Turns counts of executed blocks into cycles and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from specc_backends.virtual_board.image import Image
from specc_backends.virtual_board.timing import COUNTS, REFILL_HIGH, REFILL_LOW, BlockCost, block_cost

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


@dataclass(frozen=True)
class FlashReads:
    """Reads of flash since reset; zero throughout on a board that does not count them."""

    constants: int  # data reads of constants, before the cache
    fetch_misses: int
    constant_misses: int


class Ledger:
    """The price of every block that was executed, by slot."""

    def __init__(self, image: Image, line_bytes: int) -> None:
        """Start with no blocks.

        Args:
            image: the program, whose code is decoded.
            line_bytes: bytes that one read of flash brings.
        """
        self._image = image
        self._line_bytes = line_bytes
        self._costs: list[BlockCost] = []
        self._matrix: npt.NDArray[np.int64] = np.zeros((0, len(COUNTS)), np.int64)
        self._lines: npt.NDArray[np.int64] = np.zeros((0, 2), np.int64)

    def __len__(self) -> int:
        return len(self._costs)

    def price(self, blocks: Sequence[tuple[int, int]]) -> None:
        """Price further blocks, given by address and size.

        Raises:
            UnknownInstruction: code that does not decode, or whose timing is not published.
        """
        if not blocks:
            return
        costs = [block_cost(self._image.code_at(address, size), address) for address, size in blocks]
        line = self._line_bytes
        lines = [
            (
                (address + size - 1) // line - address // line,  # lines entered inside the block
                int(address % line == 0),  # a line entered by running on into the block
            )
            for address, size in blocks
        ]
        self._costs.extend(costs)
        self._matrix = np.vstack([self._matrix, np.asarray([cost.values for cost in costs], np.int64)])
        self._lines = np.vstack([self._lines, np.asarray(lines, np.int64)])

    def totals(
        self, counts: npt.NDArray[np.int64], flash: FlashReads, slot: int, address: int
    ) -> npt.NDArray[np.int64]:
        """Everything done since reset, up to an instruction of the block that is executing: `COUNTERS`, in that order.

        Args:
            counts: executions and jumps of each block, by slot: (blocks, 2).
            flash: reads of flash. Literals come to them: they are known from the code, and taken to miss every time.
            slot: the block that is executing, counted whole already.
            address: its next instruction.
        """
        executions, jumps = counts[:, 0], counts[:, 1]
        values = executions @ self._matrix
        values -= np.asarray(self._costs[slot].values) - np.asarray(self._costs[slot].before(address))
        taken = int(jumps.sum())
        values[_LOW] += taken * REFILL_LOW
        values[_HIGH] += taken * REFILL_HIGH
        lines = executions @ self._lines[:, 0] + taken + (executions - jumps) @ self._lines[:, 1]
        literals = int(values[_LITERALS])
        reads = [flash.constants + literals, flash.fetch_misses, flash.constant_misses + literals]
        return np.append(np.delete(values, _LITERALS), [taken * REFILL_LOW, taken, lines, *reads])

"""Builds and loads native.c, and hands its functions to Unicorn."""

from __future__ import annotations

import ctypes
import hashlib
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from specc.codegen.toolchain import Toolchain
from specc_backends.virtual_board.image import PAGE

FLAGS: Final = ("-shared", "-fPIC", "-O2", "-nostdlib", "-ffreestanding", "-fno-stack-protector")
SLOT_LIMIT: Final = 1 << 14  # distinct blocks of one program
SENT_LIMIT: Final = 1 << 24  # bytes of output between two commands
HOOK_CODE, HOOK_BLOCK = 1 << 2, 1 << 3  # UC_HOOK_CODE, UC_HOOK_BLOCK
RUNNING, WAITING_FOR_INPUT, BUDGET_SPENT, OUTSIDE_CODE, TOO_MANY_BLOCKS, OUTPUT_FULL, WRITE_TO_FLASH, NOT_PRICED = (
    range(8)
)

_pointer = ctypes.c_void_p


class Block(ctypes.Structure):
    """A block of code: mirror of `block` in native.c."""

    _fields_ = (("address", ctypes.c_uint32), ("size", ctypes.c_uint32))


class Cache(ctypes.Structure):
    """Mirror of `cache` in native.c."""

    _fields_ = (
        ("line_bytes", ctypes.c_uint32),
        ("sets", ctypes.c_uint32),
        ("ways", ctypes.c_uint32),
        ("lines", _pointer),
        ("misses", ctypes.c_uint64),
    )


class CallTree(ctypes.Structure):
    """Mirror of `call_tree` in native.c."""

    _fields_ = (
        ("nodes", _pointer),
        ("limit", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("current", ctypes.c_uint32),
        ("block_cycles", _pointer),
        ("taken_cycles", _pointer),
        ("roles", _pointer),
        ("priced", ctypes.c_uint32),
    )


# Mirror of `call` in native.c.
CALL: Final = np.dtype(
    [
        ("cycles", np.uint64),
        ("entry", np.uint32),
        ("return_address", np.uint32),
        ("parent", np.uint32),
        ("first_child", np.uint32),
        ("next_sibling", np.uint32),
        ("padding", np.uint32),
    ]
)
CALL_LIMIT: Final = 1 << 14


class Board(ctypes.Structure):
    """Mirror of `board` in native.c; the meaning of each field is there."""

    _fields_ = (
        ("stop", _pointer),
        ("code_pages", _pointer),
        ("slot_by_halfword", _pointer),
        ("slot_before", _pointer),
        ("blocks", ctypes.POINTER(Block)),
        ("counts", _pointer),
        ("constants", _pointer),
        ("constants_start", ctypes.c_uint32),
        ("constant_bytes", ctypes.c_uint32),
        ("slot_limit", ctypes.c_uint32),
        ("received", _pointer),
        ("sent", _pointer),
        ("sent_limit", ctypes.c_uint32),
        ("fetches", Cache),
        ("reads", Cache),
        ("received_bytes", ctypes.c_uint32),
        ("received_next", ctypes.c_uint32),
        ("sent_bytes", ctypes.c_uint32),
        ("slots", ctypes.c_uint32),
        ("current", ctypes.c_uint32),
        ("instruction", ctypes.c_uint32),
        ("expected", ctypes.c_uint32),
        ("code_budget", ctypes.c_int64),
        ("constant_reads", ctypes.c_uint64),
        ("stopped", ctypes.c_uint32),
        ("fault_address", ctypes.c_uint32),
        ("calls", CallTree),
    )


def build_native(toolchain: Toolchain, folder: Path) -> Path:
    """Compile native.c into `folder`, unless a library of the same source is already there.

    Raises:
        ToolchainError: the compiler failed.
    """
    source = Path(__file__).with_name("native.c")
    digest = hashlib.sha256(source.read_bytes() + " ".join(FLAGS).encode() + platform.platform().encode()).hexdigest()
    library = folder.resolve() / f"virtual_board_{digest[:16]}.so"
    if not library.exists():
        toolchain.compile([source], library, FLAGS)
    return library


class Native:
    """The state shared with native.c, and its callbacks attached to an engine."""

    def __init__(
        self, library: Path, engine: Any, code: Sequence[tuple[int, int]], constants: tuple[int, bytes, int]
    ) -> None:
        """Attach to a Unicorn engine.

        Args:
            library: what `build_native` returned.
            engine: a `unicorn.Uc`.
            code: ranges that may execute: first address, and the address behind the last.
            constants: address, contents and mapped size of the constants in flash whose reads are counted; the size
                is zero if none are.
        """
        from unicorn.unicorn_py3.unicorn import uclib

        self._functions = ctypes.CDLL(str(library))
        self._unicorn = ctypes.CDLL(uclib._name)  # loaded already; function objects of our own, without prototypes
        self._engine = engine
        self.counts: npt.NDArray[np.uint64] = np.zeros((SLOT_LIMIT, 3), np.uint64)
        pages = sorted({page for start, end in code for page in range(start // PAGE, -(-end // PAGE))})
        self._code_pages = np.zeros((1 << 32) // PAGE, np.uint32)
        self._code_pages[pages] = np.arange(1, len(pages) + 1)
        self._slot_by_halfword = np.zeros(len(pages) * PAGE // 2, np.uint32)
        self._slot_before = np.zeros(SLOT_LIMIT, np.uint32)
        self._blocks = (Block * SLOT_LIMIT)()
        self._sent = ctypes.create_string_buffer(SENT_LIMIT)
        self._received = ctypes.create_string_buffer(0)
        self._constants = ctypes.create_string_buffer(constants[1], max(1, len(constants[1])))
        self.board = Board(
            stop=ctypes.cast(uclib.uc_emu_stop, _pointer),
            code_pages=self._code_pages.ctypes.data,
            slot_by_halfword=self._slot_by_halfword.ctypes.data,
            slot_before=self._slot_before.ctypes.data,
            blocks=self._blocks,
            counts=self.counts.ctypes.data,
            constants=ctypes.addressof(self._constants),
            constants_start=constants[0],
            constant_bytes=len(constants[1]),
            slot_limit=SLOT_LIMIT,
            sent=ctypes.addressof(self._sent),
            sent_limit=SENT_LIMIT,
        )
        self._add_hook(HOOK_BLOCK, "board_block", 1, 0)
        if constants[2]:
            self.map_device(constants[0], constants[2], "board_constant_read", "board_constant_write")

    def simulate_caches(self, instruction: Sequence[int], data: Sequence[int]) -> None:
        """Count how often flash itself is read.

        Args:
            instruction: bytes of a line, sets, and lines in a set (0: no cache) on the side of instructions.
            data: the same on the side of data.
        """
        self._cache_lines = [np.zeros(sets * max(1, ways), np.uint32) for _, sets, ways in (instruction, data)]
        sides = zip((instruction, data), self._cache_lines, strict=True)
        self.board.fetches, self.board.reads = (Cache(*geometry, lines.ctypes.data, 0) for geometry, lines in sides)

    def record_calls(self, costs: Sequence[tuple[int, int, int]]) -> npt.NDArray[Any]:
        """Record who called whom, before anything runs.

        Args:
            costs: of each block by slot: its cycles, those a taken branch at its end adds, and its role: 1 if it ends
                with a call, 2 with a return, and 4 more if a function starts with it.

        Returns:
            The nodes, of type `CALL`; `board.calls.count` of them are in use.
        """
        self._calls = np.zeros(CALL_LIMIT, CALL)
        self._prices = [np.ascontiguousarray([cost[place] for cost in costs], np.uint32) for place in (0, 1)]
        self._roles = np.ascontiguousarray([cost[2] for cost in costs], np.uint8)
        block, taken = self._prices
        self.board.calls = CallTree(
            self._calls.ctypes.data, CALL_LIMIT, 1, 0, block.ctypes.data, taken.ctypes.data, self._roles.ctypes.data,
            len(costs),
        )  # fmt: skip
        return self._calls

    def watch(self, address: int, size: int) -> None:
        """Keep `board.instruction` up to date in a block. Slow, so for few blocks only, and before they first run."""
        self._add_hook(HOOK_CODE, "board_instruction", address, address + size - 1)

    def _add_hook(self, kind: int, function: str, first: int, last: int) -> None:
        """Add a hook on an inclusive range of addresses; `first` above `last` means everywhere."""
        hook = ctypes.c_size_t()
        self._checked(
            self._unicorn.uc_hook_add(
                self._engine._uch,
                ctypes.byref(hook),
                ctypes.c_int(kind),
                ctypes.cast(self._functions[function], _pointer),
                ctypes.byref(self.board),
                ctypes.c_uint64(first),
                ctypes.c_uint64(last),
            )
        )

    def map_device(self, address: int, size: int, read: str, write: str) -> None:
        """Map a device whose registers are two functions of native.c."""
        self._checked(
            self._unicorn.uc_mmio_map(
                self._engine._uch,
                ctypes.c_uint64(address),
                ctypes.c_size_t(size),
                ctypes.cast(self._functions[read], _pointer),
                ctypes.byref(self.board),
                ctypes.cast(self._functions[write], _pointer),
                ctypes.byref(self.board),
            )
        )

    @staticmethod
    def _checked(status: int) -> None:
        if status != 0:
            from unicorn.unicorn_py3.unicorn import UcError

            raise UcError(status)

    def block(self, slot: int) -> tuple[int, int]:
        """Address and size of an executed block."""
        return self._blocks[slot].address, self._blocks[slot].size

    def blocks(self, start: int) -> list[tuple[int, int]]:
        """Every block executed so far, in order of slots, from slot `start` on."""
        return [self.block(slot) for slot in range(start, self.board.slots)]

    def give(self, data: bytes) -> None:
        """Put bytes on the UART, for the guest to receive. What it has not taken of earlier ones is dropped."""
        self._received = ctypes.create_string_buffer(data, len(data))
        self.board.received = ctypes.addressof(self._received)
        self.board.received_bytes = len(data)
        self.board.received_next = 0

    def take(self) -> bytes:
        """What the guest has sent since the last call."""
        data = ctypes.string_at(self._sent, self.board.sent_bytes)
        self.board.sent_bytes = 0
        return data

"""Programs for the virtual board: assembly to price, C to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from specc.codegen.toolchain import Toolchain, core_flags
from specc_backends.virtual_board.client import BoardProcess
from specc_backends.virtual_board.firmware import link
from specc_backends.virtual_board.image import Image
from specc_backends.virtual_board.native import build_native

FLASH, SRAM = 256 * 1024, 32 * 1024

NO_CACHES = ((16, 1, 0), (16, 1, 0))

# Registers of the board, for programs without the harness.
PREAMBLE = """
#include "board.h"
#define CYCLES (*(volatile uint32_t *)0xE0001004u)
static void put(uint32_t value) {
    char digits[10];
    uint32_t n = 10;
    do { digits[--n] = (char)('0' + value % 10); value /= 10; } while (value);
    board_write(digits + n, 10 - n);
    board_write(" ", 1);
}
"""


@pytest.fixture(scope="session")
def toolchain(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    return Toolchain(tmp_path_factory.mktemp("virtual_board"))


@pytest.fixture(scope="session")
def library(toolchain: Toolchain) -> Path:
    return build_native(toolchain, toolchain.build_folder)


Program = tuple[Path, Image]
Build = Callable[[str], Program]
Board = Callable[..., BoardProcess]


@pytest.fixture
def build(toolchain: Toolchain, tmp_path: Path) -> Build:
    """Links a C program (after PREAMBLE) with the board's start-up."""

    def program(source: str, sram: int = SRAM, core: str = "cortex-m4") -> Program:
        main = tmp_path / "main.c"
        main.write_text(PREAMBLE + source)
        elf = tmp_path / "program.elf"
        image = link(
            toolchain, [main], [], flags=[*core_flags(core, fpu=True, dsp=True), "-O1"], memory=(FLASH, sram), elf=elf
        )
        return elf, image

    return program


@pytest.fixture
def board(library: Path, tmp_path: Path) -> Iterator[Board]:
    """Starts boards with a program loaded, and ends them."""
    boards: list[BoardProcess] = []

    def start(
        elf: Path,
        *,
        seconds: float = 20,
        code_budget: int = 10**9,
        counting: bool = False,
        caches=NO_CACHES,
        core: str = "cortex-m4",
    ) -> BoardProcess:
        process = BoardProcess(tmp_path / "worker.log", seconds)
        boards.append(process)
        process.load(
            elf,
            library,
            core=core,
            sram_bytes=SRAM,
            regions=4,
            line_bytes=16,
            code_budget=code_budget,
            caches=caches,
            count_flash_reads=counting,
        )
        return process

    yield start
    for process in boards:
        process.close()

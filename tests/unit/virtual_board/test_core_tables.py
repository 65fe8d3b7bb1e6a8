"""Sums by hand for the cores beside the Cortex-M4: Arm's tables for M0+ and M3, the stated models for M7 and M33."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from specc_backends.virtual_board.cores import CORES, core_model
from specc_backends.virtual_board.cores.cost import COUNTS, BlockCost
from specc_backends.virtual_board.cores.decode import UnknownInstruction

# core, what it shows, instructions, low cycles, high cycles
SUMS = [
    # DDI 0484, table 3-1
    ("cortex-m0+", "data processing is one cycle", "adds r0, r1, r2; muls r0, r1, r0; uxtb r2, r3", 3, 3),
    ("cortex-m0+", "loads and stores are two", "ldr r0, [r1]; ldrb r2, [r3]; str r0, [r1]", 6, 6),
    ("cortex-m0+", "a loaded address waits for nothing", "ldr r0, [r1]; ldr r2, [r0]", 4, 4),
    ("cortex-m0+", "push of three is four", "push {r4, r5, lr}", 4, 4),
    ("cortex-m0+", "pop of two with the program counter is 3 + 2, one of it when taken", "pop {r4, pc}", 4, 4),
    ("cortex-m0+", "bl is three, one of it when taken", "bl .", 2, 2),
    ("cortex-m0+", "bx is two, one of it when taken", "bx lr", 1, 1),
    ("cortex-m0+", "barriers are three", "dmb", 3, 3),
    # DDI 0337, 3.3.1
    ("cortex-m3", "multiplication is one, with accumulation two", "mul r0, r1, r2; mla r0, r1, r2, r3", 3, 3),
    ("cortex-m3", "long multiplication is three to five", "smull r0, r1, r2, r3", 3, 5),
    ("cortex-m3", "with accumulation four to seven", "umlal r0, r1, r2, r3", 4, 7),
    ("cortex-m3", "neighbouring loads pipeline", "ldr r0, [r1]; ldr r2, [r3]", 3, 4),
    ("cortex-m3", "divides end early", "udiv r0, r1, r2", 2, 12),
    # the stated model of the Cortex-M7
    ("cortex-m7", "independent additions share a cycle", "adds r0, r1, #1; add.w r2, r3, #1", 1, 1),
    ("cortex-m7", "dependent ones do not", "adds r0, r1, #1; adds r2, r0, #1", 2, 2),
    ("cortex-m7", "three take two", "mov.w r0, #1; mov.w r1, #2; mov.w r2, #3", 2, 2),
    ("cortex-m7", "two loads share a cycle at best", "ldr r0, [r1]; ldr r2, [r3]", 1, 2),
    ("cortex-m7", "a word can be used in the next cycle", "ldr r0, [r1]; add.w r2, r0, #1", 2, 2),
    ("cortex-m7", "a byte a cycle later", "ldrb r0, [r1]; add.w r2, r0, #1", 3, 3),
    ("cortex-m7", "an address is needed a cycle early", "add.w r1, r1, #4; ldr r0, [r1]", 3, 3),
    ("cortex-m7", "a product is ready after two", "mul r0, r1, r2; add.w r3, r0, #1", 3, 3),
    ("cortex-m7", "accumulations follow each other", "mla r0, r1, r2, r0; mla r0, r3, r4, r0", 2, 3),
    ("cortex-m7", "one multiplication a cycle", "mul r0, r1, r2; mul r3, r4, r5", 2, 3),
    ("cortex-m7", "no store beside a multiplication", "mul r0, r1, r2; str r3, [r4]", 2, 2),
    ("cortex-m7", "an addition beside it", "mul r0, r1, r2; add.w r3, r4, #1", 1, 2),
    ("cortex-m7", "one shift a cycle", "lsl.w r0, r1, #2; lsl.w r2, r3, #2", 2, 2),
    ("cortex-m7", "DSP is never the younger", "add.w r0, r1, #1; sadd16 r2, r3, r4", 2, 2),
    ("cortex-m7", "but may be the older", "sadd16 r2, r3, r4; add.w r0, r1, #1", 1, 1),
    ("cortex-m7", "a store waits a cycle less for its data", "add.w r0, r1, #1; str r0, [r2]", 1, 1),
    ("cortex-m7", "five registers take three cycles", "ldm r0, {r1, r2, r3, r4, r5}", 3, 3),
    ("cortex-m7", "divides take seven", "sdiv r0, r1, r2", 7, 7),
    ("cortex-m7", "the end of a loop is one cycle", "subs r0, r0, #1; bne .", 1, 1),
    # the stated model of the Cortex-M33
    ("cortex-m33", "two 16-bit instructions may share a cycle", "adds r0, r1, #1; adds r2, r3, #1", 1, 2),
    ("cortex-m33", "32-bit ones do not", "add.w r0, r1, #1; add.w r2, r3, #1", 2, 2),
    ("cortex-m33", "nor two loads", "ldr r0, [r1]; ldr r2, [r3]", 2, 3),
    ("cortex-m33", "a load is used two cycles later", "ldr r0, [r1]; adds r2, r0, #1", 3, 3),
    ("cortex-m33", "divides as on the Cortex-M4", "sdiv r0, r1, r2", 2, 12),
]
ZIG = {"cortex-m0+": "cortex_m0plus", **{core: core.replace("-", "_") for core in CORES[1:]}}


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], BlockCost]:
    found = {}
    for core in CORES:
        rows = [row for row in SUMS if row[0] == core]
        if rows:
            codes = _assemble(tmp_path_factory.mktemp("tables"), core, [row[2] for row in rows])
            found |= {row[:2]: core_model(core).block_cost(code, 0x8000) for row, code in zip(rows, codes, strict=True)}
    return found


def _assemble(folder: Path, core: str, blocks: list[str]) -> list[bytes]:
    source, output = folder / "blocks.s", folder / "blocks.o"
    sections = [f'.section .text.b{place},"ax"\n{block.replace(";", chr(10))}' for place, block in enumerate(blocks)]
    source.write_text("\n".join([".syntax unified", ".thumb", *sections, ""]))
    target = ["-target", "thumb-freestanding-eabi", f"-mcpu={ZIG[core]}"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *target, "-c", source, "-o", output], check=True)
    with output.open("rb") as file:
        sections = {s.name: s.data() for s in ELFFile(file).iter_sections()}
    return [sections[f".text.b{place}"] for place in range(len(blocks))]


@pytest.mark.parametrize("row", SUMS, ids=lambda row: f"{row[0]}: {row[1]}")
def test_cycles_equal_the_sum_by_hand(costs: dict[tuple[str, str], BlockCost], row: tuple) -> None:
    cost = costs[row[:2]]
    assert (cost.cycles_low, cost.cycles_high) == row[3:]
    assert sum(getattr(cost, name) for name in COUNTS if name.endswith("_cycles")) == cost.cycles_low


@pytest.mark.parametrize(
    ("core", "refill"),
    [
        ("cortex-m0+", (1, 1)),
        ("cortex-m3", (1, 3)),
        ("cortex-m4", (1, 3)),
        ("cortex-m7", (0, 0)),
        ("cortex-m33", (1, 2)),
    ],
)
def test_refill_after_a_taken_branch(core: str, refill: tuple[int, int]) -> None:
    cost = core_model(core).block_cost(bytes.fromhex("fdd1"), 0x8000)  # bne
    assert (cost.taken_low, cost.taken_high) == refill
    assert cost.mispredicted == (8 if core == "cortex-m7" else 0)


def test_an_indirect_branch_may_be_mispredicted_on_a_cortex_m7() -> None:
    cost = core_model("cortex-m7").block_cost(bytes.fromhex("7047"), 0x8000)  # bx lr
    assert (cost.taken_low, cost.taken_high, cost.mispredicted) == (0, 8, 0)


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("code", ["ffffffff", "30bf", "00df", "086800"])
def test_what_has_no_timing_is_an_error(core: str, code: str) -> None:
    with pytest.raises(UnknownInstruction):
        core_model(core).block_cost(bytes.fromhex(code), 0x8000)


def test_an_instruction_the_core_lacks_is_an_error() -> None:
    smlad = bytes.fromhex("21fb0230")
    assert core_model("cortex-m4").block_cost(smlad, 0).multiply_accumulates == 2
    for core in ("cortex-m0+", "cortex-m3"):
        with pytest.raises(UnknownInstruction, match="smlad"):
            core_model(core).block_cost(smlad, 0)

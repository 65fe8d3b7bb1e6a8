"""Sums worked by hand from the tables of the Cortex-M4 Technical Reference Manual, sections 3.3.1 to 3.3.3 and 7."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from specc_backends.virtual_board.cores import core_model
from specc_backends.virtual_board.cores.cost import COUNTS, BlockCost
from specc_backends.virtual_board.cores.decode import UnknownInstruction

CORE = core_model("cortex-m4")
HEADER = ".syntax unified\n.cpu cortex-m4\n.fpu fpv4-sp-d16\n.thumb\n"

# name: (instructions, low cycles, high cycles)
BLOCKS: dict[str, tuple[str, int, int]] = {
    "data processing is one cycle each": ("adds r0, r1, r2; movw r3, #7; ssat r0, #8, r0; clz r0, r0", 4, 4),
    "multiplications are one cycle, long ones too": ("mul r0, r1, r2; mla r0, r1, r2, r3; smlal r0, r1, r2, r3", 3, 3),
    "DSP multiplications are one cycle": ("smlad r0, r1, r2, r3; smlabb r0, r1, r2, r3; smlald r0, r1, r2, r3", 3, 3),
    "a lone load is two": ("ldr r0, [r1]", 2, 2),
    "a second and third load behind it are one": ("ldr r0, [r1]; ldrb r2, [r3]; ldrsh r4, [r5]", 4, 6),
    "unless the address was just loaded": ("ldr r0, [r1]; ldr r2, [r0]", 4, 4),
    "or something stands between": ("ldr r0, [r1]; adds r4, r4, #1; ldr r2, [r3]", 5, 5),
    "an address computed just before stalls one": ("adds r1, r1, #4; ldr r0, [r1]", 4, 4),
    "one computed earlier does not": ("adds r1, r1, #4; adds r2, r2, #1; ldr r0, [r1]", 4, 4),
    "a store with an immediate offset is one or two": ("str r0, [r1, #4]", 1, 2),
    "a store with a register offset is two": ("str r0, [r1, r2]", 2, 2),
    "behind a load it is one": ("ldr r0, [r3]; str r0, [r1, r2]", 3, 4),
    "nothing pipelines behind a store": ("str r0, [r1]; ldr r2, [r3]", 3, 4),
    "a load relative to the program counter may wait for the fetch unit": ("ldr r0, [pc, #8]", 2, 3),
    "ldm of three is four": ("ldm r0!, {r1, r2, r3}", 4, 4),
    "stm of two is three": ("stm r0!, {r1, r2}", 3, 3),
    "push of five is six": ("push {r4, r5, r6, r7, lr}", 6, 6),
    "pop with the program counter counts it": ("pop {r4, pc}", 3, 3),
    "a double word is three, and does not pipeline": ("ldr r2, [r3]; ldrd r0, r1, [r4]; strd r0, r1, [r5]", 8, 8),
    "a divide ends early or late": ("sdiv r0, r1, r2", 2, 12),
    "a branch is one before its refill": ("b .", 1, 1),
    "a table branch is two": ("tbb [r0, r1]", 2, 3),
    "IT folds onto a 16-bit instruction": ("cmp r0, #0; it eq; moveq r0, #1", 2, 3),
    "but not onto a 32-bit one": ("cmp.w r0, #0; it eq; moveq r0, #1", 3, 3),
    "a load that may be skipped is one or two": ("cmp r0, #0; it eq; ldreq r0, [r1]", 2, 4),
    "floating point is one, or two if its result is awaited": ("vadd.f32 s0, s1, s2; vmul.f32 s3, s4, s5", 2, 4),
    "multiply and add in floating point is three": ("vfma.f32 s0, s1, s2", 3, 4),
    "a floating divide runs beside integer code": ("vdiv.f32 s0, s1, s2", 1, 15),
    "vldr is two, of a double word three": ("vldr s0, [r0]; vldr d1, [r0]", 5, 5),
    "vpush of two double words is five": ("vpush {d8, d9}", 5, 5),
    "an inner loop of a dot product": (
        # 2 + 1 for the loads, 1 for the multiplication, 1 each for subs and the branch
        "1: ldrsb r3, [r0], #1; ldrsb r4, [r1], #1; smlabb r2, r3, r4, r2; subs r5, r5, #1; bne 1b",
        6,
        7,
    ),
}


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BlockCost]:
    """Every block of BLOCKS, assembled in one go, each in a section of its own, and priced."""
    folder = tmp_path_factory.mktemp("timing")
    names = {f".text.b{index}": name for index, name in enumerate(BLOCKS)}
    text = [f'.section {section},"ax"\n' + BLOCKS[name][0].replace(";", "\n") for section, name in names.items()]
    return {
        names[section]: CORE.block_cost(code, 0x8000) for section, code in _assemble(folder, "\n".join(text)).items()
    }


def _assemble(folder: Path, text: str) -> dict[str, bytes]:
    source, output = folder / "blocks.s", folder / "blocks.o"
    source.write_text(HEADER + text + "\n")
    target = ["-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *target, "-c", source, "-o", output], check=True)
    with output.open("rb") as file:
        return {s.name: s.data() for s in ELFFile(file).iter_sections() if s.name.startswith(".text.")}


@pytest.mark.parametrize("name", BLOCKS)
def test_cycles_equal_the_sum_by_hand(costs: dict[str, BlockCost], name: str) -> None:
    assert (costs[name].cycles_low, costs[name].cycles_high) == BLOCKS[name][1:]


@pytest.mark.parametrize("name", BLOCKS)
def test_causes_add_up_to_the_low_end(costs: dict[str, BlockCost], name: str) -> None:
    cost = costs[name]
    assert sum(getattr(cost, count) for count in COUNTS if count.endswith("_cycles")) == cost.cycles_low


def test_counts_of_a_dot_product(costs: dict[str, BlockCost]) -> None:
    cost = costs["an inner loop of a dot product"]
    counted = (cost.instructions, cost.loads, cost.stores, cost.multiply_accumulates, cost.branches, cost.load_stalls)
    assert counted == (5, 2, 0, 1, 1, 1)


def test_a_dual_multiplication_counts_twice(costs: dict[str, BlockCost]) -> None:
    assert costs["DSP multiplications are one cycle"].multiply_accumulates == 5


def test_words_of_multiple_transfers_are_counted(costs: dict[str, BlockCost]) -> None:
    assert costs["push of five is six"].stores == 5
    assert costs["ldm of three is four"].loads == 3
    assert costs["vpush of two double words is five"].stores == 4


def test_address_stalls_are_counted(costs: dict[str, BlockCost]) -> None:
    assert costs["an address computed just before stalls one"].address_stalls == 1
    assert costs["one computed earlier does not"].address_stalls == 0


def test_partial_block() -> None:
    code = bytes.fromhex("0868 0133 1a60")  # ldr r0, [r1]; adds r3, #1; str r2, [r3]
    assert [CORE.block_cost(code[:size], 0x100).cycles_low for size in (0, 2, 4, 6)] == [0, 2, 3, 5]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("ffff ffff", "does not decode"),  # no instruction at all
        ("0868 ffff", "does not decode"),  # a good one, then none
        ("0868 00", "does not decode"),  # cut in the middle
        ("30bf", "no published timing for 'wfi'"),  # waits for an event: no table can say how long
        ("00df", "no published timing for 'svc"),
    ],
)
def test_code_without_published_timing_is_an_error(code: str, what: str) -> None:
    with pytest.raises(UnknownInstruction, match=what):
        CORE.block_cost(bytes.fromhex(code), 0x8000)

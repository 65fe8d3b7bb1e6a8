"""What the Cortex-M3 and the Cortex-M4 have in common: one instruction at a time, and the same load and store unit.

Sources, by the short names used below:

    table      "Cortex-M4 Technical Reference Manual" (DDI 0439, reissued as 100166), 3.3.1, table 3-1; the table of the
               "Cortex-M3 Technical Reference Manual" (DDI 0337), 3.3.1, differs in the long multiplications only
    pairs      the sections "Load/store timings" of both manuals (3.3.3 and 3.3.2): which neighbours pipeline or stall

Each cost has two ends. The low end takes every range the manual gives at its smallest, and pipelines neighbouring loads
as `pairs` allows; the high end takes every range at its largest and pipelines nothing. Both are for memory without wait
states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from specc_backends.virtual_board.cores.cost import BlockCost, cause_of, count_events
from specc_backends.virtual_board.cores.decode import (
    BRANCH,
    MANY_LOAD,
    MANY_STORE,
    SINGLE_LOAD,
    SINGLE_STORE,
    TABLE_BRANCH,
    Instruction,
    UnknownInstruction,
    names,
)

REFILL_LOW, REFILL_HIGH = 1, 3  # P of the table: cycles to refill the pipeline after a taken branch
DIVIDE_LOW, DIVIDE_HIGH = 2, 12  # table, note on divides: early termination; only the range is known

# table: one cycle each. A breakpoint has no time of its own: a request to the debugger counts as one cycle too.
ALU: Final = names(
    "mov movs movw movt add addw adc adr sub subw sbc rsb mvn and eor orr orn bic cmp cmn tst teq lsl lsr asr ror rrx "
    "clz ssat usat sxtb sxth uxtb uxth bfc bfi sbfx ubfx rev rev16 revsh rbit nop sev yield clrex bkpt"
)
_STATE: Final = names("mrs msr cps")  # table: 1 or 2
_BARRIER: Final = names("dmb dsb isb")  # table: 1 + B; B is at least zero, for an ISB that of a refill

ASSUMPTIONS: Final = (
    f"taken branches refill the pipeline in {REFILL_LOW} to {REFILL_HIGH} cycles",
    f"integer divides take {DIVIDE_LOW} to {DIVIDE_HIGH} cycles",
    "the low end pipelines neighbouring loads; the high end pipelines none and stores take 2 cycles",
    "an address computed by the instruction just before costs a cycle",
    "interrupts, bus contention, DMA and penalties of unaligned access are not modelled",
    "the model has not been compared with a measurement on silicon",
)

Range = tuple[int, int]
Extension = Callable[[Instruction], Range | None]


def price(instructions: Sequence[Instruction], extension: Extension, data_processing: frozenset[str]) -> BlockCost:
    """Cost of a block on one of the two cores.

    Args:
        instructions: the block.
        extension: cycles, low and high, of the instructions in which the cores differ; None for those it does not know.
        data_processing: names of the instructions whose results reach an address a cycle late.

    Raises:
        UnknownInstruction: an instruction is in none of the tables.
    """
    total = BlockCost(taken_low=REFILL_LOW, taken_high=REFILL_HIGH)
    previous: Instruction | None = None
    for instruction in instructions:
        low, high = _cycles(instruction, previous, extension)
        stall = _waits_for_address(instruction, previous, data_processing)
        charged = low + stall
        if instruction.skippable:
            charged = min(charged, 1)
        cause = cause_of(instruction)
        total.charge(cause, charged)
        total.cycles_high += high + stall
        total.address_stalls += max(0, charged - low)
        words = total.loads
        count_events(total, instruction)
        if cause == "load":
            total.load_stalls += max(0, charged - stall - (total.loads - words))
        previous = instruction
    return total


def _cycles(instruction: Instruction, previous: Instruction | None, extension: Extension) -> Range:
    """Cycles of an instruction after the one before it, without the refill of a taken branch."""
    name = instruction.name
    if name in BRANCH or name in ALU:
        return 1, 1
    if name in SINGLE_LOAD:
        # pairs: a literal might add a cycle, because the fetch unit wants the same memory.
        return 1 if _pipelines(instruction, previous) else 2, 3 if instruction.literal else 2
    if name in SINGLE_STORE:
        late = instruction.register_offset and not _pipelines(instruction, previous)
        return 2 if late else 1, 2
    if name in MANY_LOAD or name in MANY_STORE:
        return 1 + instruction.words, 1 + instruction.words
    if name in TABLE_BRANCH:
        return 2, 3  # the table gives 2 + P, `pairs` at least 3 and a full refill
    if name == "it":
        # table, note on IT: folds onto a preceding 16-bit instruction. Capstone names every form (ITTE, ...) "it".
        return 1 if previous is not None and previous.size == 4 else 0, 1
    if name in ("sdiv", "udiv"):
        return DIVIDE_LOW, DIVIDE_HIGH
    if name in _STATE:
        return 1, 2
    if name in _BARRIER:
        return 1 + (REFILL_LOW if name == "isb" else 0), 1 + REFILL_HIGH
    cycles = extension(instruction)
    if cycles is None:
        raise UnknownInstruction(f"no published timing for '{instruction.text}' at 0x{instruction.address:08x}")
    return cycles


def _pipelines(instruction: Instruction, previous: Instruction | None) -> bool:
    """pairs: a load or store right behind a single load saves a cycle, unless its address is what was loaded."""
    return (
        previous is not None
        and previous.name in SINGLE_LOAD
        and not previous.writes_pc
        and not (instruction.address_registers & previous.written)
    )


def _waits_for_address(instruction: Instruction, previous: Instruction | None, data_processing: frozenset[str]) -> int:
    """pairs: a load or store whose address the data-processing instruction just before computed waits a cycle."""
    if previous is None or previous.name not in data_processing:
        return 0
    return int(bool(instruction.address_registers & previous.written))

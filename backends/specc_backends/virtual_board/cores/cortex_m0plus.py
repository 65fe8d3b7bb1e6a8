"""Cortex-M0+: two stages, one instruction at a time, one bus for code and data.

Source: "Cortex-M0+ Technical Reference Manual" (DDI 0484), 3.3, table 3-1. Nothing in it depends on the instruction
before, so there are no stalls. Two choices are the chip maker's: the multiplier (1 or 32 cycles), and a port for
single-cycle access to peripherals (loads and stores through it take 1 cycle instead of 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specc_backends.virtual_board.cores.cost import BlockCost, CoreModel, cause_of, count_events
from specc_backends.virtual_board.cores.decode import (
    MANY_LOAD,
    MANY_STORE,
    SINGLE_LOAD,
    SINGLE_STORE,
    Instruction,
    UnknownInstruction,
    names,
)

_ONE: Final = names(
    "mov movs add adr adc sub sbc rsb mul cmp cmn and eor orr bic mvn tst lsl lsr asr ror sxth sxtb uxth uxtb rev "
    "rev16 revsh cps sev yield nop bkpt"
)
_THREE: Final = names("mrs msr dmb dsb isb")
_BRANCH: Final = {"b": 1, "bl": 2, "bx": 1, "blx": 1}  # beyond the cycle below, when taken: 2, 3, 2 and 2 in all
_TAKEN: Final = 1
_RETURN_FROM_STACK: Final = 3  # POP with the program counter: 3 + N, N counting it


def _cycles(instruction: Instruction) -> int:
    name = instruction.name
    if name in _BRANCH:
        return _BRANCH[name] if name != "b" else 1
    if name in _ONE:
        return 1
    if name in SINGLE_LOAD or name in SINGLE_STORE:
        return 2
    if name in MANY_LOAD or name in MANY_STORE:
        # A taken branch adds a cycle of its own (below), which the table's 3 + N includes.
        return (_RETURN_FROM_STACK - _TAKEN if instruction.writes_pc else 1) + instruction.words
    if name in _THREE:
        return 3
    raise UnknownInstruction(f"no published timing for '{instruction.text}' at 0x{instruction.address:08x}")


def _price(instructions: Sequence[Instruction]) -> BlockCost:
    # Table 3-1: a branch takes one cycle more when it is taken, and so does a write to the program counter.
    total = BlockCost(taken_low=_TAKEN, taken_high=_TAKEN)
    for instruction in instructions:
        cycles = _cycles(instruction)
        cause = cause_of(instruction)
        total.charge(cause, cycles)
        total.cycles_high += cycles
        words = total.loads
        count_events(total, instruction)
        if cause == "load":
            total.load_stalls += max(0, cycles - (total.loads - words))
    return total


MODEL: Final = CoreModel(
    name="cortex-m0+",
    title="Cortex-M0+",
    model="cortex-m0+ block model 1",
    price=_price,
    assumptions=(
        "cycles follow Arm's Cortex-M0+ Technical Reference Manual (DDI 0484), table 3-1",
        "the multiplier takes one cycle; a chip may have been built with the one that takes 32",
        "loads and stores take 2 cycles; no single-cycle port is used",
        "the board has a cycle counter at the address where larger cores have theirs; a real Cortex-M0+ has none",
        "interrupts, bus contention and DMA are not modelled",
        "the model has not been compared with a measurement on silicon",
    ),
)

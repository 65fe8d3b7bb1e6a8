"""Cortex-M33: issues in order, mostly one instruction a cycle. Arm publishes no timings, so this is a stated model.

Public facts: three stages; branches are resolved in the second; pairs of 16-bit instructions, branches among them, can
be issued together; addresses are computed in the second stage, so that a load need not take two cycles; complex
operations (multiplication, division, DSP) are in the third (Arm's launch presentation of the core, as reported in
elektroniknet.de, "Cortex-M23 und -M33 sind erste ARMv8-M-CPUs"). Everything else here is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specc_backends.virtual_board.cores import cortex_m4
from specc_backends.virtual_board.cores.armv7m import ALU, DIVIDE_HIGH, DIVIDE_LOW
from specc_backends.virtual_board.cores.cost import DUAL_MULTIPLY, LOADS, MULTIPLY, STORES, BlockCost, CoreModel
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
from specc_backends.virtual_board.cores.in_order import Pipeline, Timing, price

MARGIN: Final = 0.20
REFILL_LOW, REFILL_HIGH = 1, 2  # assumed: the stages before the one that resolves a branch
_SYSTEM: Final = names("mrs msr cps dmb dsb isb")


def _timing(instruction: Instruction, *, pessimistic: bool) -> Timing:
    name = instruction.name
    if name in BRANCH:
        return Timing(units=("branch",))
    if name in ALU or name in cortex_m4.DSP:
        return Timing()
    if name in SINGLE_LOAD or name in SINGLE_STORE:
        return Timing(latency=2, units=("memory",))
    if name in MANY_LOAD or name in MANY_STORE:
        return Timing(cycles=instruction.words + pessimistic, latency=2, alone=True)
    if name in MULTIPLY or name in DUAL_MULTIPLY:
        return Timing(latency=2 if pessimistic else 1, units=("multiply",))
    if name in ("sdiv", "udiv"):
        return Timing(cycles=DIVIDE_HIGH if pessimistic else DIVIDE_LOW, alone=True)
    if name in TABLE_BRANCH:
        return Timing(cycles=3 if pessimistic else 2, alone=True)
    if name == "it":
        return Timing(cycles=int(pessimistic))
    if name in _SYSTEM:
        return Timing(cycles=4 if pessimistic else 1, alone=True)
    floating = cortex_m4.extension(instruction)
    if floating is None:
        raise UnknownInstruction(f"no timing is known for '{instruction.text}' at 0x{instruction.address:08x}")
    return Timing(cycles=floating[pessimistic], alone=True)


def _pairs(older: Instruction, younger: Instruction) -> bool:
    memory = LOADS | STORES
    return older.size == younger.size == 2 and not (older.name in memory and younger.name in memory)


def _never_pairs(_older: Instruction, _younger: Instruction) -> bool:
    return False


_LOW: Final = Pipeline(lambda one: _timing(one, pessimistic=False), capacity={}, may_pair=_pairs, drains=False)
_HIGH: Final = Pipeline(lambda one: _timing(one, pessimistic=True), capacity={}, may_pair=_never_pairs, drains=True)


def _price(instructions: Sequence[Instruction]) -> BlockCost:
    total = price(instructions, _LOW, _HIGH)
    total.taken_low, total.taken_high = REFILL_LOW, REFILL_HIGH
    return total


MODEL: Final = CoreModel(
    name="cortex-m33",
    title="Cortex-M33",
    model="cortex-m33 in-order model 1 (unvalidated)",
    price=_price,
    assumptions=(
        "Arm publishes no Cortex-M33 timings: an in-order model from the few public facts, the rest assumed",
        "low end: two neighbouring 16-bit instructions share a cycle where neither needs the other, at most one of "
        "them a load or store; high end: never",
        "what a load brings can be used two cycles after its issue",
        f"taken branches refill the pipeline in {REFILL_LOW} to {REFILL_HIGH} cycles",
        f"integer divides take {DIVIDE_LOW} to {DIVIDE_HIGH} cycles, and floating point what it takes on a Cortex-M4",
        f"the interval is widened by {MARGIN:.0%} at both ends",
        "interrupts, bus contention, DMA and penalties of unaligned access are not modelled",
        "the model is unvalidated: it has not been compared with a measurement on silicon",
    ),
    margin=MARGIN,
)

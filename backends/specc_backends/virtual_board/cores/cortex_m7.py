"""Cortex-M7: issues in order, two instructions a cycle. Arm publishes no timings, so this is a stated model.

Sources, by the short names used below. All are public; none is Arm's own manual, and nothing is fitted to a benchmark.

    llvm       the machine model of the LLVM project, llvm/lib/Target/ARM/ARMScheduleM7.td: units, latencies, stages in
               which operands are needed, which instructions are issued alone or in the older slot only
    pairs      public microbenchmark studies of dual issue (www.quinapalus.com/cm7cycles.html, and the observations of
               an independent tester): one shifted operand a cycle, extensions and bit fields count as shifted, DSP
               operations in the older slot only, two loads a cycle where they meet different banks

The low end predicts every branch right and lets two loads share a cycle. The high end has each conditional branch
mispredicted twice for every time it goes its rarer way (the most a saturating counter makes of a loop), each indirect
branch mispredicted, and one load a cycle. Code and data are taken to lie in tightly coupled memory, or to hit the
caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from specc_backends.virtual_board.cores.armv7m import ALU
from specc_backends.virtual_board.cores.cortex_m4 import DSP, FLOAT, FLOAT_DIVIDE, FLOAT_MULTIPLY_ADD
from specc_backends.virtual_board.cores.cost import DUAL_MULTIPLY, MULTIPLY, BlockCost, CoreModel
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

MARGIN: Final = 0.12
MISPREDICT: Final = 8  # pairs; 6 when the flags were set three cycles earlier
_DIVIDE: Final = 7  # llvm: stalls for its latency
_PAIRED_WORDS: Final = 2  # words a multiple transfer moves in a cycle: the data path is 64 bits wide
_EXTEND: Final = names("sxtb sxth uxtb uxth")
_BIT_FIELD: Final = names("bfc bfi sbfx ubfx")
_SHIFT: Final = names("lsl lsr asr ror rrx")
_REVERSE: Final = names("rev rev16 revsh rbit")
_SATURATE: Final = names("ssat usat ssat16 usat16 qdadd qdsub")
_PACK: Final = names("pkhbt pkhtb sxtab sxtab16 sxtah uxtab uxtab16 uxtah sxtb16 uxtb16")
_SLOW_SIMD: Final = names("qadd qsub qadd8 qadd16 qsub8 qsub16 qasx qsax uqadd8 uqadd16 uqsub8 uqsub16 uqasx uqsax")
_SLOW_SUM: Final = names("usad8 usada8")
_SYSTEM: Final = names("mrs msr cps dmb dsb isb clrex sev yield")
_BYTES: Final = names("ldrb ldrh ldrsb ldrsh ldrbt ldrht ldrsbt ldrsht ldrexb ldrexh")
_FLOAT_LATENCY: Final = 3
_FLOAT_DOUBLE_LATENCY: Final = {"vmul": 7, "vnmul": 7, "vdiv": 30, "vsqrt": 30}
_LONG_ACCUMULATE: Final = names("smlal umlal umaal smlald smlaldx smlsld smlsldx smlalbb smlalbt smlaltb smlaltt")


def _timing(instruction: Instruction) -> Timing:
    """llvm, unless another source is named."""
    name, address = instruction.name, instruction.address_registers
    if name in SINGLE_LOAD:
        latency = 2 if name in _BYTES else 1
        return Timing(latency=latency, update_latency=0, units=("load",), alone=name.startswith("ldrex"), early=address)
    if name in SINGLE_STORE:
        data = dict.fromkeys(instruction.read - address, 1)
        alone = name.startswith("strex")
        return Timing(update_latency=0, units=("store", "mac or store"), alone=alone, early=address, late=data)
    if name in MANY_LOAD or name in MANY_STORE:
        return Timing(cycles=-(-instruction.words // _PAIRED_WORDS), update_latency=0, alone=True, early=address)
    if name in MULTIPLY or name in DUAL_MULTIPLY:
        return Timing(latency=2, units=("mac", "mac or store"), late=dict.fromkeys(_accumulators(instruction), 1))
    if name in BRANCH:
        return Timing(latency=1, units=("branch",))
    if name in TABLE_BRANCH:
        return Timing(cycles=2, alone=True, early=address)
    if name in ("sdiv", "udiv"):
        return Timing(cycles=_DIVIDE, alone=True)
    if name in _SYSTEM:
        return Timing(cycles=3, alone=True)  # llvm guesses 3 for these
    if name == "it":
        return Timing(cycles=0)
    if name in ALU or name in DSP:
        return _data_processing(instruction)
    return _floating_point(instruction)


def _data_processing(instruction: Instruction) -> Timing:
    name, read = instruction.name, instruction.read
    if name in _REVERSE:
        return Timing(latency=0, units=("alu", "shift"), older_only=True, early=read)
    if name in _SATURATE:
        return Timing(latency=2, units=("alu", "shift"), older_only=True, early=read)
    if name in _SLOW_SIMD or name in _SLOW_SUM:
        return Timing(latency=2, units=("alu",), older_only=True)
    if name in _BIT_FIELD or name in _PACK:
        return Timing(units=("alu", "shift"), older_only=True, early=read if name in ("sbfx", "ubfx") else frozenset())
    if name in _EXTEND:
        return Timing(units=("alu", "shift"), older_only=True)  # pairs: an extension takes the shifter
    if name in DSP or name == "clz":
        return Timing(units=("alu",), older_only=True)
    if name in _SHIFT:
        return Timing(units=("alu", "shift"))
    if instruction.shifted:
        compare = name in ("cmp", "cmn", "tst", "teq")
        return Timing(latency=2 if compare else 1, units=("alu", "shift"), early=instruction.shifted)
    return Timing(units=("alu",))


def _floating_point(instruction: Instruction) -> Timing:
    name, address, double = instruction.name, instruction.address_registers, instruction.double
    if name == "vldr":
        return Timing(latency=2 if double else 1, units=("load",), alone=double, early=address)
    if name == "vstr":
        data = dict.fromkeys(instruction.read - address, 2)
        return Timing(units=("store", "mac or store"), alone=double, early=address, late=data)
    if name in FLOAT_MULTIPLY_ADD:
        late = dict.fromkeys(instruction.registers[:1], 3)
        return Timing(latency=11 if double else 6, units=("float",), older_only=double, late=late)
    if name in FLOAT_DIVIDE:
        return Timing(latency=30 if double else 16, units=("float",), older_only=double)
    if name in FLOAT:
        latency = _FLOAT_DOUBLE_LATENCY.get(name, 4) if double else _FLOAT_LATENCY
        return Timing(latency=latency, units=("float",), older_only=double)
    raise UnknownInstruction(f"no timing is known for '{instruction.text}' at 0x{instruction.address:08x}")


def _accumulators(instruction: Instruction) -> tuple[int, ...]:
    """Registers a multiplication adds to: they are needed a cycle after its factors."""
    if instruction.name in _LONG_ACCUMULATE:
        return instruction.registers[:2]
    return instruction.registers[3:4]


def _pessimistic_timing(instruction: Instruction) -> Timing:
    return Timing() if instruction.name == "it" else _timing(instruction)


_LOW: Final = Pipeline(_timing, capacity={"alu": 2, "load": 2}, may_pair=lambda _older, _younger: True, drains=False)
_HIGH: Final = replace(_LOW, timing=_pessimistic_timing, capacity={"alu": 2}, drains=True)


def _price(instructions: Sequence[Instruction]) -> BlockCost:
    total = price(instructions, _LOW, _HIGH)
    last = instructions[-1] if instructions else None
    if last is not None and last.leaves:
        direct = last.name in ("b", "bl", "cbz", "cbnz")
        total.taken_high = 0 if direct else MISPREDICT
        total.mispredicted = MISPREDICT if last.conditional else 0
    return total


MODEL: Final = CoreModel(
    name="cortex-m7",
    title="Cortex-M7",
    model="cortex-m7 dual-issue model 1 (unvalidated)",
    price=_price,
    assumptions=(
        "Arm publishes no Cortex-M7 timings: an in-order dual-issue model from public studies and LLVM's machine model",
        "code and data in tightly coupled memory, or every access hits the caches: wait states beyond are not modelled",
        f"low end: every branch is predicted right; high end: a conditional branch costs {MISPREDICT} cycles twice for "
        f"each time it goes its rarer way, an indirect branch {MISPREDICT} cycles each time",
        "low end: two loads share a cycle; high end: never",
        f"a divide takes {_DIVIDE} cycles, whatever its operands",
        "results awaited across a branch: none at the low end, all at the high end",
        f"the interval is widened by {MARGIN:.0%} at both ends",
        "interrupts, bus contention, DMA and penalties of unaligned access are not modelled",
        "the model is unvalidated: it has not been compared with a measurement on silicon",
    ),
    margin=MARGIN,
)

"""Cycles of Cortex-M4 code, from Arm's published instruction timings; nothing is fitted to a measurement.

Sources, by the short names used below:

    3.3.1    "Cortex-M4 Technical Reference Manual" (DDI 0439, reissued as 100166), table 3-1, processor instructions
    3.3.2    the same, table 3-2, DSP instructions: every one takes a single cycle
    3.3.3    the same, load and store timings: which neighbours pipeline, which stall
    7        the same, chapter "Floating-Point Unit", table of FPU instruction timings

Each block of code (no branch but at its end) is decoded once. Its cost has two ends. The low end takes every range the
manual gives at its smallest, and pipelines neighbouring loads as 3.3.3 allows; it is what `DWT->CYCCNT` shows on the
virtual board. The high end takes every range at its largest and pipelines nothing. Both are for memory without wait
states. An instruction that is not in these tables is an error, never free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

MODEL = "cortex-m4 block model 1"
REFILL_LOW, REFILL_HIGH = 1, 3  # P of 3.3.1: cycles to refill the pipeline after a taken branch
DIVIDE_LOW, DIVIDE_HIGH = 2, 12  # 3.3.1, note a: early termination; data-dependent, so only the range is known

ASSUMPTIONS = (
    "cycles follow Arm's Cortex-M4 Technical Reference Manual (DDI 0439), tables of instruction timings",
    f"taken branches refill the pipeline in {REFILL_LOW} to {REFILL_HIGH} cycles",
    f"integer divides take {DIVIDE_LOW} to {DIVIDE_HIGH} cycles",
    "the low end pipelines neighbouring loads; the high end pipelines none and stores take 2 cycles",
    "an address computed by the instruction just before costs a cycle",
    "interrupts, bus contention, DMA and penalties of unaligned access are not modelled",
    "the model has not been compared with a measurement on silicon",
)


class UnknownInstruction(Exception):
    """Code that cannot be decoded, or an instruction whose cycles no published table states."""


@dataclass
class BlockCost:
    """What one execution of a block costs and does, without the refill of a branch that is taken at its end.

    The fields ending in `_cycles` split `cycles_low` by cause and add up to it.
    """

    cycles_low: int = 0
    cycles_high: int = 0
    multiply_cycles: int = 0
    load_cycles: int = 0
    store_cycles: int = 0
    branch_cycles: int = 0
    divide_cycles: int = 0
    float_cycles: int = 0
    other_cycles: int = 0
    instructions: int = 0
    loads: int = 0  # words, halfwords or bytes read
    stores: int = 0  # words, halfwords or bytes written
    multiply_accumulates: int = 0  # multiplications, with or without accumulation; a dual one counts twice
    branches: int = 0
    divides: int = 0
    literal_loads: int = 0  # loads relative to the program counter: read from flash
    load_stalls: int = 0  # cycles of loads beyond one for each word
    address_stalls: int = 0  # cycles waiting for an address computed by the instruction before
    starts: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)  # address and `before` of each instruction

    @property
    def values(self) -> tuple[int, ...]:
        """The values of `COUNTS`, in that order."""
        return tuple(getattr(self, name) for name in COUNTS)

    def before(self, address: int) -> tuple[int, ...]:
        """The values of `COUNTS` for the block's instructions that precede an address."""
        return next((before for start, before in self.starts if start >= address), self.values)


COUNTS = tuple(entry.name for entry in fields(BlockCost) if entry.name != "starts")


@dataclass(frozen=True)
class _Cost:
    low: int
    high: int
    cause: str  # prefix of the BlockCost field that the low cycles go to


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# 3.3.1 and 3.3.2: one cycle each.
_ALU = _names(
    "mov movs movw movt add addw adc adr sub subw sbc rsb mvn and eor orr orn bic cmp cmn tst teq lsl lsr asr ror rrx "
    "clz ssat usat sxtb sxth uxtb uxth bfc bfi sbfx ubfx rev rev16 revsh rbit nop sev yield clrex "
    "pkhbt pkhtb qadd qadd16 qadd8 qasx qdadd qdsub qsax qsub qsub16 qsub8 sadd16 sadd8 sasx sel shadd16 shadd8 shasx "
    "shsax shsub16 shsub8 ssat16 ssax ssub16 ssub8 sxtab sxtab16 sxtah sxtb16 uadd16 uadd8 uasx uhadd16 uhadd8 uhasx "
    "uhsax uhsub16 uhsub8 uqadd16 uqadd8 uqasx uqsax uqsub16 uqsub8 usad8 usada8 usat16 usax usub16 usub8 uxtab "
    "uxtab16 uxtah uxtb16"
)
_MULTIPLY = _names(
    "mul mla mls smull umull smlal umlal umaal smlabb smlabt smlatb smlatt smlalbb smlalbt smlaltb smlaltt smlawb "
    "smlawt smmla smmlar smmls smmlsr smmul smmulr smulbb smulbt smultb smultt smulwb smulwt"
)
_DUAL_MULTIPLY = _names("smlad smladx smlald smlaldx smlsd smlsdx smlsld smlsldx smuad smuadx smusd smusdx")
_SINGLE_LOAD = _names("ldr ldrb ldrh ldrsb ldrsh ldrt ldrbt ldrht ldrsbt ldrsht ldrex ldrexb ldrexh")
_SINGLE_STORE = _names("str strb strh strt strbt strht strex strexb strexh")
_MANY_LOAD = _names("ldm ldmda ldmdb ldmib ldrd pop vldmia vldmdb vpop")
_MANY_STORE = _names("stm stmda stmdb stmib strd push vstmia vstmdb vpush")
_BRANCH = _names("b bl bx blx cbz cbnz")
_TABLE_BRANCH = _names("tbb tbh")
_STATE = _names("mrs msr cps")  # 1 or 2
_BARRIER = _names("dmb dsb isb")  # 1 + B; B is at least zero, for an ISB that of a refill
# 7: one cycle, and one more when the next instruction uses the result.
_FLOAT = _names("vabs vadd vsub vmul vnmul vneg vcmp vcmpe vcvt vcvtr vcvtb vcvtt vmov fconsts vmrs vmsr fmstat")
_FLOAT_MULTIPLY_ADD = _names("vmla vmls vnmla vnmls vfma vfms vfnma vfnms")
_FLOAT_DIVIDE = _names("vdiv vsqrt")  # 14, beside which integer instructions go on
_FLOAT_MEMORY = _names("vldr vstr")  # 2, or 3 for a double word

_SUFFIX = re.compile(r"\.(w|n|f32|f64|s32|u32|32|64|f16|s16|u16|8|16)\b")


@lru_cache(maxsize=1)
def _decoder() -> Any:
    from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs

    decoder = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    decoder.detail = True
    return decoder


def block_cost(code: bytes, address: int) -> BlockCost:
    """Cost of one block.

    Args:
        code: the block's machine code, all of it.
        address: where it lies.

    Raises:
        UnknownInstruction: the bytes do not decode completely, or an instruction is in none of the tables.
    """
    total, done = BlockCost(), 0
    previous: _Instruction | None = None
    for instruction in _decode(code, address):
        total.starts.append((instruction.address, total.values))
        done += instruction.size
        _add(total, instruction, previous)
        previous = instruction
    if done != len(code):
        raise UnknownInstruction(f"the code at 0x{address + done:08x} ({code[done : done + 4].hex()}) does not decode")
    return total


@dataclass(frozen=True)
class _Instruction:
    name: str
    text: str
    address: int
    size: int
    skippable: bool  # inside an IT block: may be skipped, in one cycle
    address_registers: frozenset[int]
    written: frozenset[int]
    words: int  # transferred by a load or store of several registers
    literal: bool
    register_offset: bool
    writes_pc: bool
    double: bool


def _decode(code: bytes, address: int) -> Iterator[_Instruction]:
    from capstone.arm import ARM_CC_AL, ARM_CC_INVALID, ARM_OP_MEM, ARM_OP_REG, ARM_REG_PC

    decoder = _decoder()
    for raw in decoder.disasm(code, address):
        name = _SUFFIX.sub("", decoder.insn_name(raw.id))
        if name == "hint":  # Capstone's one name for nop, yield, sev, wfe, wfi
            name = _SUFFIX.sub("", raw.mnemonic)
        memory = [operand.mem for operand in raw.operands if operand.type == ARM_OP_MEM]
        registers = [operand.reg for operand in raw.operands if operand.type == ARM_OP_REG]
        _, written = raw.regs_access()
        bases = {mem.base for mem in memory} | {mem.index for mem in memory if mem.index}
        if name in _MANY_LOAD | _MANY_STORE and not memory and name not in ("push", "pop", "vpush", "vpop"):
            bases = {registers[0]}
            registers = registers[1:]
        words = sum(2 if decoder.reg_name(register).startswith("d") else 1 for register in registers)
        if name in ("ldrd", "strd"):
            words = 2
        yield _Instruction(
            name=name,
            text=f"{raw.mnemonic} {raw.op_str}".strip(),
            address=raw.address,
            size=raw.size,
            skippable=raw.cc not in (ARM_CC_AL, ARM_CC_INVALID) and name != "b",
            address_registers=frozenset(bases),
            written=frozenset(written),
            words=words,
            literal=any(mem.base == ARM_REG_PC for mem in memory),
            register_offset=any(mem.index for mem in memory),
            writes_pc=ARM_REG_PC in written or (name == "pop" and ARM_REG_PC in registers),
            double=bool(registers) and decoder.reg_name(registers[0]).startswith("d"),
        )


def _add(total: BlockCost, instruction: _Instruction, previous: _Instruction | None) -> None:
    name = instruction.name
    cost = _cost(instruction, previous)
    stall = _waits_for_address(instruction, previous)
    low, high = cost.low + stall, cost.high + stall
    if instruction.skippable:
        low = min(low, 1)
    total.instructions += 1
    total.cycles_low += low
    total.cycles_high += high
    cause = f"{cost.cause}_cycles"
    setattr(total, cause, getattr(total, cause) + low)
    total.address_stalls += low - cost.low if low > cost.low else 0
    words = instruction.words if name in _MANY_LOAD | _MANY_STORE else 2 if instruction.double else 1
    if cost.cause == "load":
        total.loads += words
        total.load_stalls += max(0, low - stall - words)
        total.literal_loads += instruction.literal
    elif cost.cause == "store":
        total.stores += words
    elif name in _DUAL_MULTIPLY:
        total.multiply_accumulates += 2
    elif name in _MULTIPLY or name in _FLOAT_MULTIPLY_ADD or name in ("vmul", "vnmul"):
        total.multiply_accumulates += 1
    elif cost.cause == "divide":
        total.divides += 1
    total.branches += cost.cause == "branch" or instruction.writes_pc


def _cost(instruction: _Instruction, previous: _Instruction | None) -> _Cost:
    """Cycles of an instruction after the one before it, without the refill of a taken branch."""
    name = instruction.name
    if name in _BRANCH or (name in _ALU and instruction.writes_pc):
        return _Cost(1, 1, "branch")
    if name in _ALU:
        return _Cost(1, 1, "other")
    if name in _MULTIPLY or name in _DUAL_MULTIPLY:
        return _Cost(1, 1, "multiply")
    if name in _SINGLE_LOAD:
        return _Cost(1 if _pipelines(instruction, previous) else 2, 3 if instruction.literal else 2, "load")
    if name in _SINGLE_STORE:
        late = instruction.register_offset and not _pipelines(instruction, previous)
        return _Cost(2 if late else 1, 2, "store")
    if name in _MANY_LOAD:
        return _Cost(1 + instruction.words, 1 + instruction.words, "load")
    if name in _MANY_STORE:
        return _Cost(1 + instruction.words, 1 + instruction.words, "store")
    if name in _TABLE_BRANCH:
        return _Cost(2, 3, "branch")  # 3.3.1 gives 2 + P, 3.3.3 at least 3 and a full refill
    if name == "it":
        # 3.3.1, note d: folds onto a preceding 16-bit instruction. Capstone names every form (ITTE, ...) "it".
        return _Cost(1 if previous is not None and previous.size == 4 else 0, 1, "other")
    if name in ("sdiv", "udiv"):
        return _Cost(DIVIDE_LOW, DIVIDE_HIGH, "divide")
    if name in _STATE:
        return _Cost(1, 2, "other")
    if name in _BARRIER:
        return _Cost(1 + (REFILL_LOW if name == "isb" else 0), 1 + REFILL_HIGH, "other")
    return _float_cost(instruction)


def _float_cost(instruction: _Instruction) -> _Cost:
    name = instruction.name
    if name in _FLOAT_MEMORY:
        cycles = 3 if instruction.double else 2
        return _Cost(cycles, cycles, "load" if name == "vldr" else "store")
    if name in _FLOAT_MULTIPLY_ADD:
        return _Cost(3, 4, "float")
    if name in _FLOAT_DIVIDE:
        return _Cost(1, 15, "float")
    if name in _FLOAT:
        return _Cost(2, 3, "float") if name == "vmov" and instruction.words > 2 else _Cost(1, 2, "float")
    raise UnknownInstruction(f"no published timing for '{instruction.text}' at 0x{instruction.address:08x}")


def _pipelines(instruction: _Instruction, previous: _Instruction | None) -> bool:
    """3.3.3: a load or store right behind a single load saves a cycle, unless its address is what was loaded."""
    return (
        previous is not None
        and previous.name in _SINGLE_LOAD
        and not previous.writes_pc
        and not (instruction.address_registers & previous.written)
    )


def _waits_for_address(instruction: _Instruction, previous: _Instruction | None) -> int:
    """3.3.3: a load or store whose address the data-processing instruction just before computed waits a cycle."""
    if previous is None or not instruction.address_registers:
        return 0
    data_processing = previous.name in _ALU or previous.name in _MULTIPLY or previous.name in _DUAL_MULTIPLY
    return int(data_processing and bool(instruction.address_registers & previous.written))

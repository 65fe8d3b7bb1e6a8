"""Decodes a block of Thumb code into what a timing model asks of an instruction. Shared by every core."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final


class UnknownInstruction(Exception):
    """Code that cannot be decoded, or an instruction whose cycles the core's model does not state."""


def names(text: str) -> frozenset[str]:
    """A set of instruction names, from a text with blanks between them."""
    return frozenset(text.split())


SINGLE_LOAD: Final = names("ldr ldrb ldrh ldrsb ldrsh ldrt ldrbt ldrht ldrsbt ldrsht ldrex ldrexb ldrexh")
SINGLE_STORE: Final = names("str strb strh strt strbt strht strex strexb strexh")
MANY_LOAD: Final = names("ldm ldmda ldmdb ldmib ldrd pop vldmia vldmdb vpop")
MANY_STORE: Final = names("stm stmda stmdb stmib strd push vstmia vstmdb vpush")
BRANCH: Final = names("b bl bx blx cbz cbnz")
TABLE_BRANCH: Final = names("tbb tbh")

_SUFFIX = re.compile(r"\.(w|n|f32|f64|s32|u32|32|64|f16|s16|u16|8|16)\b")


@dataclass(frozen=True)
class Instruction:
    """One instruction; registers are numbers of Capstone."""

    name: str  # without condition, width and flags
    text: str
    address: int
    size: int
    conditional: bool  # a branch that may fall through
    skippable: bool  # inside an IT block: may be skipped
    address_registers: frozenset[int]
    read: frozenset[int]
    written: frozenset[int]
    words: int  # transferred by a load or store of several registers
    literal: bool  # reads flash relative to the program counter
    register_offset: bool
    registers: tuple[int, ...]  # operands that are registers, in order; without the base of a multiple transfer
    shifted: frozenset[int]  # operands that pass a shifter on their way
    writes_pc: bool
    returns: bool  # leaves a function: bx lr, or a load of the program counter from the stack
    calls: bool  # writes the link register and branches
    double: bool  # of double-word floating-point registers

    @property
    def leaves(self) -> bool:
        """Whether the instruction can take execution elsewhere."""
        return self.writes_pc or self.name in BRANCH or self.name in TABLE_BRANCH


@lru_cache(maxsize=1)
def _decoder() -> Any:
    from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, CS_MODE_V8, Cs

    decoder = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS | CS_MODE_V8)
    decoder.detail = True
    return decoder


def decode(code: bytes, address: int) -> tuple[Instruction, ...]:
    """The instructions of a block.

    Args:
        code: the block's machine code, all of it.
        address: where it lies.

    Raises:
        UnknownInstruction: the bytes do not decode completely.
    """
    decoder = _decoder()
    instructions = tuple(_instruction(decoder, raw) for raw in decoder.disasm(code, address))
    done = sum(instruction.size for instruction in instructions)
    if done != len(code):
        raise UnknownInstruction(f"the code at 0x{address + done:08x} ({code[done : done + 4].hex()}) does not decode")
    return instructions


def _instruction(decoder: Any, raw: Any) -> Instruction:
    from capstone.arm import (
        ARM_CC_AL,
        ARM_CC_INVALID,
        ARM_OP_MEM,
        ARM_OP_REG,
        ARM_REG_LR,
        ARM_REG_PC,
        ARM_SFT_INVALID,
    )

    name = _SUFFIX.sub("", decoder.insn_name(raw.id))
    if name == "hint":  # Capstone's one name for nop, yield, sev, wfe, wfi
        name = _SUFFIX.sub("", raw.mnemonic)
    memory = [operand.mem for operand in raw.operands if operand.type == ARM_OP_MEM]
    registers = [operand.reg for operand in raw.operands if operand.type == ARM_OP_REG]
    read, written = raw.regs_access()
    bases = {mem.base for mem in memory} | {mem.index for mem in memory if mem.index}
    if name in MANY_LOAD | MANY_STORE and not memory and name not in ("push", "pop", "vpush", "vpop"):
        bases = {registers[0]}
        registers = registers[1:]
    words = sum(2 if decoder.reg_name(register).startswith("d") else 1 for register in registers)
    if name in ("ldrd", "strd"):
        words = 2
    may_skip = raw.cc not in (ARM_CC_AL, ARM_CC_INVALID)
    many = name in MANY_LOAD
    writes_pc = ARM_REG_PC in written or (many and ARM_REG_PC in registers)
    return Instruction(
        name=name,
        text=f"{raw.mnemonic} {raw.op_str}".strip(),
        address=raw.address,
        size=raw.size,
        conditional=(may_skip and name == "b") or name in ("cbz", "cbnz"),
        skippable=may_skip and name != "b",
        address_registers=frozenset(bases),
        read=frozenset(read),
        written=frozenset(written) | (frozenset(registers) if many else frozenset()),
        words=words,
        literal=any(mem.base == ARM_REG_PC for mem in memory),
        register_offset=any(mem.index for mem in memory),
        registers=tuple(registers),
        shifted=frozenset(
            operand.reg
            for operand in raw.operands
            if operand.type == ARM_OP_REG and operand.shift.type != ARM_SFT_INVALID
        ),
        writes_pc=writes_pc,
        returns=(name == "bx" and registers[:1] == [ARM_REG_LR]) or (writes_pc and (many or name == "ldr")),
        calls=name in ("bl", "blx"),
        double=bool(registers) and decoder.reg_name(registers[0]).startswith("d"),
    )

"""How much a core can compute and move per cycle at the very best: the model behind proofs of latency.

Without dual multiply-accumulates a product has 32 bits, which have room for two products of 8 by 8 bits: codes side by
side in a word, times one weight. Kernels do so (firmware/kernels/armv6m/three_positions.h), and so does the model.

Sources: Arm Cortex-M4 Technical Reference Manual (DDI 0439), tables 3-1 and 3-2: MLA and every DSP instruction, the
dual 16-bit SMLAD and SADD16 among them, take one cycle. Cortex-M3 Technical Reference Manual (DDI 0337), table of the
instruction set: MLA takes two cycles, MUL and ADD one each. Cortex-M0+ Technical Reference Manual (DDI 0484), table
of the instruction set: no multiply-accumulate; MULS and ADDS take at least one cycle each. Arm publishes no cycle
table for Cortex-M7 and Cortex-M33; the model gives them one multiply-accumulate instruction per cycle and no wider
one than SMLAD, and no bound on loads and stores. The three tables give LDM and STM of N words 1 + N cycles, and no
load or store of up to one word less than one cycle, even when pipelined: at most 4 bytes per cycle. Of other cores,
vector units and accelerators no cycle table is known here: they are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from specc.spec.hardware import Core, Hardware

_WITH_A_MODEL: Final[frozenset[Core]] = frozenset({"cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"})
_WITH_A_LOAD_TABLE: Final[frozenset[Core]] = frozenset({"cortex-m0+", "cortex-m3", "cortex-m4"})
_WORD: Final = 4  # bytes that one cycle moves at most, on each core with a table
_NAMES: Final[dict[Core, str]] = {"xtensa-lx6": "Xtensa LX6", "xtensa-lx7": "Xtensa LX7", "riscv32": "RISC-V core"}


@dataclass(frozen=True)
class InstructionModel:
    """The best a core can do, and the instruction that does it. Additions are paired by SADD16 where there is DSP."""

    macs_per_cycle: Fraction
    additions_per_cycle: Fraction
    statement: str
    bytes_per_cycle: int | None = None  # None: no source bounds loads and stores

    def cycles(self, macs: int) -> int:
        """Fewest cycles for a number of multiply-accumulates."""
        return -int(-macs // self.macs_per_cycle)


def instruction_model(hardware: Hardware) -> InstructionModel | None:
    """The model of a Cortex-M core; None where nothing bounds the arithmetic.

    That is a host, whose instruction set no fact names, a core without a cycle table, and hardware with an accelerator,
    which may do the work instead of the core.
    """
    if hardware.core not in _WITH_A_MODEL or hardware.accelerator is not None:
        return None
    word = _WORD if hardware.core in _WITH_A_LOAD_TABLE else None
    if hardware.core in ("cortex-m0+", "cortex-m3"):
        how = "MLA in 2 cycles" if hardware.core == "cortex-m3" else "no multiply-accumulate: MULS, then ADDS"
        statement = f"1 MAC per cycle at most ({how}, of two codes in a word)"
        return InstructionModel(Fraction(1), Fraction(1), statement, word)
    if hardware.dsp:
        return InstructionModel(
            Fraction(2), Fraction(2), "2 MACs per cycle at most (SMLAD, the dual 16-bit multiply-accumulate)", word
        )
    return InstructionModel(
        Fraction(1), Fraction(1), "1 MAC per cycle at most (MLA; no DSP extension is declared)", word
    )


def core_name(hardware: Hardware) -> str:
    """`Cortex-M4`, `Xtensa LX7`, `host`."""
    name = hardware.core.replace("cortex-m", "Cortex-M").replace("ethos-u", "Ethos-U")
    return _NAMES.get(hardware.core, name)

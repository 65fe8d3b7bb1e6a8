"""Cortex-M4, with or without its floating-point unit.

Sources beyond those of armv7m.py, all in the "Cortex-M4 Technical Reference Manual" (DDI 0439, reissued as 100166):

    table      3.3.1, table 3-1: every multiplication takes a single cycle, long ones too
    dsp        3.3.2, table 3-2, DSP instructions: every one takes a single cycle
    fpu        chapter "Floating-Point Unit", table of FPU instruction timings
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specc_backends.virtual_board.cores import armv7m
from specc_backends.virtual_board.cores.cost import DUAL_MULTIPLY, MULTIPLY, BlockCost, CoreModel
from specc_backends.virtual_board.cores.decode import Instruction, names

DSP: Final = names(
    "pkhbt pkhtb qadd qadd16 qadd8 qasx qdadd qdsub qsax qsub qsub16 qsub8 sadd16 sadd8 sasx sel shadd16 shadd8 shasx "
    "shsax shsub16 shsub8 ssat16 ssax ssub16 ssub8 sxtab sxtab16 sxtah sxtb16 uadd16 uadd8 uasx uhadd16 uhadd8 uhasx "
    "uhsax uhsub16 uhsub8 uqadd16 uqadd8 uqasx uqsax uqsub16 uqsub8 usad8 usada8 usat16 usax usub16 usub8 uxtab "
    "uxtab16 uxtah uxtb16"
)
# fpu: one cycle, and one more when the next instruction uses the result.
FLOAT: Final = names("vabs vadd vsub vmul vnmul vneg vcmp vcmpe vcvt vcvtr vcvtb vcvtt vmov fconsts vmrs vmsr fmstat")
FLOAT_MULTIPLY_ADD: Final = names("vmla vmls vnmla vnmls vfma vfms vfnma vfnms")  # fpu: 3
FLOAT_DIVIDE: Final = names("vdiv vsqrt")  # fpu: 14, beside which integer instructions go on
_DATA_PROCESSING: Final = armv7m.ALU | DSP | MULTIPLY | DUAL_MULTIPLY


def extension(instruction: Instruction) -> armv7m.Range | None:
    """Cycles of multiplications, DSP and floating-point instructions; None for any other."""
    name = instruction.name
    if name in MULTIPLY or name in DUAL_MULTIPLY or name in DSP:
        return 1, 1
    if name in ("vldr", "vstr"):
        return (3, 3) if instruction.double else (2, 2)  # fpu
    if name in FLOAT_MULTIPLY_ADD:
        return 3, 4
    if name in FLOAT_DIVIDE:
        return 1, 15
    if name in FLOAT:
        return (2, 3) if name == "vmov" and instruction.words > 2 else (1, 2)
    return None


def _price(instructions: Sequence[Instruction]) -> BlockCost:
    return armv7m.price(instructions, extension, _DATA_PROCESSING)


MODEL: Final = CoreModel(
    name="cortex-m4",
    title="Cortex-M4",
    model="cortex-m4 block model 1",
    price=_price,
    assumptions=(
        "cycles follow Arm's Cortex-M4 Technical Reference Manual (DDI 0439), tables of instruction timings",
        *armv7m.ASSUMPTIONS,
    ),
)

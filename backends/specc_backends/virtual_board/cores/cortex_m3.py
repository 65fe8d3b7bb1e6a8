"""Cortex-M3: the Cortex-M4 without DSP and floating point, and with slower multiplications.

Source beyond those of armv7m.py: "Cortex-M3 Technical Reference Manual" (DDI 0337), 3.3.1, table of instructions and
cycles. Long multiplications end early for small operands, so only a range is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specc_backends.virtual_board.cores import armv7m
from specc_backends.virtual_board.cores.cost import BlockCost, CoreModel
from specc_backends.virtual_board.cores.decode import Instruction

_MULTIPLY: Final[dict[str, armv7m.Range]] = {
    "mul": (1, 1),
    "mla": (2, 2),
    "mls": (2, 2),
    "smull": (3, 5),
    "umull": (3, 5),
    "smlal": (4, 7),
    "umlal": (4, 7),
}
_DATA_PROCESSING: Final = armv7m.ALU | frozenset(_MULTIPLY)


def _extension(instruction: Instruction) -> armv7m.Range | None:
    return _MULTIPLY.get(instruction.name)


def _price(instructions: Sequence[Instruction]) -> BlockCost:
    return armv7m.price(instructions, _extension, _DATA_PROCESSING)


MODEL: Final = CoreModel(
    name="cortex-m3",
    title="Cortex-M3",
    model="cortex-m3 block model 1",
    price=_price,
    assumptions=(
        "cycles follow Arm's Cortex-M3 Technical Reference Manual (DDI 0337), table of instruction timings",
        "long multiplications take 3 to 5 cycles, with accumulation 4 to 7",
        *armv7m.ASSUMPTIONS,
    ),
)

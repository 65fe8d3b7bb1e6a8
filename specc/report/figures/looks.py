"""Colour and hatch of what several figures show. Neighbours differ in lightness: a grey print tells them apart."""

from __future__ import annotations

from typing import Final

from specc.explain.attribution import (
    ARRAY,
    BRANCHES,
    DIVIDES,
    DRAM,
    FLASH,
    FLOATS,
    LOADS,
    MULTIPLY,
    OTHER,
    SRAM,
    STALLS,
    STORES,
    UNATTRIBUTED,
)
from specc.explain.energy import CLOCKING, FLASH_READS, IDLE, MEMORY, SRAM_ACCESSES
from specc.report import style

Look = tuple[str, str]

CAUSE_LOOK: Final[dict[str, Look]] = {
    MULTIPLY: (style.BLUE, ""),
    LOADS: (style.SKY, ""),
    STORES: (style.PURPLE, ""),
    BRANCHES: (style.ORANGE, ""),
    DIVIDES: (style.VERMILION, ""),
    FLOATS: (style.GREEN, ""),
    ARRAY: (style.BLUE, ""),
    SRAM: (style.SKY, ""),
    DRAM: (style.PURPLE, ""),
    FLASH: (style.ORANGE, ""),
    STALLS: (style.VERMILION, ""),
    OTHER: (style.PALE, ""),
    UNATTRIBUTED: ("#FFFFFF", "...."),
}
# Causes of energy: those of cycles, and some of its own.
ENERGY_LOOK: Final[dict[str, Look]] = CAUSE_LOOK | {
    IDLE: (style.MUTED, ""),
    FLASH_READS: (style.ORANGE, "////"),
    SRAM_ACCESSES: (style.SKY, "////"),
    MEMORY: (style.PURPLE, "////"),
    CLOCKING: (style.YELLOW, ""),
}
_KIND_LOOK: Final[dict[str, Look]] = {
    "conv": (style.BLUE, ""),
    "dwconv": (style.ORANGE, "////"),
    "dense": (style.GREEN, "----"),
    "avgpool": (style.PURPLE, "xxxx"),
    "maxpool": (style.PURPLE, "xxxx"),
    "add": (style.VERMILION, "\\\\\\\\"),
    "sigmoid": (style.SKY, ""),
    "tanh": (style.SKY, ""),
    "softmax": (style.YELLOW, ""),
}
_DARK: Final = frozenset({style.INK, style.BLUE, style.GREEN, style.VERMILION})


def kind_look(kind: str) -> Look:
    """Colour and hatch of a kind of operator."""
    return _KIND_LOOK.get(kind, (style.PALE, ""))


def ink_on(colour: str) -> str:
    """The colour of text that can be read on a colour."""
    return "white" if colour in _DARK else style.INK

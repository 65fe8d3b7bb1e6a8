"""The words that open a section. The parser needs them only to find its way after a lost bracket."""

from __future__ import annotations

from typing import Final

SECTIONS: Final[tuple[str, ...]] = (
    "model",
    "quantization",
    "schedule",
    "target",
    "hardware",
    "budget",
    "harness",
    "instrument",
    "guidelines",
    "dataset",
    "experiments",
)
STATEMENTS: Final[tuple[str, ...]] = ("waive", "demote")  # stand beside the sections, any number of times
EDITION_WORD: Final = "hwspec"
EDITIONS: Final[tuple[int, ...]] = (1,)

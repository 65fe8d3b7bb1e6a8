"""Words that the parser knows: it needs them to find its way after a lost bracket, and to name a mistake.

Nothing that is right depends on them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

SECTIONS: Final[tuple[str, ...]] = (
    "model",
    "quantization",
    "schedule",
    "target",
    "kernels",
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

LAYERS: Final = (
    *("conv", "dwconv", "dense", "avgpool", "maxpool", "add"),
    *("relu", "relu6", "sigmoid", "tanh", "softmax", "flatten"),
)
# A name follows each of these.
NAMING: Final = frozenset({*SECTIONS, *LAYERS, "input", "let", "sensor", "use", "from", "fuse", "latency"})
# The relation that the items of a block are written with, by the section and the first word of the item.
RELATIONS: Final = MappingProxyType(
    {
        **dict.fromkeys((("budget", word) for word in ("latency", "memory", "energy", "power", "price")), "<="),
        **dict.fromkeys((("budget", word) for word in ("life", "accuracy")), ">="),
        ("harness", "gradient"): "<=",
        ("instrument", "sample"): ">=",
    }
)

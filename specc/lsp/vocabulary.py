"""The words that may stand first in a block or behind a keyword, for completion; the tests hold them to the checker."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from specc.elaborate.layers import KINDS
from specc.spec.counters import COUNTERS
from specc.spec.hardware import Core
from specc.spec.kernels import ALL_REWRITES, REWRITES, ConstantsPlace, KernelChoice
from specc.spec.model import Activation, Padding, RowsMode
from specc.syntax.words import EDITION_WORD, SECTIONS, STATEMENTS
from specc.units import (
    CHARGE,
    ENERGY,
    FREQUENCY,
    INFORMATION,
    POWER,
    PRICES,
    RESISTANCE,
    TIME,
    VOLTAGE,
    Dimension,
)

TOP: Final = (*SECTIONS, *STATEMENTS, "import", "let", EDITION_WORD)

# First words of the items in a section's block.
ITEMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "model": ("input", *KINDS, "weights", "repeat"),
        "schedule": ("fuse", "rows"),
        "target": ("use", "clock", "compile", "cores"),
        "kernels": ("use", "weights", "rewrite"),
        "hardware": (
            *("vendor", "title", "core", "fpu", "dsp", "mve", "accelerator", "npu", "notes"),
            *("flash_timing", "flash_cache"),
            *("clock", "sram", "flash", "external_flash", "l1_instruction", "l1_data"),
            *("supply", "active_power", "sleep_power", "price"),
        ),
        "budget": ("latency", "memory", "energy", "power", "price", "battery", "life", "accuracy"),
        "harness": ("iterations", "seed", "gradient", "output", "data"),
        "instrument": ("sensor", *COUNTERS),
        "guidelines": ("application", "optimise", "tree", "depth", "leaf"),
        "experiments": ("clock", "compile", "bits", "fusion", "kernels", "rewrites", "tile"),
    }
)
INPUT_OPTIONS: Final = ("distribution", "stream")

# Words that may follow a keyword.
VALUES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "activation": get_args(Activation),
        "padding": get_args(Padding),
        "core": get_args(Core),
        "memory": ("sram", "flash", "l1"),
        "gradient": ("variance", "bias", "drift", "on"),
        "on": ("device",),
        "output": ("error",),
        "optimise": ("energy", "latency", "price", "sram", "flash"),
        "seed": ("fresh",),
        "weights": ("seed", "from"),
        "tree": ("depth", "leaf"),
        "distribution": ("uniform", "normal"),
        "stream": ("rows",),
        "rows": get_args(RowsMode),
    }
)

# Words that may follow the keywords of a `kernels` section, where they mean something else than in other sections.
KERNEL_RULES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"use": get_args(KernelChoice), "weights": get_args(ConstantsPlace), "rewrite": (*REWRITES, ALL_REWRITES)}
)

# Words that may follow the keywords of an `experiments` section, any number of them.
TRIED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"fusion": ("on", "off"), "kernels": get_args(KernelChoice), "rewrites": (*REWRITES, ALL_REWRITES)}
)

# What a number behind a keyword measures.
DIMENSIONS: Final[Mapping[str, tuple[Dimension, ...]]] = MappingProxyType(
    {
        "clock": (FREQUENCY,),
        "latency": (TIME,),
        "conversion": (TIME,),
        "life": (TIME,),
        "sample": (FREQUENCY,),
        "resistor": (RESISTANCE,),
        "reference": (VOLTAGE,),
        "sram": (INFORMATION,),
        "flash": (INFORMATION,),
        "external_flash": (INFORMATION,),
        "l1_instruction": (INFORMATION,),
        "supply": (VOLTAGE,),
        "l1_data": (INFORMATION,),
        "memory": (INFORMATION,),
        "energy": (ENERGY,),
        "power": (POWER,),
        "active_power": (POWER,),
        "sleep_power": (POWER,),
        "price": PRICES,
        "battery": (CHARGE, ENERGY, VOLTAGE),
    }
)

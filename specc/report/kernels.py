"""What tuning the kernels of a target found, in words, and as the cells of a table."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

from specc.evidence import Figure
from specc.measure.kernel_result import KernelTuning, KernelVariant
from specc.measure.result import Measurement
from specc.report.numbers import count

PLACES: Final = {"flash": "flash", "sram": "SRAM"}
VARIANT_COLUMNS: Final = ("layer", "kernel", "constants in", "cycles", "flash", "SRAM", "why")


def cycles_text(figure: Figure | None) -> str:
    """Cycles with their bounds: `604,755 to 931,264`, `at least 604,755`."""
    if figure is None or figure.value is None:
        return "an unknown number"
    if figure.high is None:
        return f"at least {count(figure.value)}"
    return count(figure.value) if figure.high == figure.value else f"{count(figure.value)} to {count(figure.high)}"


def tuning_sentences(measurement: Measurement, tuning: KernelTuning) -> list[str]:
    """What was tried and chosen, what is proven of it, and what the program takes in the end."""
    combinations = math.prod(Counter(variant.layer for variant in tuning.variants).values())
    limits = f"{count(tuning.flash_limit)} B of flash and {count(tuning.sram_limit)} B of SRAM"
    tried = f"{count(len(tuning.variants))} variants of layers were measured in {tuning.programs} programs."
    if tuning.excess:
        chosen = f"No choice of them fits into {limits}: the smallest is {count(tuning.excess)} B beyond."
    elif tuning.proven:
        chosen = (
            f"Proven, by their sums: of {count(combinations)} choices, none that fits into {limits} takes fewer cycles "
            "at most."
        )
    else:
        chosen = (
            f"Not proven to be the best of {count(combinations)} choices within {limits}: the search was cut short."
        )
    return [
        f"{tried} {chosen}",
        f"The program takes {cycles_text(measurement.counters.get('cycles'))} cycles, "
        f"{cycles_text(tuning.expected)} were expected; with the kernels that are fastest by their make, and constants "
        f"in flash, it takes {cycles_text(tuning.untuned)}.",
    ]


def variant_cells(variant: KernelVariant) -> tuple[str, ...]:
    """A variant in the columns of `VARIANT_COLUMNS`."""
    return (
        variant.layer,
        variant.kernel,
        PLACES[variant.place],
        cycles_text(variant.cycles),
        count(variant.flash),
        count(variant.sram),
        f"chosen: {variant.why}" if variant.chosen else variant.why,
    )

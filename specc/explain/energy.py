"""Energy split by cause, in the shape of the cycles' attribution. The parts add up to the whole.

What an energy rests on says what it can be split by:

- fitted to recordings: the terms of the model, cycles by their causes and memory accesses by memory;
- recorded: the idle floor for as long as the work lasts, and the rest as the cycles are;
- active power times time: as the cycles are, for at one power energy goes where time goes.

Only the idle floor is measured. That every cycle takes as much as any other is an assumption, and parts that rest on it
are predicted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from specc.evidence import Evidence, Figure
from specc.explain.attribution import CAUSES, UNATTRIBUTED, Attribution, attribute
from specc.measure.energy.model import ACCESSES, CLOCK, CYCLES
from specc.measure.result import LayerResult, Measurement

IDLE: Final = "idle floor"
FLASH_READS: Final = "reads of flash"
SRAM_ACCESSES: Final = "accesses to SRAM"
MEMORY: Final = "memory accesses"  # where they are not told apart by memory
CLOCKING: Final = "clock"  # the term of the fitted model that grows with the clock alone
ENERGY_CAUSES: Final = (IDLE, *CAUSES[:-1], FLASH_READS, SRAM_ACCESSES, MEMORY, CLOCKING, UNATTRIBUTED)


@dataclass(frozen=True)
class EnergyPart:
    """Joules of one cause, their evidence, and the counters they were worked out from."""

    cause: str
    joules: float
    evidence: Evidence
    counters: tuple[str, ...]


@dataclass(frozen=True)
class EnergyAttribution:
    """Where `whole` joules went. `parts` are in the order of `ENERGY_CAUSES`, empty causes left out."""

    whole: float
    parts: tuple[EnergyPart, ...]
    basis: str  # how the whole was split

    def share(self, cause: str) -> float:
        """Fraction of the whole that a cause takes; 0 where it was not seen."""
        return sum(part.joules for part in self.parts if part.cause == cause) / self.whole

    @property
    def largest(self) -> EnergyPart:
        """The cause with the most energy."""
        return max(self.parts, key=lambda part: part.joules)


def layer_energy(layer: LayerResult, idle: Figure | None) -> EnergyAttribution | None:
    """Energy of a layer by cause; None where it is unknown, or nothing tells where it goes.

    Args:
        layer: the layer.
        idle: the measurement's `idle_power`.
    """
    if layer.energy is None or not layer.energy.value:
        return None
    if layer.energy_terms:
        return _by_terms(layer, layer.energy.value)
    return _by_cycles(layer.energy, layer.counters, layer.latency.best, idle)


def inference_energy(measurement: Measurement) -> EnergyAttribution | None:
    """Energy of an inference by cause; a fitted one is the sum of its layers."""
    if any(layer.energy_terms for layer in measurement.layers):
        return _sum([layer_energy(layer, None) for layer in measurement.layers], measurement.energy.value or 0.0)
    return _by_cycles(measurement.energy, measurement.counters, measurement.total.best, measurement.idle_power)


def _by_terms(layer: LayerResult, whole: float) -> EnergyAttribution | None:
    """The terms of the fitted model; None where one is negative: it is no energy that anything takes."""
    terms = layer.energy_terms
    cycles = attribute(layer.counters)
    if cycles is None or min(terms.values()) < 0:
        return None
    shared = _shared(terms[CYCLES], cycles)
    accesses = [*shared, *_by_memory(terms[ACCESSES], layer.counters)]
    clock = EnergyPart(CLOCKING, terms[CLOCK], "predicted", ())
    basis = "terms of the fitted model: each cycle and each memory access takes as much as any other"
    return _attribution(whole, [*accesses, clock], basis)


def _by_memory(joules: float, counters: Mapping[str, Figure]) -> list[EnergyPart]:
    """Energy of memory accesses by memory, where reads of flash were counted apart."""
    loads, stores, flash = (
        counters[name].value if name in counters else None for name in ("loads", "stores", "flash_data_reads")
    )
    names = ("loads", "stores")
    if loads is None or stores is None or flash is None or not loads + stores or flash > loads:
        return [EnergyPart(MEMORY, joules, "predicted", names)]
    share = flash / (loads + stores)
    return [
        EnergyPart(FLASH_READS, joules * share, "predicted", ("flash_data_reads",)),
        EnergyPart(SRAM_ACCESSES, joules * (1 - share), "predicted", (*names, "flash_data_reads")),
    ]


def _by_cycles(
    energy: Figure, counters: Mapping[str, Figure], latency: Figure, idle: Figure | None
) -> EnergyAttribution | None:
    """The idle floor, where it was recorded, and the rest shared as the cycles are."""
    cycles, whole = attribute(counters), energy.value
    if not whole:
        return None
    floor = 0.0
    parts = []
    if idle is not None and idle.value is not None and latency.value is not None:
        floor = idle.value * latency.value
        if floor > whole:
            return None  # recording and measurement are not of the same work
        parts.append(EnergyPart(IDLE, floor, "measured", ("idle_power", "latency")))
    elif cycles is None:
        return None
    if cycles is None:
        parts.append(EnergyPart(UNATTRIBUTED, whole - floor, "measured", ("energy",)))
        return _attribution(whole, parts, "the idle floor, and what is above it; nothing tells more")
    parts += _shared(whole - floor, cycles)
    above = "what is above the idle floor" if floor else "all of it"
    return _attribution(whole, parts, f"{above} shared as the cycles are: every cycle taken to need as much")


def _shared(joules: float, cycles: Attribution) -> list[EnergyPart]:
    """Energy shared as cycles are."""
    return [
        EnergyPart(part.cause, joules * part.cycles / cycles.whole, "predicted", part.counters) for part in cycles.parts
    ]


def _sum(layers: Sequence[EnergyAttribution | None], whole: float) -> EnergyAttribution | None:
    """An inference as the sum of its layers; None where one is not split, or there is no energy."""
    found = [layer for layer in layers if layer is not None]
    if not found or len(found) < len(layers) or not whole:
        return None
    parts = []
    for cause in ENERGY_CAUSES:
        own = [part for layer in found for part in layer.parts if part.cause == cause]
        if own:
            counters = tuple(dict.fromkeys(name for part in own for name in part.counters))
            parts.append(EnergyPart(cause, math.fsum(part.joules for part in own), own[0].evidence, counters))
    return _attribution(whole, parts, found[0].basis)


def _attribution(whole: float, parts: Sequence[EnergyPart], basis: str) -> EnergyAttribution:
    """Parts in their order; what rounding leaves, a few units in the last place, goes to the largest."""
    ordered = sorted((part for part in parts if part.joules), key=lambda part: ENERGY_CAUSES.index(part.cause))
    largest = max(range(len(ordered)), key=lambda index: ordered[index].joules)
    others = math.fsum(part.joules for index, part in enumerate(ordered) if index != largest)
    ordered[largest] = replace(ordered[largest], joules=whole - others)
    return EnergyAttribution(whole, tuple(ordered), basis)

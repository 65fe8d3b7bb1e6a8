"""From counts of the board to figures with bounds: latencies, counters, memory, energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from specc.evidence import Figure
from specc.measure.energy.active_power import predicted_energy
from specc.measure.result import Latency, LayerResult, MemoryResult
from specc.measure.statistics import summarise_bounds
from specc.spec.hardware import Target
from specc_backends.virtual_board.firmware import Firmware
from specc_backends.virtual_board.flash import FlashModel

Counters = dict[str, int]
FLASH_READS: Final = ("flash_data_reads", "flash_fetch_misses", "flash_data_misses")  # counted on one input only
_COUNTED_ON_ONE: Final = "counted on one input, an upper bound for the others; costs cycles only with wait states"
REPEATED: Final = (
    "simulated on {count} distinct inputs; a simulation repeats exactly, so it is never repeated over time"
)


@dataclass(frozen=True)
class Inference:
    """One run: its output as hexadecimal text, and what the whole and each layer did."""

    output: str
    total: Counters
    layers: tuple[Counters, ...]

    @property
    def overhead(self) -> Counters:
        """The whole less the layers."""
        return {key: value - sum(layer[key] for layer in self.layers) for key, value in self.total.items()}

    def with_flash_reads_of(self, counted: Inference) -> Inference:
        """The same run, with reads of flash as counted on one input.

        A run on another input may load or branch more often. What it does more is taken to read flash every time, so
        that the counts stay upper bounds.
        """
        layers = tuple(_bounded(own, other) for own, other in zip(self.layers, counted.layers, strict=True))
        parts = (*layers, _bounded(self.overhead, counted.overhead))
        return replace(self, total=self.total | {key: sum(p[key] for p in parts) for key in FLASH_READS}, layers=layers)


def _bounded(own: Counters, counted: Counters) -> Counters:
    more_loads = max(0, own["loads"] - counted["loads"])
    more_lines = max(0, own["flash_fetch_lines"] - counted["flash_fetch_lines"])
    return own | {
        "flash_data_reads": counted["flash_data_reads"] + more_loads,
        "flash_data_misses": counted["flash_data_misses"] + more_loads,
        "flash_fetch_misses": counted["flash_fetch_misses"] + more_lines,
    }


@dataclass(frozen=True)
class Bounds:
    """What turns counts into bounds on time.

    Attributes:
        clock_hz: the core's clock.
        flash: what reading flash can add.
        margin: how far the truth may lie beyond either end of the core's model, as a part of it.
    """

    clock_hz: float
    flash: FlashModel
    margin: float

    @property
    def basis(self) -> str:
        """What the bounds rest on, in words."""
        widened = f"; both ends widened by {self.margin:.0%}, as the core's model is unvalidated" if self.margin else ""
        return self.flash.basis + widened

    def low_cycles(self, counters: Counters) -> float:
        """The fewest cycles the counted work can take."""
        return counters["cycles_low"] * (1 - self.margin)

    def high_cycles(self, counters: Counters) -> float | None:
        """The most cycles the counted work can take, or None where the flash is unknown."""
        waits = self.flash.wait_cycles(counters["flash_fetch_misses"], counters["flash_data_misses"])
        return None if waits is None else counters["cycles_high"] * (1 + self.margin) + waits


def latency(runs: Sequence[Counters], bounds: Bounds) -> Latency:
    """Latency of the same work on several inputs, in seconds."""
    clock = bounds.clock_hz
    highs = [cycles for run in runs if (cycles := bounds.high_cycles(run)) is not None]
    basis = f"{bounds.basis}; {REPEATED.format(count=len(runs))}"
    high = [cycles / clock for cycles in highs] if len(highs) == len(runs) else None
    latency = summarise_bounds([run["cycles_low"] / clock for run in runs], high, "simulated", basis)
    low = min(bounds.low_cycles(run) for run in runs) / clock
    return latency.model_copy(update={"best": latency.best.model_copy(update={"low": low})})


def total_latency(inferences: Sequence[Inference], bounds: Bounds) -> Latency:
    """Latency of a whole inference."""
    return latency([inference.total for inference in inferences], bounds)


def overhead_latency(inferences: Sequence[Inference], bounds: Bounds) -> Latency:
    """What a whole inference takes beyond its layers: calls, clock readings, marks."""
    return latency([inference.overhead for inference in inferences], bounds)


def cold_latency(first: Inference, bounds: Bounds) -> Latency:
    """The first inference after reset. The model has no state that warms up, but its bounds cover cold caches too."""
    return latency([first.total], bounds)


def layer_results(
    inferences: Sequence[Inference], names: Sequence[str], bounds: Bounds, target: Target
) -> tuple[LayerResult, ...]:
    """Latency, counters and predicted energy of each layer."""
    results = []
    for index, name in enumerate(names):
        runs = [inference.layers[index] for inference in inferences]
        time = latency(runs, bounds)
        energy = predicted_energy(time.best, target)
        known = None if energy.value is None else energy
        results.append(LayerResult(name=name, latency=time, counters=counters(runs, bounds), energy=known))
    return tuple(results)


def counters(runs: Sequence[Counters], bounds: Bounds) -> dict[str, Figure]:
    """Counts over several inputs: the first input's, with the extremes over all of them.

    `cycles` has the bounds of the model as well. The counters whose names end in `_cycles` split its low end by cause
    and add up to it.
    """
    flash = bounds.flash
    figures = {"cycles": _cycles(runs, bounds)}
    for name in runs[0]:
        if name in ("cycles_low", "cycles_high"):
            continue
        values = [run[name] for run in runs]
        figures[name] = Figure(
            value=values[0],
            low=min(values),
            high=max(values),
            unit="cycles" if name.endswith(("_cycles", "_stalls")) else name.replace("_", " "),
            evidence="simulated",
            basis=_COUNTED_ON_ONE if name in FLASH_READS else "counted",
        )
    waits = [flash.wait_cycles(run["flash_fetch_misses"], run["flash_data_misses"]) for run in runs]
    known = [wait for wait in waits if wait is not None]
    if known:
        figures["flash_waits_at_most"] = Figure(
            value=None, low=0, high=max(known), unit="cycles", evidence="simulated", basis=flash.basis
        )
    return figures


def _cycles(runs: Sequence[Counters], bounds: Bounds) -> Figure:
    highs = [bounds.high_cycles(run) for run in runs]
    known = [high for high in highs if high is not None]
    return Figure(
        value=runs[0]["cycles_low"],
        low=min(bounds.low_cycles(run) for run in runs),
        high=max(known) if len(known) == len(runs) else None,
        unit="cycles",
        evidence="simulated",
        basis=bounds.basis,
    )


def memory(firmware: Firmware, stack_used: int) -> MemoryResult:
    """Flash and SRAM of the linked program. SRAM counts the stack as deep as it was seen to reach."""
    image = firmware.image
    copied = firmware.constant_bytes_in_sram
    regions = {
        "flash: weights": firmware.constant_bytes,
        "flash: code": image.code_bytes,
        "flash: other constants": len(image.constants) - firmware.constant_bytes + copied,
        "flash: initial values": image.data_bytes - copied,
        "sram: activations": firmware.arena_bytes,
        "sram: weights": copied,
        "sram: data": image.static_sram_bytes - firmware.arena_bytes - copied,
        "sram: stack (painted)": stack_used,
    }
    sram = image.static_sram_bytes + stack_used
    return MemoryResult(
        flash=Figure.exact(image.flash_bytes, "B", "simulated", "sections of the linked program"),
        sram=Figure.exact(
            sram, "B", "simulated", "sections of the linked program, and the stack's painted high-water mark"
        ),
        regions={name: size for name, size in regions.items() if size},
        planned_activations=firmware.planned_bytes,
    )

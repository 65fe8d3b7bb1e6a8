"""What was observed of a target, from the application down to the chip: four levels of metrics.

A figure that was not observed is listed all the same, unknown and with the reason: a level is never left out because
nothing of it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from specc.evidence import Figure
from specc.explain.attribution import STALLS
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.measure.statistics import variability
from specc.spec.hardware import Target

Level = Literal["application", "system", "microarchitecture", "physical"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

# Counters that tell of the operating system; every other one is of the core, its memories or its accelerator.
_SYSTEM_COUNTERS: Final = frozenset({"page_faults"})
_APPLICATION: Final = frozenset({"latency", "throughput", "energy", "SRAM", "flash"})
# Counters of which a target has one set or another, by what they tell.
_STALLS: Final = ("stalled_cycles", "load_stalls")
_MISSES: Final = ("l1d_load_misses", "flash_data_misses")


@dataclass(frozen=True)
class Metric:
    """A figure of one level; its basis says why where it is unknown."""

    level: Level
    name: str
    figure: Figure

    @property
    def observed(self) -> bool:
        """Whether there is any figure, or a bound of one."""
        return self.figure.value is not None or self.figure.high is not None


def level_of(name: str) -> Level:
    """The level of a figure or counter, by its name."""
    if name in _APPLICATION:
        return "application"
    return "system" if name in _SYSTEM_COUNTERS else "microarchitecture"


def metrics(measurement: Measurement, target: Target, network: Network) -> tuple[Metric, ...]:
    """The same metrics of every target, level by level."""
    found: dict[Level, dict[str, Figure]] = {
        "application": {
            "latency": measurement.total.best,
            "throughput": _throughput(measurement.total.best),
            "energy": measurement.energy,
            "SRAM": measurement.memory.sram,
            "flash": measurement.memory.flash,
        },
        "system": {
            "clock": _clock(measurement),
            "first run": measurement.cold.best
            if measurement.cold
            else Figure.unknown("s", "no first run was observed"),
            "outside the layers": measurement.overhead.best,
            "p95 / p50": _spread(measurement),
            "power idle": measurement.idle_power or Figure.unknown("W", "no recording shows it"),
            "power asleep": _asleep(target),
            "DMA and bus contention": Figure.unknown("", "neither counted nor modelled"),
        },
        "microarchitecture": {
            "cycles": _counter(measurement, "cycles"),
            "instructions": _counter(measurement, "instructions"),
            "MACs per cycle": _macs_per_cycle(measurement, network),
            STALLS: _counter(measurement, *_STALLS),
            "flash waits": _counter(measurement, "flash_waits_at_most"),
            "data misses": _counter(measurement, *_MISSES),
        },
        "physical": {
            "power": _power(measurement, target),
            "temperature": Figure.unknown("", "no sensor of it is read"),
        },
    }
    return tuple(Metric(level, name, figure) for level in LEVELS for name, figure in found[level].items())


def _throughput(latency: Figure) -> Figure:
    """Inferences a second, one after the other."""
    if not latency.value:
        return Figure.unknown("1/s", latency.basis or "the latency is unknown")
    return Figure(
        value=1 / latency.value,
        low=1 / latency.high if latency.high else None,
        high=1 / latency.low if latency.low else None,
        unit="1/s",
        evidence=latency.evidence,
        basis="one inference after the other",
    )


def _clock(measurement: Measurement) -> Figure:
    hertz = measurement.provenance.clock_hz
    if hertz is None:
        return Figure.unknown("Hz", "the clock is not known: the computer sets it as it likes")
    return Figure.exact(hertz, "Hz", "datasheet", "as the target is set; not measured")


def _spread(measurement: Measurement) -> Figure:
    ratio = variability(measurement.total) if measurement.evidence == "measured" else None
    if ratio is None:
        return Figure.unknown("", "only runs over time vary")
    return Figure.exact(ratio, "", "measured", f"{len(measurement.total.samples)} runs")


def _asleep(target: Target) -> Figure:
    declared = target.hardware.sleep_power
    if declared is None:
        return Figure.unknown("W", "none is declared")
    low, high = ((end or declared.value).base for end in (declared.low, declared.high))
    return Figure(
        value=float(declared.value.base),
        low=float(low),
        high=float(high),
        unit="W",
        evidence=declared.evidence,
        basis=declared.source,
    )


def _counter(measurement: Measurement, *names: str) -> Figure:
    """The first of the counters that the target has."""
    found = (measurement.counters[name] for name in names if name in measurement.counters)
    return next(found, Figure.unknown("", "not counted on this target"))


def _macs_per_cycle(measurement: Measurement, network: Network) -> Figure:
    cycles = measurement.counters.get("cycles")
    if cycles is None or not cycles.value:
        return Figure.unknown("", "no cycles are counted")
    return Figure(
        value=network.macs / cycles.value,
        low=network.macs / cycles.high if cycles.high else None,
        high=network.macs / cycles.low if cycles.low else None,
        unit="",
        evidence=cycles.evidence,
        basis="multiply-accumulates of the network over its cycles",
    )


def _power(measurement: Measurement, target: Target) -> Figure:
    """Mean power of an inference: recorded energy over time, else what is declared for this clock."""
    energy, seconds = measurement.energy, measurement.total.best.value
    if energy.evidence == "measured" and energy.value is not None and seconds:
        low, high = (None if end is None else end / seconds for end in (energy.low, energy.high))
        return Figure(
            value=energy.value / seconds, low=low, high=high, unit="W", evidence="measured", basis="energy over time"
        )
    declared, at = target.hardware.active_power, target.hardware.active_power_clock
    if declared is None or at is None or float(at.base) != target.clock_hz:
        return Figure.unknown("W", "neither recorded nor declared for this clock")
    low, high = (float((end or declared.value).base) for end in (declared.low, declared.high))
    return Figure(
        value=float(declared.value.base),
        low=low,
        high=high,
        unit="W",
        evidence=declared.evidence,
        basis=declared.source,
    )

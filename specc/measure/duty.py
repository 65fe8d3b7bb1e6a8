"""Power over time: inferences at a rate, sleep between them, and how long a battery lasts.

With E joules and t seconds per inference, r inferences per second and S watts asleep, the mean power is

    P = r E + S (1 - r t)

A day takes 86,400 P, and a battery of B joules lasts B / P. Losses of regulators, self-discharge and everything else
on the board are not in it: they are not the network's, and no source in the spec states them. What follows from the
measured energy of an inference is predicted: nobody has measured the time over which it is spread.
"""

from __future__ import annotations

from typing import Final

from specc.evidence import Figure
from specc.measure.result import Measurement
from specc.spec.contract import BudgetItem
from specc.spec.hardware import Fact, Target
from specc.units import UNITS

_DAY: Final = float(UNITS["day"].scale)  # seconds
_ALONE: Final = "regulator losses and self-discharge are not counted"


def mean_power(item: BudgetItem, target: Target, measurement: Measurement) -> Figure:
    """Mean power in watts of a target that infers at the item's rate and sleeps in between; bounds where known."""
    assert item.rate is not None
    rate = float(item.rate.base)
    energy, time = measurement.energy, measurement.total.best
    if energy.value is None or time.value is None:
        return Figure.unknown("W", energy.basis or "the energy of an inference is unknown")
    shortest = time.value if time.low is None else time.low
    if rate * shortest > 1:
        return Figure.unknown("W", f"at {shortest:.3g} s an inference, {item.rate} cannot be sustained")
    evidence = "predicted" if energy.evidence == "measured" else energy.evidence
    least = rate * (energy.value if energy.low is None else energy.low)
    sleep = target.hardware.sleep_power
    if sleep is None:
        basis = "no sleep power is declared for this hardware: the figure counts sleep for nothing"
        return Figure(value=least, low=least, high=None, unit="W", evidence=evidence, basis=basis)
    asleep_least = max(0.0, 1 - rate * time.high) if time.high is not None else 0.0
    asleep_most = 1 - rate * shortest
    low, high = _ends(sleep)
    return Figure(
        value=rate * energy.value + float(sleep.value.base) * max(0.0, 1 - rate * time.value),
        low=least + low * asleep_least,
        high=None if energy.high is None else rate * energy.high + high * asleep_most,
        unit="W",
        evidence=evidence,
        basis=f"asleep between inferences at {sleep.value} ({sleep.source}); {_ALONE}",
    )


def energy_per_day(item: BudgetItem, target: Target, measurement: Measurement) -> Figure:
    """Joules that a target takes in a day at the item's rate, asleep between inferences."""
    power = mean_power(item, target, measurement)
    if power.value is None:
        return Figure.unknown("J", power.basis)
    return power.model_copy(
        update={
            "value": power.value * _DAY,
            "low": None if power.low is None else power.low * _DAY,
            "high": None if power.high is None else power.high * _DAY,
            "unit": "J",
        }
    )


def life(item: BudgetItem, target: Target, measurement: Measurement) -> Figure:
    """Seconds that the item's battery lasts."""
    assert item.battery is not None
    power = mean_power(item, target, measurement)
    if power.value is None:
        return Figure.unknown("s", power.basis)
    joules = item.battery.joules
    low = 0.0 if power.high is None else joules / power.high
    least = power.value if power.low is None else power.low
    return Figure(
        value=joules / power.value,
        low=low,
        high=joules / least if least > 0 else None,
        unit="s",
        evidence=power.evidence,
        basis=power.basis,
    )


def _ends(fact: Fact) -> tuple[float, float]:
    """Both ends of what a source states."""
    return float((fact.low or fact.value).base), float((fact.high or fact.value).base)

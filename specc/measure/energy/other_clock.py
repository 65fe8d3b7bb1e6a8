"""Energy at a clock for which no power is declared: bounds from the power at another clock.

At a fixed supply, power is static power plus a part proportional to the clock (J. M. Rabaey, A. Chandrakasan,
B. Nikolić, "Digital Integrated Circuits", 2nd edition, section 5.5). How it divides is not declared. All of it static,
and all of it proportional, are the ends between which the truth lies.
"""

from __future__ import annotations

from specc.evidence import Figure
from specc.measure.energy.active_power import predicted_energy
from specc.spec.hardware import Target


def energy_at_clock(latency: Figure, target: Target) -> Figure:
    """Joules that a target takes while it is busy for a time; the value lies in the middle of what is possible.

    Args:
        latency: seconds.
        target: hardware and clock. Where power is declared for this clock, that alone counts.
    """
    power, at, clock = target.hardware.active_power, target.hardware.active_power_clock, target.clock_hz
    if power is None or at is None or clock is None or float(at.base) == clock or latency.value is None:
        return predicted_energy(latency, target)
    watts = float(power.value.base)
    low_watts = float(power.low.base) if power.low else watts
    high_watts = float(power.high.base) if power.high else watts
    ratio = clock / float(at.base)
    least, most = min(1.0, ratio), max(1.0, ratio)
    return Figure(
        value=watts * (least + most) / 2 * latency.value,
        low=low_watts * least * (latency.value if latency.low is None else latency.low),
        high=None if latency.high is None else high_watts * most * latency.high,
        unit="J",
        evidence="predicted",
        basis=f"active power at {at} ({power.source}), between all of it static and all of it proportional to the "
        f"clock at a fixed supply; times the {latency.evidence} latency",
    )


def powers(target: Target) -> tuple[float, float] | None:
    """Watts at the target's clock if all of the declared power is static, and if all is proportional to the clock."""
    power, at, clock = target.hardware.active_power, target.hardware.active_power_clock, target.clock_hz
    if power is None or at is None or clock is None:
        return None
    watts = float(power.value.base)
    return watts, watts * clock / float(at.base)

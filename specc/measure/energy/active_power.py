"""Energy where no sensor is: the declared active power times the time, labelled predicted."""

from __future__ import annotations

from specc.evidence import Figure
from specc.spec.hardware import Target


def predicted_energy(latency: Figure, target: Target) -> Figure:
    """Joules that a target takes while it is busy for a time; unknown where no active power is declared for its clock.

    Args:
        latency: seconds, of an inference or of a layer.
        target: hardware and clock.
    """
    power, at = target.hardware.active_power, target.hardware.active_power_clock
    if power is None:
        return Figure.unknown("J", f"no active power is declared for {target.hardware.name}")
    if at is None or float(at.base) != target.clock_hz:
        where = f"at {at}" if at is not None else "at no stated clock"
        return Figure.unknown("J", f"the active power of {target.hardware.name} is declared {where}, not at this clock")
    if latency.value is None:
        return Figure.unknown("J", latency.basis)
    value = float(power.value.base)
    low = float(power.low.base) if power.low else value
    high = float(power.high.base) if power.high else value
    return Figure(
        value=value * latency.value,
        low=low * (latency.value if latency.low is None else latency.low),
        high=high * latency.high if latency.high is not None else None,
        unit="J",
        evidence="predicted",
        basis=f"active power ({power.source}) times the {latency.evidence} latency",
    )

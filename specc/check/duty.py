"""Whether a battery, a mean power, or the energy of a day can carry the rate of inferences that is asked of it."""

from __future__ import annotations

from fractions import Fraction

from specc.check.context import Context, decimal, mark, place
from specc.check.instruction_model import core_name, instruction_model
from specc.check.latency import fewest_cycles, target_clock
from specc.spec.contract import BudgetItem
from specc.spec.hardware import Target
from specc.units import UNITS


def check_duty(context: Context) -> None:
    """Hold every line with a rate against the least time and the least power that the target can do with."""
    for target in context.spec.targets:
        for item in context.spec.budget_items(target.name):
            if item.rate is not None and item.rate.base > 0 and item.limit.base > 0:
                _judge(context, target, item)


def _judge(context: Context, target: Target, item: BudgetItem) -> None:
    assert item.rate is not None
    allowed, source = _allowed(item)
    each = _engineering(allowed / item.rate.base, "J")
    context.prove(
        f"duty {target.name}",
        f"{item.label} {item.relation} {item.limit}: {source}{_engineering(allowed, 'W')} in the mean, "
        f"at most {each} per inference if sleep costs nothing",
    )
    model, clock = instruction_model(target.hardware), target_clock(target)
    if model is None or clock is None or clock.base <= 0:
        return
    layers = context.network.layers
    bound = fewest_cycles(context, model, layers)
    time = Fraction(bound.cycles) / clock.base
    work = bound.text(layers) if bound.moved else f"the network needs at least {bound.cycles:,} cycles"
    least_time = f"{work}, {_engineering(time, 's')} at {clock}"
    statements = [model.statement, bound.statement] if bound.moved else [model.statement]
    basis = f"{core_name(target.hardware)}: {'; '.join(statements)}"
    if time * item.rate.base > 1:
        context.report(
            "E4112",
            f"`{target.name}` cannot infer at {item.rate}: {least_time}",
            place(item, "rate"),
            secondary=(mark(target, "clock", f"{clock}"),),
            notes=(basis, f"repair: at most {decimal(Fraction(int(1 / time * 1000), 1000))} Hz, or a faster target"),
        )
        return
    power = _active_power(target)
    if power is None:
        return
    asleep = target.hardware.sleep_power
    sleep = (asleep.low or asleep.value).base if asleep else Fraction(0)
    busy = time * item.rate.base
    mean = busy * power + (1 - busy) * sleep
    if mean <= allowed:
        return
    sleeping = f", {_engineering(sleep, 'W')} asleep" if asleep else ", sleep counted for nothing"
    context.report(
        "E4112",
        f"{item.label} {item.relation} {item.limit} cannot be kept on `{target.name}`: {source}"
        f"{_engineering(allowed, 'W')} in the mean, and {item.rate} takes at least {_engineering(mean, 'W')}",
        place(item, "limit"),
        secondary=(mark(target.hardware, "active_power"), mark(item.battery, "charge") if item.battery else None),
        notes=(f"{least_time}; {_engineering(power, 'W')} while it runs{sleeping}", basis),
    )


def _allowed(item: BudgetItem) -> tuple[Fraction, str]:
    """The mean power in watts that the line leaves, and where it comes from."""
    if item.scope == ("day",):
        return item.limit.base / UNITS["day"].scale, f"{item.limit} a day leaves "
    if item.battery is None:
        return item.limit.base, ""
    energy = item.battery.charge.base * item.battery.voltage.base
    stored = f"{item.battery.charge} at {item.battery.voltage} is {decimal(energy)} J, which leaves "
    return energy / item.limit.base, stored


def _active_power(target: Target) -> Fraction | None:
    """The least active power that is stated for the clock at which the target runs, or None."""
    fact, clock = target.hardware.active_power, target_clock(target)
    stated = target.hardware.active_power_clock
    if fact is None or clock is None or stated is None or stated.base != clock.base:
        return None
    return (fact.low or fact.value).base


def _engineering(value: Fraction, unit: str) -> str:
    """Three digits with a prefix: 37.6 µJ."""
    for prefix, scale in (("", 1), ("m", 10**3), ("µ", 10**6)):
        if value * scale >= 1:
            return f"{float(value * scale):.3g} {prefix}{unit}"
    return f"{float(value * 10**9):.3g} n{unit}"

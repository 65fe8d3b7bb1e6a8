"""Whether the lines of a budget agree with one another and with the hardware they bind."""

from __future__ import annotations

from fractions import Fraction

from specc.check.context import Context, decimal, mark, place
from specc.check.instruction_model import core_name
from specc.source import Span
from specc.spec.contract import Budget, BudgetItem
from specc.spec.hardware import Fact, Target
from specc.units import UNITS


def check_parts(context: Context) -> None:
    """Latency parts that together use up, or exceed, the total."""
    judged: set[Span | None] = set()
    for budget in context.spec.budgets:
        for total in budget.items:
            if total.kind != "latency" or total.scope != ("total",):
                continue
            if place(total) is None or place(total) not in judged:  # a section may bind several targets
                judged.add(place(total))
                _judge_parts(context, budget, total)


def _judge_parts(context: Context, budget: Budget, total: BudgetItem) -> None:
    parts = [item for item in budget.items if _is_part(item, total)]
    named = [name for item in parts for name in item.scope]
    if len(parts) < 2 or len(set(named)) < len(named):  # overlapping parts do not add up
        return
    together = sum((item.limit.base for item in parts), Fraction(0))
    if together < total.limit.base:
        return
    symbol = total.limit.unit.symbol if total.limit.unit else "s"
    scale = UNITS[symbol].scale
    amounts = " + ".join(decimal(item.limit.base / scale) for item in parts)
    equation = f"{amounts} = {decimal(together / scale)} {symbol}"
    uncovered = [layer.name for layer in context.network.layers if layer.name not in named]
    nothing = f"nothing is left for {', '.join(f'`{name}`' for name in uncovered)}: in no part of the budget"
    notes = [nothing] if uncovered else []
    secondary = tuple(mark(item, "limit") for item in parts)
    if together > total.limit.base:
        context.report(
            "E4104",
            f"the parts of the latency budget of `{budget.target}` exceed its total: {equation}, {total.limit} allowed",
            place(total, "limit"),
            secondary=secondary,
            notes=(*notes, f"repair: a total of more than {decimal(together / scale)} {symbol}, or smaller parts"),
        )
    else:
        context.report(
            "W4105",
            f"the latency budget of `{budget.target}` leaves no slack: {equation}, all of its total",
            place(total, "limit"),
            secondary=secondary,
            notes=(*notes, "one part over its limit by any amount breaks the total as well"),
        )


def _is_part(item: BudgetItem, total: BudgetItem) -> bool:
    same_figure = (item.kind, item.cold, item.percentile) == (total.kind, total.cold, total.percentile)
    return same_figure and item.scope != ("total",)


def check_decidable(context: Context) -> None:
    """Lines that ask about a memory or a power that the hardware does not state, or limits it can never reach.

    A line for all targets is judged where it can be; it is reported only if no target can judge it.
    """
    for budgets in _sections(context):
        budget = budgets[0]
        names = [part.target for part in budgets]
        targets = [target for target in context.spec.targets if target.name in names or budget.target == "all"]
        for item in budget.items:
            undecided = [reason for target in targets if (reason := _undecidable(target, item))]
            if targets and len(undecided) == len(targets):
                code, message, note = undecided[0]
                context.report(
                    code,
                    f"{item.label} {item.relation} {item.limit}{' per core' if item.per_core else ''}: {message}",
                    place(item),
                    secondary=(mark(targets[0], "hardware") if budget.target != "all" else None,),
                    notes=(note,),
                )
            for target in targets if budget.target != "all" else ():
                _judge_capacity(context, target, item)


def _sections(context: Context) -> list[list[Budget]]:
    """Budgets by the section that they were written in: one may bind several targets."""
    sections: dict[Span | int, list[Budget]] = {}
    for index, budget in enumerate(context.spec.budgets):
        sections.setdefault(place(budget) or index, []).append(budget)
    return list(sections.values())


def _undecidable(target: Target, item: BudgetItem) -> tuple[str, str, str] | None:
    hardware = target.hardware
    if item.kind == "memory" and item.scope == ("l1",) and hardware.l1_data is None:
        if hardware.core in ("cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m33"):
            note = "repair: drop the line, or bound `memory sram`"
            return "E4107", f"`{target.name}` has no L1: a {core_name(hardware)} has no data cache of its own", note
        message = f"an L1 of that size exists on no declared hardware; `{hardware.name}` of `{target.name}` states none"
        return (
            "W4108",
            message,
            "unknown stays unknown: the line will be undecided; repair: state `l1_data` with its source",
        )
    if item.kind in ("energy", "power", "life") and hardware.active_power is None:
        message = f"no active power is known for `{target.name}`, so it will be undecided"
        return "W4108", message, f"repair: state `active_power` of `{hardware.name}` with its source, or measure it"
    if item.rate is not None and hardware.sleep_power is None:
        message = f"no sleep power is known for `{target.name}`, so it can fail, but not pass"
        return "W4108", message, f"repair: state `sleep_power` of `{hardware.name}` with its source"
    if item.kind == "price" and hardware.price is None:
        message = f"no price is known for `{target.name}`, so it will be undecided"
        return "W4108", message, f"repair: state `price` of `{hardware.name}` with its source"
    if item.kind == "price" and hardware.price and hardware.price.value.dimension != item.limit.dimension:
        message = f"the price of `{target.name}` is {hardware.price.value}, so it will be undecided"
        return "W4108", message, "no exchange rate is known; repair: a limit in the currency of the price"
    return None


def _judge_capacity(context: Context, target: Target, item: BudgetItem) -> None:
    hardware = target.hardware
    facts: dict[str, Fact | None] = {"sram": hardware.sram, "flash": hardware.flash, "l1": hardware.l1_data}
    fields = {"l1": "l1_data"}
    fact = facts.get(item.scope[0]) if item.kind == "memory" else None
    if fact and item.limit.base > fact.value.base:
        context.report(
            "W4106",
            f"{item.label} {item.relation} {item.limit} can never bind: `{hardware.name}` has {fact.value}",
            place(item, "limit"),
            secondary=(
                mark(target, "hardware"),
                mark(hardware, fields.get(item.scope[0], item.scope[0]), f"{fact.value}"),
            ),
            notes=(f"source: {fact.source}",),
        )


def check_clocks(context: Context) -> None:
    """A target's clock is at most what its hardware allows."""
    for target in context.spec.targets:
        highest = target.hardware.clock
        if target.clock and highest and target.clock.base > highest.value.base:
            context.report(
                "E4109",
                f"`{target.name}` runs at {target.clock}, but `{target.hardware.name}` allows at most {highest.value}",
                place(target, "clock"),
                secondary=(mark(target.hardware, "clock", "highest clock"),),
                notes=(f"source: {highest.source}",),
            )

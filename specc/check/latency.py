"""Whether a core can do the arithmetic, and the loads and stores, of a latency budget at all."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from specc.check.accumulators import accumulator_need
from specc.check.context import Context, decimal, holds, mark, place
from specc.check.cycles import MemoryBound, arithmetic_cycles, memory_bound
from specc.check.instruction_model import InstructionModel, core_name, instruction_model
from specc.check.schedule_fix import schedule_fix, schedule_text
from specc.diagnostics.model import Label
from specc.graph.network import Layer
from specc.graph.rewrites import WindowSums, pooled_convolutions, window_sums
from specc.spec.contract import BudgetItem
from specc.spec.hardware import Target
from specc.units import Quantity

_COUNTED: Final = (
    "counted once: every weight loaded, every input code read, every output code written, in its container; arithmetic "
    "and memory are not added: each layer counts the larger of the two"
)


def check_latency(context: Context) -> None:
    """Hold every latency limit against the fewest cycles that its arithmetic, or its loads and stores, can take."""
    rewrites = exact_rewrites(context)
    for target in context.spec.targets:
        model = instruction_model(target.hardware)
        clock = target_clock(target)
        if model is None or clock is None or clock.base <= 0:
            continue
        for item in context.spec.budget_items(target.name):
            if item.kind == "latency" and item.scope != ("overhead",):
                _judge(context, target, clock, model, item, all_rewrites=rewrites)


def target_clock(target: Target) -> Quantity | None:
    """The clock a target runs at: its own, else the hardware's highest."""
    return target.clock or (target.hardware.clock.value if target.hardware.clock else None)


def item_layers(context: Context, item: BudgetItem) -> tuple[Layer, ...]:
    """The layers that a latency line bounds."""
    network = context.network
    return network.layers if item.scope == ("total",) else network.select(item.scope)


def _judge(
    context: Context,
    target: Target,
    clock: Quantity,
    model: InstructionModel,
    item: BudgetItem,
    *,
    all_rewrites: dict[str, WindowSums],
) -> None:
    layers = item_layers(context, item)
    macs = sum(layer.macs for layer in layers)
    declared = [fusion.layers for fusion in context.spec.model.fusions if fusion.method == "window_sums"]
    names = {layer.name for layer in layers}
    rewrites = {name: rewrite for name, rewrite in all_rewrites.items() if name in names}
    used = {name: rewrite for name, rewrite in rewrites.items() if any(name in chain for chain in declared)}
    cycles = arithmetic_cycles(model, layers, used)
    memory = memory_bound(context, model, layers, used)
    available = item.limit.base * clock.base
    subject = "+".join(item.scope)
    operations = f"{macs:,} MACs" if not used else f"{macs:,} MACs with {_names(used)} as window sums"
    bound = f"{operations} need at least {cycles:,} cycles"
    budget = f"{item.limit} at {clock} is {int(available):,} cycles"
    statements = [model.statement]
    by_memory = holds(cycles, item.relation, available) and not holds(memory.cycles, item.relation, available)
    if by_memory:
        cycles, bound = memory.cycles, memory.text(layers)
        statements = [memory.statement] if len(memory.moved) == len(layers) else [model.statement, memory.statement]
    context.prove(
        f"latency {target.name}",
        f"{subject}: {bound}; {budget}; {core_name(target.hardware)}: {'; '.join(statements)}",
    )
    if holds(cycles, item.relation, available):
        return
    best = Fraction(cycles) / clock.base * 1000
    at_best = f"at best {float(best):.3g} ms at {clock}"
    if item.limit.base > 0:
        at_best += f"; {item.limit} would need {float(cycles / item.limit.base / 10**6):.1f} MHz"
    notes = [f"{core_name(target.hardware)}: {model.statement}; loads, stores and loops only add to it", at_best]
    if by_memory:
        notes = [f"{core_name(target.hardware)}: {'; '.join(statements)}", at_best, _COUNTED]
    for name, rewrite in rewrites.items():
        if name not in used:
            notes += _rewrite_notes(context, model, name, rewrite)
    fix = None
    missing = tuple(name for name in rewrites if name not in used)
    # The arithmetic is a part of the memory bound, which is the larger of both in each layer.
    if missing and holds(memory_bound(context, model, layers, rewrites).cycles, item.relation, available):
        chains = tuple(f"{name}+{_pool_of(context, name)}" for name in missing)
        fix = schedule_fix(context, chains, "window_sums")
        if fix is None:
            notes.append("repair: " + schedule_text(context, chains, "window_sums"))
    context.report(
        "E4101",
        f"`{subject}` cannot run in {item.limit} on `{target.name}` with a direct schedule: {bound}, but {budget}",
        place(item, "limit"),
        secondary=(
            *(memory.labels(context) if by_memory else _layer_labels(context, layers, macs)),
            mark(target, "clock", f"{clock}"),
        ),
        notes=tuple(notes),
        fix=fix,
    )


def exact_rewrites(context: Context) -> dict[str, WindowSums]:
    """Window sums by convolution, where they give the same integers: linear, and within the row's accumulator."""
    rewrites: dict[str, WindowSums] = {}
    table = context.spec.quantization
    for convolution, pool in pooled_convolutions(context.network):
        sums = window_sums(convolution)
        row = table.row(convolution.name) if table else None
        need = accumulator_need(context, convolution, pool)
        if sums and row and need and need.worst <= row.accumulator:
            rewrites[convolution.name] = sums
    return rewrites


def fewest_cycles(context: Context, model: InstructionModel, layers: tuple[Layer, ...]) -> MemoryBound:
    """The fewest cycles that layers take, with their loads and stores and the declared rewrites counted."""
    declared = {
        name for fusion in context.spec.model.fusions if fusion.method == "window_sums" for name in fusion.layers
    }
    names = {layer.name for layer in layers} & declared
    used = {name: rewrite for name, rewrite in exact_rewrites(context).items() if name in names}
    return memory_bound(context, model, layers, used)


def _rewrite_notes(context: Context, model: InstructionModel, name: str, rewrite: WindowSums) -> list[str]:
    convolution = context.network.layer(name)
    pool = context.network.consumers(name)[0]
    about = rewrite.about(model.additions_per_cycle)
    need, summed = accumulator_need(context, convolution), accumulator_need(context, convolution, pool)
    notes = [
        f"an exact rewrite does less: `{name}` is linear and `{pool.name}` averages all of it, so the result is "
        f"{rewrite.macs:,} MACs on window sums, about {_rounded(about)} cycles",
        f"that is {rewrite.additions:,} additions at {decimal(model.additions_per_cycle)} per cycle, "
        f"{rewrite.corrections:,} corrections at the borders and {rewrite.macs:,} MACs one by one: {about:,}",
    ]
    if need and summed:
        notes.append(
            f"the integers are the same if the accumulator is kept through the pool: `{name}` needs {need.full} bits, "
            f"{summed.worst} when fused with `{pool.name}`"
        )
    return notes


def _pool_of(context: Context, name: str) -> str:
    return context.network.consumers(name)[0].name


def _names(rewrites: dict[str, WindowSums]) -> str:
    return ", ".join(f"`{name}`" for name in rewrites)


def _rounded(cycles: int) -> str:
    """One significant digit, as suits an estimate."""
    digit = 10 ** (len(str(cycles)) - 1)
    return f"{(cycles + digit // 2) // digit * digit:,}"


def _layer_labels(context: Context, layers: tuple[Layer, ...], macs: int) -> tuple[Label | None, ...]:
    """A label at the layer with most of the work."""
    if not layers:
        return ()
    largest = max(layers, key=lambda layer: layer.macs)
    share = f"{largest.macs:,} MACs" if largest.macs == macs else f"{largest.macs:,} of {macs:,} MACs"
    declared = context.layer_spec(largest.name)
    return (mark(declared, "name", share),)

"""Whether the tensors and weights of a network fit the memory that a target has and its budget allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

from specc.check.context import Context, holds, mark, place
from specc.check.fusions import valid_fusions
from specc.check.latency import exact_rewrites
from specc.check.schedule_fix import schedule_fix, schedule_text
from specc.diagnostics.model import Fix, Label
from specc.graph.build import show
from specc.graph.memory import Schedule, generated, schedule, schedules, streamable, weight_bytes
from specc.graph.widths import container_bytes, row_bits
from specc.spec.contract import BudgetItem
from specc.spec.hardware import Target
from specc.spec.model import RowsMode

_PARTS_SHOWN: Final = 5


def check_memory(context: Context) -> None:
    """Hold SRAM and flash limits, and the hardware's own sizes, against what the declared schedule needs."""
    if context.spec.quantization is None or not all(row.uniform for row in context.spec.quantization.rows):
        return  # how other formats are packed is not known
    every = schedules(context.network, context.spec.quantization)
    for candidate in every:
        context.prove("memory", _line(candidate))
    weights = weight_bytes(context.network, context.spec.quantization)
    for target in context.spec.targets:
        if target.hardware.core == "host":
            continue
        sram_fails = False
        for item in context.spec.budget_items(target.name):
            if item.kind == "memory" and item.scope == ("sram",):
                sram_fails |= not _judge_sram(context, target, item, every)
            elif item.kind == "memory" and item.scope == ("flash",):
                _judge_flash(context, target, item, weights)
        _judge_hardware(context, target, weights, sram=not sram_fails)


def admissible(context: Context, fits: Callable[[Schedule], bool]) -> Schedule:
    """The schedule that the spec declares; where that does not fit, the one of least memory that it permits.

    The input arrives by rows and layers are fused only where that is declared; other layers may run by rows unless the
    spec forbids it.
    """
    model = context.spec.model
    declared = schedule(
        context.network,
        context.spec.quantization,
        fusions=valid_fusions(context),
        streamed=model.input.streamed and streamable(context.network),
        planned=True,
    )
    if model.rows == "least":
        return _generated(context, declared, "least", in_tiles=False)
    found = _generated(context, declared, "never")
    if model.rows == "never" or fits(found):
        return found
    # Weighing tiles takes longer than weighing rows: first without them.
    by_rows = _generated(context, declared, "least", in_tiles=False)
    return by_rows if fits(by_rows) else _generated(context, declared, "least", in_tiles=True)


def _generated(context: Context, candidate: Schedule, rows: RowsMode, *, in_tiles: bool = False) -> Schedule:
    """What generated code needs if a candidate's fusions and streaming are declared.

    The candidate itself where no code can follow it, about which another rule complains.
    """
    declared = tuple((fusion.layers, fusion.method, fusion.tile) for fusion in candidate.fusions)
    key = (declared, candidate.streamed, rows, in_tiles)
    if key not in context.generated:  # the same for every target
        network, table = context.network, context.spec.quantization
        found = generated(
            network, table, fusions=candidate.fusions, streamed=candidate.streamed, rows=rows, in_tiles=in_tiles
        )
        context.generated[key] = found
    return context.generated[key] or candidate


def _permitted(context: Context) -> RowsMode:
    return "never" if context.spec.model.rows == "never" else "least"


def needed(candidate: Schedule, target: Target) -> int:
    """Bytes of SRAM at least: weights count unless the hardware has flash to hold them, or states no memory at all."""
    hardware = target.hardware
    elsewhere = hardware.flash or hardware.external_flash or not hardware.sram
    return candidate.activation_bytes if elsewhere else candidate.total_bytes


def _judge_sram(context: Context, target: Target, item: BudgetItem, every: tuple[Schedule, ...]) -> bool:
    """Judge one limit; False if it is proven impossible."""
    limit = item.limit.base

    def fits(candidate: Schedule) -> bool:
        return holds(needed(candidate, target), item.relation, limit)

    declared = admissible(context, fits)
    need = needed(declared, target)
    context.prove(
        f"memory {target.name}", f"{declared.name}: at least {need:,} B of SRAM; the budget is {int(limit):,} B"
    )
    if fits(declared):
        return True
    rows = _permitted(context)
    fitting = [candidate for candidate in every if fits(candidate) and fits(_generated(context, candidate, rows))]
    streamed_only = bool(fitting) and all(candidate.streamed for candidate in fitting)
    tensor = context.network.input
    row = context.activation_rows[tensor]
    input_bytes = _size(context, tensor)
    notes = []
    if not declared.streamed and not holds(input_bytes, item.relation, limit):
        notes.append(
            f"input `{tensor}`, {show(context.network.input_shape)} at {row_bits(row)} bits, is {input_bytes:,} B "
            f"by itself: no schedule that keeps it resident fits {int(limit):,} B"
        )
    notes += [_line(candidate) + _fits(candidate, target, item) for candidate in every if not candidate.planned]
    repair, fix = _repair(context, target, item, fitting)
    chosen = context.spec.model.rows
    if not fitting and chosen != "needed":
        free = _generated(context, declared, "least", in_tiles=True)
        if fits(free):
            repair = f"repair: without `rows {chosen}`, {needed(free, target):,} B are enough: {free.name}"
    if fix is None:
        notes.append(repair)
    verdict = "cannot be kept"
    if fitting:
        verdict = "is feasible only " + ("when the input streams" if streamed_only else "with another schedule")
    context.report(
        "E4102",
        f"memory sram {item.relation} {item.limit} on `{target.name}` {verdict}: "
        f"at least {need:,} B are needed, {int(limit):,} B allowed",
        place(item, "limit"),
        secondary=(
            mark(context.spec.model.input, "shape", f"{input_bytes:,} B resident"),
            _bound_target(context, target, item),
        ),
        notes=tuple(notes),
        fix=fix,
    )
    return False


def _repair(context: Context, target: Target, item: BudgetItem, fitting: list[Schedule]) -> tuple[str, Fix | None]:
    """The least change that fits: as window sums, where these are exact and fit as well, because they are faster."""
    if not fitting:
        return "none of these schedules fits: fewer channels, narrower codes or more memory are needed", None
    simplest = min(fitting, key=lambda candidate: (candidate.streamed, len(candidate.fusions), candidate.planned))
    exact = exact_rewrites(context)
    method = "fused"
    if simplest.fusions and all(fusion.layers[0] in exact for fusion in simplest.fusions):
        sums = tuple(fusion.model_copy(update={"method": "window_sums"}) for fusion in simplest.fusions)
        rewritten = _generated(context, dataclasses.replace(simplest, fusions=sums), _permitted(context))
        if holds(needed(rewritten, target), item.relation, item.limit.base):
            method = "window_sums"
    chains = tuple("+".join(fusion.layers) for fusion in simplest.fusions)
    text = schedule_text(context, chains, method, stream=simplest.streamed)
    return f"repair: {text}", schedule_fix(context, chains, method, stream=simplest.streamed)


def _judge_hardware(context: Context, target: Target, weights: int, *, sram: bool) -> None:
    """What the chip has, whatever the budget says; SRAM only if no budget has failed there already."""
    has, flash = target.hardware.sram, target.hardware.flash
    declared = admissible(context, lambda s: has is None or needed(s, target) <= has.value.base) if sram else None
    if has and declared and needed(declared, target) > has.value.base:
        context.report(
            "E4102",
            f"`{target.name}` cannot hold the network: {needed(declared, target):,} B of SRAM are needed at least, "
            f"{target.hardware.title} has {has.value} ({int(has.value.base):,} B)",
            place(target, "hardware"),
            notes=(_line(declared),),
        )
    if flash and weights > flash.value.base:
        context.report(
            "E4103",
            f"`{target.name}` cannot hold the weights: {weights:,} B of weights and biases, "
            f"{target.hardware.title} has {flash.value} ({int(flash.value.base):,} B) of flash",
            place(target, "hardware"),
        )


def _judge_flash(context: Context, target: Target, item: BudgetItem, weights: int) -> None:
    if holds(weights, item.relation, item.limit.base):
        return
    context.report(
        "E4103",
        f"memory flash {item.relation} {item.limit} on `{target.name}` cannot be kept: "
        f"weights and biases alone are {weights:,} B, {int(item.limit.base):,} B allowed",
        place(item, "limit"),
        secondary=(_bound_target(context, target, item),),
        notes=(f"{context.network.parameters:,} parameters; code comes on top",),
    )


def _bound_target(context: Context, target: Target, item: BudgetItem) -> Label | None:
    """The target, where the line alone does not say which one is meant."""
    binding = [budget for budget in context.spec.budgets for other in budget.items if other.span() == item.span()]
    alone = len(binding) == 1 and binding[0].target == target.name
    return None if alone else mark(target, "name", "one of the targets that the line binds")


def _line(candidate: Schedule) -> str:
    return (
        f"{candidate.name}: {candidate.total_bytes:,} B ({_parts(candidate)}), "
        f"{candidate.activation_bytes:,} B with the weights in flash"
    )


def _parts(candidate: Schedule) -> str:
    """What the bytes hold, the small parts of a long list together."""
    parts = candidate.activations
    largest = sorted(range(len(parts)), key=lambda index: -parts[index].bytes)[:_PARTS_SHOWN]
    shown = [f"{parts[index].label} {parts[index].bytes:,}" for index in sorted(largest)]
    if len(parts) > len(largest):
        others = candidate.activation_bytes - sum(parts[index].bytes for index in largest)
        shown.append(f"{len(parts) - len(largest)} others {others:,}")
    return ", ".join([*shown, f"weights and biases {candidate.weights:,}"])


def _fits(candidate: Schedule, target: Target, item: BudgetItem) -> str:
    fits = holds(needed(candidate, target), item.relation, item.limit.base)
    return ": fits" if fits else ": does not fit"


def _size(context: Context, tensor: str) -> int:
    shape = context.network.shape(tensor)
    elements = 1
    for size in shape:
        elements *= size
    return elements * container_bytes(row_bits(context.activation_rows[tensor]))

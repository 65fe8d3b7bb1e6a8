"""The fewest cycles that layers take on a core: for their arithmetic, and with their loads and stores counted too.

A layer is bound by the larger of the two, not by their sum. The sum would hold as well where no instruction both
computes and loads; the larger holds without that argument, and for any mix of instructions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from specc.check.context import Context, mark
from specc.check.instruction_model import InstructionModel
from specc.diagnostics.model import Label
from specc.graph.network import Layer
from specc.graph.rewrites import WindowSums
from specc.graph.traffic import least_traffic


def arithmetic_cycles(model: InstructionModel, layers: tuple[Layer, ...], rewrites: dict[str, WindowSums]) -> int:
    """Fewest cycles of the multiply-accumulates of some layers, those named in `rewrites` as window sums."""
    direct = model.cycles(sum(layer.macs for layer in layers if layer.name not in rewrites))
    used = [rewrites[layer.name] for layer in layers if layer.name in rewrites]
    return direct + sum(sums.at_least(model.additions_per_cycle, model.macs_per_cycle) for sums in used)


@dataclass(frozen=True)
class MemoryBound:
    """Fewest cycles of some layers, each the larger of its arithmetic and its loads and stores."""

    cycles: int
    moved: dict[str, int]  # bytes that each layer loads and stores whose memory bound is the larger
    statement: str
    rewritten: tuple[str, ...] = ()  # layers counted as window sums

    def text(self, layers: tuple[Layer, ...]) -> str:
        """What has to be done, and the cycles it needs; `layers` are those of the bound."""
        moved = f"{sum(self.moved.values()):,} bytes to load and store"
        macs = sum(layer.macs for layer in layers if layer.name not in self.moved)
        if len(self.moved) < len(layers):
            moved += " in " + ", ".join(f"`{name}`" for name in self.moved)
        sums = ", ".join(f"`{name}`" for name in self.rewritten)
        if sums:
            moved += f", with {sums} as window sums,"
        return f"{f'{macs:,} MACs and ' if macs else ''}{moved} need at least {self.cycles:,} cycles"

    def labels(self, context: Context) -> tuple[Label | None, ...]:
        """A label at the layer that moves most."""
        name = max(self.moved, key=lambda name: self.moved[name])
        return (mark(context.layer_spec(name), "name", f"{self.moved[name]:,} bytes to load and store"),)


def memory_bound(
    context: Context, model: InstructionModel, layers: tuple[Layer, ...], rewrites: dict[str, WindowSums]
) -> MemoryBound:
    """The bound with memory counted; that of the arithmetic alone where no source bounds the core's loads."""
    if model.bytes_per_cycle is None:
        return MemoryBound(arithmetic_cycles(model, layers, rewrites), {}, "")
    inside = {name for fusion in context.spec.model.fusions for name in fusion.layers[:-1]}
    kept = frozenset(inside | set(rewrites))
    total, moved = Fraction(0), {}
    for layer in layers:
        rewrite = rewrites.get(layer.name)
        arithmetic = (
            Fraction(rewrite.at_least(model.additions_per_cycle, model.macs_per_cycle))
            if rewrite
            else layer.macs / model.macs_per_cycle
        )
        traffic = least_traffic(layer, context.code_bytes, context.spec.quantization, kept)
        memory = Fraction(traffic, model.bytes_per_cycle)
        if memory > arithmetic:
            moved[layer.name] = traffic
        total += max(arithmetic, memory)
    statement = f"{model.bytes_per_cycle} bytes per cycle at most (LDM and STM take 1 + N cycles for N words)"
    return MemoryBound(ceil(total), moved, statement, tuple(rewrites))

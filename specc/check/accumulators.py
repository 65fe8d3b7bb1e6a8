"""Whether sums of products fit the accumulators that the quantization table keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from specc.check.context import Context, mark, place, plural
from specc.check.ranges import clipped_code
from specc.graph.network import Layer
from specc.graph.rewrites import pooled_convolutions
from specc.spec.model import QuantizationRow

KERNEL_ACCUMULATOR_BITS: Final = 32  # what the C of firmware/kernels/ adds up in


@dataclass(frozen=True)
class AccumulatorNeed:
    """Bits that a layer's sums of products need, sign included and without the bias.

    `full` assumes every code of the widths may occur, `clipped` only codes in the stated ranges (None: not stated).
    """

    terms: int
    full: int
    clipped: int | None

    @property
    def worst(self) -> int:
        """Bits that are enough, as far as the table says."""
        return self.full if self.clipped is None else min(self.full, self.clipped)


def accumulator_need(context: Context, layer: Layer, pool: Layer | None = None) -> AccumulatorNeed | None:
    """What a layer's accumulator needs, and with `pool` what it needs to sum over the pool's window as well.

    None where no row governs the layer, or its numbers are not of the one kind that specc computes with.
    """
    table = context.spec.quantization
    row = table.row(layer.name) if table else None
    input_row = context.activation_rows[layer.inputs[0]]
    if row is None or input_row is None or layer.weight_shape is None or not (row.uniform and input_row.uniform):
        return None
    terms = math.prod(layer.weight_shape) // layer.output_shape[-1] * (math.prod(pool.kernel) if pool else 1)
    full = terms * _largest_input(input_row) * _largest_weight(row)
    weight, value = clipped_code(row), clipped_code(input_row)
    clipped = None if weight is None or value is None else _bits(terms * weight * value)
    return AccumulatorNeed(terms, _bits(full), clipped)


def check_accumulators(context: Context) -> None:
    """Compare each layer's need with its accumulator."""
    table = context.spec.quantization
    if table is None:
        return
    pools = {convolution.name: pool for convolution, pool in pooled_convolutions(context.network)}
    # Window sums are exact or impossible, which E4111 says.
    fused = {frozenset(fusion.layers) for fusion in context.spec.model.fusions if fusion.method == "fused"}
    for layer in context.network.layers:
        need = accumulator_need(context, layer)
        row = table.row(layer.name)
        if need is None or row is None:
            continue
        statement = f"{layer.name}: {_describe(need)}"
        _judge(context, row, layer.name, need)
        pool = pools.get(layer.name)
        if pool and (summed := accumulator_need(context, layer, pool)):
            statement += f"; {summed.full} when fused with {pool.name}"
            if summed.clipped is not None and summed.clipped < summed.full:
                statement += f" ({summed.clipped} clipped to the stated ranges)"
            if {layer.name, pool.name} in fused and summed.worst > row.accumulator:
                _judge(context, row, f"{layer.name} fused with {pool.name}", summed)
        context.prove("accumulators", f"{statement}; the row keeps {row.accumulator}")


def _judge(context: Context, row: QuantizationRow, subject: str, need: AccumulatorNeed) -> None:
    if need.full <= row.accumulator:
        return
    products = f"sums of {need.terms:,} products"
    where = place(row, "accumulator")
    secondary = (mark(row, "bits", "width of the codes"),)
    if need.clipped is not None and need.clipped > row.accumulator:
        context.report(
            "E3110",
            f"`{subject}`: {products} need {need.clipped} accumulator bits even clipped to the stated ranges; "
            f"the row keeps {row.accumulator}",
            where,
            secondary=secondary,
            notes=(f"at full codes they need {need.full} bits", repair(need.clipped)),
        )
        return
    notes = [repair(need.full)]
    if need.clipped is not None:
        notes.insert(0, f"clipped to the stated ranges they need {need.clipped} bits, which fit")
    context.report(
        "W3111",
        f"`{subject}`: {products} at full codes need {need.full} accumulator bits and can overflow {row.accumulator}",
        where,
        secondary=secondary,
        notes=tuple(notes),
    )


def repair(needed: int) -> str:
    """What to do about sums that need so many bits: kernels have accumulators of up to 32."""
    if needed <= KERNEL_ACCUMULATOR_BITS:
        return f"repair: an accumulator of {needed} bits, or fewer bits per code"
    surplus = plural(needed - KERNEL_ACCUMULATOR_BITS, "bit")
    return (
        f"repair: {surplus} fewer per product, in weights and inputs together; "
        f"no kernel has an accumulator of more than {KERNEL_ACCUMULATOR_BITS} bits"
    )


def _describe(need: AccumulatorNeed) -> str:
    clipped = f", {need.clipped} clipped to the stated ranges" if need.clipped not in (None, need.full) else ""
    return f"{need.terms:,} products need {need.full} accumulator bits at full codes{clipped}"


def _largest_weight(row: QuantizationRow) -> int:
    """Largest magnitude of a weight code in two's complement."""
    return 1 << (row.bits + row.guard - 1)


def _largest_input(row: QuantizationRow) -> int:
    """Largest magnitude of an input code; calibrated inputs have a zero point, which can double it."""
    bits = row.bits + row.guard
    return (1 << bits) - 1 if row.calibrated else 1 << (bits - 1)


def _bits(magnitude: int) -> int:
    """Bits of a two's complement number that reaches `magnitude` in both directions."""
    return magnitude.bit_length() + 1

"""What tuning makes small: a whole number for each table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from specc.check.context import Context
from specc.check.memory import admissible
from specc.diagnostics.model import Sink
from specc.graph.memory import weight_bytes
from specc.graph.network import Network
from specc.graph.widths import container_bytes, field_bits
from specc.spec import Spec
from specc.spec.model import FORMAT_BITS, QuantizationRow, QuantizationTable

if TYPE_CHECKING:
    from specc.tune.search import Term
    from specc.tune.space import Space

OBJECTIVES: Final = ("bits", "flash", "sram", "cycles", "energy")

Measure = Callable[[QuantizationTable], int]

UNREACHABLE: Final = 10**12  # the cost of a part that has none


@dataclass(frozen=True)
class Objective:
    """A cost of tables.

    `separable`: each row adds its part, whatever the others say. Otherwise, and if it has no `by_layers`, it must not
    fall when a width rises.
    `by_layers`: the parts that it is taken apart into for a search; `measure` is then the cost in one piece.
    `container`: of a width, where only what a code is stored in counts, and the narrower widths between bring nothing.
    """

    name: str
    unit: str
    meaning: str
    measure: Measure
    separable: bool
    container: Callable[[int], int] | None
    by_layers: Callable[[Space], list[Term]] | None = None


def bits_objective(network: Network) -> Objective:
    """Bits of all weights, each in its own width, guard bits included; biases are left out."""

    def measure(table: QuantizationTable) -> int:
        return sum(
            math.prod(layer.weight_shape) * _weight_bits(table.row(layer.name))
            for layer in network.layers
            if layer.weight_shape is not None
        )

    return Objective("bits", "bits", "bits of all weights, guard bits included", measure, True, None)


def flash_objective(network: Network) -> Objective:
    """Bytes of weights and biases in flash: weights of up to 4 bits share bytes."""

    def measure(table: QuantizationTable) -> int:
        return weight_bytes(network, table)

    return Objective("flash", "B", "bytes of weights and biases in flash", measure, True, field_bits)


def sram_objective(spec: Spec, network: Network) -> Objective:
    """Bytes of activations in the schedule of least memory that the spec permits."""

    def measure(table: QuantizationTable) -> int:
        context = Context(spec.model_copy(update={"quantization": table}), network, Sink())
        return admissible(context, lambda candidate: False).activation_bytes

    meaning = "bytes of activations, in the schedule of least memory that the spec permits"
    return Objective("sram", "B", meaning, measure, False, container_bytes)


def _weight_bits(row: QuantizationRow | None) -> int:
    if row is None:
        return 32  # a float
    if row.format != "fixed":
        return FORMAT_BITS[row.format]
    return (row.weights or row.bits) + row.guard

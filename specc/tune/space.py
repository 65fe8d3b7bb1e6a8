"""What can be tuned in a quantization table: widths, and with them steps, row by row.

A row `*` is taken apart: each layer with weights that it governs is a variable of its own, what is left is one more. In
a table that is made of the levels, layers that agree with `*` have no row of their own again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final, Literal

from specc.check.context import exact
from specc.check.ranges import bits_for, nearest_on_grid, rounded_up
from specc.graph.network import Layer, Network
from specc.graph.widths import FORMAT_KEEPING
from specc.spec import Spec
from specc.spec.model import Fusion, QuantizationRow, QuantizationTable
from specc.tune.search import Point

FEWEST_BITS: Final = 2
MOST_BITS: Final = 16

ACCUMULATORS: Final = (64, 32, 16)  # the widest first: a higher level is harder to keep, as with widths

Field = Literal["bits", "weights", "activations", "accumulator"]


@dataclass(frozen=True)
class Setting:
    """One level of a variable: a width, guard bits included, and the grid that goes with it; none where calibrated."""

    bits: int
    range: float | None = None
    step: float | None = None


@dataclass(frozen=True)
class Variable:
    """One number of a table that may change. `layer` is a layer's name, or `*` for those that no other row governs.

    Settings come in the order in which they get harder to keep: the narrowest width, but the widest accumulator, first.
    """

    layer: str
    field: Field
    row: QuantizationRow  # that governs the layer as the table is written
    settings: tuple[Setting, ...]
    weights: int  # of the layer, without biases


@dataclass(frozen=True)
class Space:
    """The variables of a spec's table, and the tables that their levels stand for."""

    network: Network
    original: QuantizationTable
    variables: tuple[Variable, ...]
    fusions: tuple[Fusion, ...] = ()

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """How many levels each variable has."""
        return tuple(len(variable.settings) for variable in self.variables)

    @property
    def tables(self) -> int:
        """How many tables there are."""
        return math.prod(self.levels)

    def settings(self, point: Point) -> list[Setting]:
        """The setting of each variable."""
        return [variable.settings[level] for variable, level in zip(self.variables, point, strict=True)]

    def governing(self, layer: str) -> list[int]:
        """The variables whose row governs a layer; none where its row cannot change."""
        own = [index for index, variable in enumerate(self.variables) if variable.layer == layer]
        if own or any(row.layer == layer for row in self.original.rows):
            return own
        return [index for index, variable in enumerate(self.variables) if variable.layer == "*"]

    def widened(self, point: Point) -> Point:
        """The point with the widest accumulators: sums that are proven to fit narrower ones are the same there."""
        return tuple(
            0 if variable.field == "accumulator" else level
            for variable, level in zip(self.variables, point, strict=True)
        )

    def table(self, point: Point) -> QuantizationTable:
        """The table of a point: rows of the original in their order, then those of layers that differ from `*`."""
        made: dict[str, QuantizationRow] = {}
        for variable, setting in zip(self.variables, self.settings(point), strict=True):
            row = made.get(variable.layer) or _own_row(variable)
            made[variable.layer] = _with_setting(row, variable.field, setting)
        written = [row.layer for row in self.original.rows]
        if "*" in written and "*" not in made:
            made |= self._common(made, written)
        rest = made.get("*")
        rows = [made.get(row.layer, row) for row in self.original.rows]
        rows += [row for name, row in made.items() if name not in written and not (rest and _same(row, rest))]
        return self.original.model_copy(update={"rows": tuple(rows)})

    def _common(self, made: dict[str, QuantizationRow], written: Sequence[str]) -> dict[str, QuantizationRow]:
        """A row `*` like most of those that it governs; the first of equals."""
        governed = [row for name, row in made.items() if name not in written]
        if not governed:
            return {}
        counts = Counter(_content(row) for row in governed)
        chosen = max(governed, key=lambda row: counts[_content(row)])
        return {"*": chosen.model_copy(update={"layer": "*"})}


def space_of(spec: Spec, network: Network, *, keep_steps: bool, accumulators: bool = False) -> Space:
    """The variables of a spec's table.

    Args:
        keep_steps: steps that are written stay; their rows get the width that holds their range.
        accumulators: those of layers with weights are variables too.

    Raises:
        ValueError: the spec has no table.
    """
    table = spec.quantization
    if table is None:
        raise ValueError("there is no quantization table to tune")
    variables = list(_variables(network, table, keep_steps))
    if accumulators:
        variables += _accumulators(variables)
    return Space(network, table, tuple(variables), spec.model.fusions)


def _variables(network: Network, table: QuantizationTable, keep_steps: bool) -> Iterator[Variable]:
    own = {row.layer for row in table.rows}
    others = False
    for layer in network.layers:
        row = table.row(layer.name)
        if row is None:
            continue
        if layer.name in own or layer.weight_shape is not None:
            yield from _of_row(layer.name, row, _weights(layer), keep_steps)
        elif layer.kind not in FORMAT_KEEPING:
            others = True
    if others and (row := table.row("*")) is not None:
        yield from _of_row("*", row, 0, keep_steps)


def _accumulators(variables: Sequence[Variable]) -> Iterator[Variable]:
    """An accumulator for each layer with weights whose sums the checker has a proof for."""
    for own in variables:
        if own.weights and own.row.uniform:
            yield Variable(own.layer, "accumulator", own.row, tuple(map(Setting, ACCUMULATORS)), 0)


def _weights(layer: Layer) -> int:
    return math.prod(layer.weight_shape) if layer.weight_shape is not None else 0


def _of_row(layer: str, row: QuantizationRow, weights: int, keep_steps: bool) -> Iterator[Variable]:
    if row.format != "fixed" or row.zero:
        return  # a width of its own, or a code of zero that another width would move
    if row.calibrated:
        every = tuple(Setting(bits) for bits in range(max(FEWEST_BITS, row.guard + 1), MOST_BITS + 1))
        if row.uniform:
            yield Variable(layer, "bits", row, every, weights)
        else:
            yield Variable(layer, "weights", row, every, weights)
            yield Variable(layer, "activations", row, every, 0)
    elif row.uniform and (settings := tuple(_grids(row, keep_steps))):
        yield Variable(layer, "bits", row, settings, weights)


def _grids(row: QuantizationRow, keep_steps: bool) -> Iterator[Setting]:
    """Grids that cover the range of a row: its own step at the width that it needs, and a step for each other width."""
    assert row.range is not None and row.step is not None
    limit, step = exact(row.range), exact(row.step)
    covered = nearest_on_grid(limit, step)
    needed = bits_for(covered, step)
    for bits in range(FEWEST_BITS, MOST_BITS + 1):
        if bits == needed:
            yield Setting(bits, float(covered), row.step)
        elif not keep_steps:
            own = Fraction(rounded_up(limit / ((1 << (bits - 1)) - 1)))
            yield Setting(bits, float(-(-limit // own) * own), float(own))


def _own_row(variable: Variable) -> QuantizationRow:
    """The row of a variable's layer: what it has, or what it takes over from `*`, but for its notes."""
    if variable.row.layer == variable.layer:
        return variable.row
    return variable.row.model_copy(update={"layer": variable.layer, "notes": ""})


def _with_setting(row: QuantizationRow, field: Field, setting: Setting) -> QuantizationRow:
    if field == "bits":
        bits, guard = _split(row, setting.bits)
        return row.model_copy(update={"bits": bits, "guard": guard, "range": setting.range, "step": setting.step})
    if field == "accumulator":
        return row.model_copy(update={"accumulator": setting.bits})
    bits = setting.bits - row.guard
    weights = bits if field == "weights" else row.weights or row.bits
    activations = bits if field == "activations" else row.activations or row.bits
    same = weights == activations
    return row.model_copy(
        update={
            "bits": max(weights, activations),
            "weights": None if same else weights,
            "activations": None if same else activations,
        }
    )


def _split(row: QuantizationRow, width: int) -> tuple[int, int]:
    """Bits and guard bits of a width. Codes do not depend on which is which; this keeps what the author wrote: guard
    bits stay, and a stated range that lacks one bit gets a guard bit."""
    if row.range is not None and width == row.bits + 1:
        return row.bits, 1
    guard = row.guard if width - row.guard >= FEWEST_BITS else 0
    return width - guard, guard


def _content(row: QuantizationRow) -> tuple[object, ...]:
    return tuple(value for name, value in row.model_dump().items() if name not in ("layer", "notes"))


def _same(row: QuantizationRow, other: QuantizationRow) -> bool:
    return _content(row) == _content(other)

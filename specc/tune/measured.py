"""Objectives that are measured: the cycles or the energy of an inference on one target, taken apart by layer.

What a layer costs depends on the widths of its weights, of what it reads and of what it writes. Each such variant of a
layer is measured once, many in each program, so that a handful of programs say what every table costs: the sum of its
layers. Wider codes are not always slower, and nothing is assumed about that. What the sum leaves out (the schedule and
the placement of the whole program) shows when the table that was found is measured in one piece. Measurements are kept
in the store, and taken once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from specc.evidence import Figure
from specc.graph.network import Network
from specc.graph.widths import container_bytes, governing_layers
from specc.measure.result import Measurement
from specc.measure.runner import measure
from specc.measure.store import Store
from specc.numerics.quantize import QuantizationError, quantize
from specc.spec import Spec
from specc.spec.model import QuantizationTable
from specc.tune.errors import TuneError
from specc.tune.objective import UNREACHABLE, Objective
from specc.tune.search import Point, Term
from specc.tune.space import Space

Kind = Literal["cycles", "energy"]

OVERHEAD: Final = "overhead"  # of an inference, beyond its layers: it grows with what is read and written
_NANO: Final = 1e9


def measured_objective(
    spec: Spec,
    network: Network,
    store: Store,
    *,
    kind: Kind,
    target: str,
    build: Path,
    progress: Callable[[str], None],
) -> Objective:
    """What an inference costs on a target of the spec: cycles at its clock, or nanojoules."""
    bench = _Bench(spec, network, store, kind, target, build, progress)
    unit = "cycles" if kind == "cycles" else "nJ"
    what = "cycles of an inference" if kind == "cycles" else "energy of an inference"
    return Objective(kind, unit, f"{what} on `{target}`", bench.whole, False, container_bytes, by_layers=bench.terms)


@dataclass(frozen=True)
class Variant:
    """A layer with the levels of the variables that its cost depends on."""

    part: str  # the layer, or OVERHEAD
    variables: tuple[int, ...]
    levels: Point

    def agrees(self, assigned: dict[int, int]) -> bool:
        """Whether a table can have it beside what is assigned already."""
        return all(assigned.get(i, level) == level for i, level in zip(self.variables, self.levels, strict=True))


@dataclass
class _Bench:
    """Measures tables of one spec on one target."""

    spec: Spec
    network: Network
    store: Store
    kind: Kind
    target: str
    build: Path
    progress: Callable[[str], None]
    _known: dict[str, Measurement | str] = field(default_factory=dict)

    def whole(self, table: QuantizationTable) -> int:
        """What an inference costs in one piece.

        Raises:
            TuneError: the target cannot be measured with this table.
        """
        found = self._measured(table)
        if isinstance(found, str):
            raise TuneError(f"`{self.target}` cannot be measured: {found}")
        return sum(self._parts(found).values())

    def terms(self, space: Space) -> list[Term]:
        """The cost of every layer, and of the overhead, in each of its variants. One that no program could be measured
        with costs more than any that one could.

        Raises:
            TuneError: not even the table of the least widths can be measured.
        """
        self.whole(space.table((0,) * len(space.levels)))  # what is wrong with the target itself is said here
        wanted = list(variants(space))
        costs: dict[Variant, int] = {}
        while missing := [variant for variant in wanted if variant not in costs]:
            if not self._take(space, wanted, costs, covering(space, missing)):
                # Something in that program does not go: the first of what is missing is tried by itself.
                self._take(space, wanted, costs, covering(space, missing[:1]))
                costs.setdefault(missing[0], UNREACHABLE)
        terms: dict[tuple[str, tuple[int, ...]], dict[Point, int]] = {}
        for variant in wanted:
            terms.setdefault((variant.part, variant.variables), {})[variant.levels] = costs[variant]
        return [Term(variables, found) for (_, variables), found in terms.items()]

    def _take(self, space: Space, wanted: list[Variant], costs: dict[Variant, int], point: Point) -> bool:
        """Measure a program and note the variants in it that are not known; False if it cannot be measured."""
        found = self._measured(space.table(point))
        if isinstance(found, str):
            return False
        parts = self._parts(found)
        for variant in wanted:
            if variant.agrees(dict(enumerate(point))):
                costs.setdefault(variant, parts[variant.part])
        return True

    def _measured(self, table: QuantizationTable) -> Measurement | str:
        """The measurement of a table, or why there is none."""
        content = table.model_dump_json()
        if content not in self._known:
            own = self.spec.model_copy(update={"quantization": table})
            try:
                quantized = quantize(own, self.network)
            except QuantizationError as error:
                self._known[content] = str(error)
            else:
                report = measure(own, quantized, self.store, self.build, self.progress, targets=[self.target])
                self._known[content] = report.measurements.get(self.target) or report.missing[self.target]
        return self._known[content]

    def _parts(self, found: Measurement) -> dict[str, int]:
        """What each layer costs, and the overhead."""
        if self.kind == "cycles":
            clock = found.provenance.clock_hz
            if clock is None:
                raise TuneError(f"the cycles of `{self.target}` are not known: its clock is not")
            layers = {own.name: _times(own.latency.best, clock) for own in found.layers}
            total = _times(found.total.best, clock)
        else:
            total = _times(found.energy, _NANO)
            layers = {own.name: _times(own.energy, _NANO) for own in found.layers}
        if total is None:
            basis = (found.total.best if self.kind == "cycles" else found.energy).basis
            raise TuneError(f"the {self.kind} of an inference on `{self.target}` are not known: {basis}")
        known = {name: cost for name, cost in layers.items() if cost is not None}
        if len(known) < len(layers):
            raise TuneError(f"the {self.kind} of single layers on `{self.target}` are not known")
        return known | {OVERHEAD: total - sum(known.values())}


def variants(space: Space) -> Iterator[Variant]:
    """Every variant of every layer, and of the overhead."""
    network = space.network
    groups = [set(own.layers) for own in space.fusions]
    for layer in network.layers:
        together = {layer.name}.union(*(group for group in groups if layer.name in group))
        yield from _variants(space, layer.name, together)
    yield from _variants(space, OVERHEAD, set())


def _variants(space: Space, part: str, layers: set[str]) -> Iterator[Variant]:
    network = space.network
    tensors = {network.input, network.output}
    if layers:
        tensors = layers.union(*(network.layer(name).inputs for name in layers))
    governing = layers.union(*(governing_layers(network, space.original, tensor) for tensor in tensors))
    variables = tuple(sorted({index for name in governing for index in space.governing(name)}))
    for levels in itertools.product(*(range(space.levels[index]) for index in variables)):
        yield Variant(part, variables, levels)


def covering(space: Space, missing: list[Variant]) -> Point:
    """A point with as many of the missing variants as go together, taken in order; what is left open is narrow."""
    assigned: dict[int, int] = {}
    for variant in missing:
        if variant.agrees(assigned):
            assigned |= dict(zip(variant.variables, variant.levels, strict=True))
    return tuple(assigned.get(index, 0) for index in range(len(space.levels)))


def _times(figure: Figure | None, units: float) -> int | None:
    return None if figure is None or figure.value is None else round(figure.value * units)

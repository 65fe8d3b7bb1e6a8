"""Tables as points of a grid: their cost, their load, and what the checker proves against them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from specc.numerics.quantize import QuantizationError
from specc.spec.model import QuantizationTable
from specc.tune.limits import Loads
from specc.tune.objective import UNREACHABLE, Objective
from specc.tune.proofs import Proofs
from specc.tune.search import Point, Term, below
from specc.tune.space import Setting, Space

Evaluate = Callable[[QuantizationTable], Loads]  # raises QuantizationError


@dataclass
class TableProblem:
    """The problem that a search solves. `slack` tightens limits: a load is divided by it."""

    space: Space
    objective: Objective
    proofs: Proofs
    evaluate: Evaluate
    known: dict[Point, Loads | None]  # None: cannot be computed
    slack: Callable[[tuple[str, str]], float]
    reach: Callable[[QuantizationTable], dict[str, int]] | None = None  # of sums with their biases, by layer
    judged: bool = True  # whether the checker's proofs count
    refuted: set[Point] = field(default_factory=set)  # a confirmation failed: these and all below are beyond the limit
    _wide: dict[Point, bool] = field(default_factory=dict)
    _reaches: dict[Point, dict[str, int]] = field(default_factory=dict)

    @cached_property
    def levels(self) -> tuple[int, ...]:
        return self.space.levels

    @cached_property
    def bottom(self) -> Point:
        """The narrowest of all."""
        return (0,) * len(self.levels)

    @cached_property
    def top(self) -> Point:
        """The widest of all."""
        return tuple(count - 1 for count in self.levels)

    @cached_property
    def terms(self) -> list[Term] | None:
        if self.objective.by_layers is not None:
            large = self._more_than_any_tie
            parts = self.objective.by_layers(self.space)
            weighed = [Term(own.variables, {at: cost * large for at, cost in own.costs.items()}) for own in parts]
            return [*weighed, *self._ties()]
        if not self.objective.separable:
            return None
        least = self.cost(self.bottom)
        found = []
        for index, count in enumerate(self.levels):
            points = [tuple(level if i == index else 0 for i in range(len(self.levels))) for level in range(count)]
            costs: dict[Point, int] = {(level,): self.cost(point) - least for level, point in enumerate(points)}
            found.append(Term((index,), costs))
        return [*found, Term((), {(): least})]

    def cost(self, point: Point) -> int:
        """The objective; among equals, fewer bits in all."""
        if self.objective.by_layers is not None:
            return sum(own.costs[tuple(point[index] for index in own.variables)] for own in self.terms or ())
        bits = sum(setting.bits for setting in self.space.settings(point))
        return self.objective.measure(self.space.table(point)) * self._more_than_any_tie + bits

    def _ties(self) -> Iterator[Term]:
        for index, variable in enumerate(self.space.variables):
            yield Term((index,), {(level,): setting.bits for level, setting in enumerate(variable.settings)})

    def objective_of(self, cost: int) -> int:
        """The objective in what `cost` says."""
        return cost // self._more_than_any_tie

    def loads(self, point: Point) -> Loads | None:
        """Every statistic over its limit, or None where the table cannot be computed, here or on the target."""
        if self.objective.by_layers is not None and self.objective_of(self.cost(point)) >= UNREACHABLE:
            return None
        point = self.space.widened(point)
        if point not in self.known:
            try:
                self.known[point] = self.evaluate(self.space.table(point))
            except QuantizationError:
                self.known[point] = None
        return self.known[point]

    def load(self, point: Point) -> float | None:
        if self.is_refuted(point):
            return math.inf
        return max(self._tightened(point), default=0.0) if self.loads(point) is not None else None

    def is_refuted(self, point: Point) -> bool:
        """Whether a confirmation failed for this point, or for one above it."""
        return any(below(point, other) for other in self.refuted)

    def strain(self, point: Point) -> float:
        return sum(self._tightened(point))

    def too_wide(self, point: Point) -> bool:
        if not self.judged:
            return False
        if point not in self._wide:
            table = self.space.table(point)
            self._wide[point] = bool(self.proofs.overflows(table) or self._outgrown(point) or self.proofs.broken(table))
        return self._wide[point]

    def _outgrown(self, point: Point) -> bool:
        """Whether a sum with its bias can leave an accumulator that is chosen here. The checker leaves biases out."""
        if self.reach is None or not any(own.field == "accumulator" for own in self.space.variables):
            return False
        wide = self.space.widened(point)
        if wide not in self._reaches:
            try:
                self._reaches[wide] = self.reach(self.space.table(wide))
            except QuantizationError:
                self._reaches[wide] = {}
        reaches = self._reaches[wide]
        return any(
            own.field == "accumulator" and reaches.get(own.layer, 0) >= 1 << (own.settings[level].bits - 1)
            for own, level in zip(self.space.variables, point, strict=True)
        )

    def _tightened(self, point: Point) -> list[float]:
        return [load / self.slack(key) for key, load in (self.loads(point) or {}).items()]

    @cached_property
    def _more_than_any_tie(self) -> int:
        return 1 + sum(max(map(_bits, variable.settings)) for variable in self.space.variables)


def within_accumulators(space: Space, proofs: Proofs) -> Space:
    """The space without levels whose layer, however narrow the others are, is not proven to keep its accumulator."""
    variables = []
    for index, variable in enumerate(space.variables):
        kept = [
            setting
            for level, setting in enumerate(variable.settings)
            if level == 0 or not proofs.overflows(space.table(_alone(space, index, level)))
        ]
        variables.append(replace(variable, settings=tuple(kept)))
    return replace(space, variables=tuple(variables))


def by_container(space: Space, container: Callable[[int], int]) -> Space:
    """The space with the widest level of each container alone, given the container of a width."""
    variables = []
    for variable in space.variables:
        if variable.field == "accumulator":
            variables.append(variable)
            continue
        groups = itertools.groupby(variable.settings, key=lambda setting: container(setting.bits))
        variables.append(replace(variable, settings=tuple(max(own, key=_bits) for _, own in groups)))
    return replace(space, variables=tuple(variables))


def _alone(space: Space, index: int, level: int) -> Point:
    return tuple(level if other == index else 0 for other in range(len(space.variables)))


def _bits(setting: Setting) -> int:
    return setting.bits

"""The cheapest point of a grid whose load is within its limit: greedy descent, then a proof by CP-SAT with lazy cuts.

Two things are taken as monotone. A higher level never raises the load: this is an assumption wherever the load is
measured, and `Found.contradictions` counts what was seen against it. A higher level never heals what is too wide: this
holds for the sums of products and bytes that it is used for.

CP-SAT proposes the cheapest point that no cut excludes. If the point is fine, it is the optimum. If its load is beyond
the limit, its levels are raised as far as the load stays beyond, and everything below that point is cut off. At the
end, the points one level below the best are looked at themselves, whatever the assumption says of them: where it does
not hold, a cheaper one may be fine.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Point = tuple[int, ...]  # a level for each variable, 0 the narrowest

_SOLVER_EFFORT: Final = 60.0  # deterministic time of one proposal


@dataclass(frozen=True)
class Term:
    """A part of the cost that depends on few variables: the cost of each combination of their levels."""

    variables: tuple[int, ...]
    costs: Mapping[Point, int]


class Problem(Protocol):
    """What is searched. The cost of a point is the sum of `terms`, or where there are none, `cost` itself, which must
    not fall when a level rises."""

    @property
    def levels(self) -> tuple[int, ...]:
        """How many levels each variable has."""
        ...

    @property
    def terms(self) -> Sequence[Term] | None:
        """The parts of the cost, or None where it has none."""
        ...

    def cost(self, point: Point) -> int:
        """What is made small."""
        ...

    def load(self, point: Point) -> float | None:
        """The largest of all statistics over their limits: up to 1 is fine. None: the point cannot be computed."""
        ...

    def strain(self, point: Point) -> float:
        """The sum of all statistics over their limits, of a point whose load is known: it weighs steps of descent."""
        ...

    def too_wide(self, point: Point) -> bool:
        """Whether something is proven to be broken by levels as high as these."""
        ...


@dataclass(frozen=True)
class Found:
    """What a search found. `bound`: no point that keeps everything costs less; None: there is none at all."""

    best: Point | None
    bound: int | None
    evaluations: int  # points whose load was asked for
    contradictions: int  # pairs of points of which the higher one has the load beyond its limit and the lower one not


def search(problem: Problem, *, evaluations: int, limit: float = 1.0) -> Found:
    """The cheapest point within the limit, as far as `evaluations` of the load reach.

    Deterministic: equal problems give equal points, whatever else the machine does.
    """
    return _Search(problem, limit, evaluations).run()


class _Search:
    def __init__(self, problem: Problem, limit: float, evaluations: int) -> None:
        self._problem, self._limit, self._left = problem, limit, evaluations
        self._top = tuple(count - 1 for count in problem.levels)
        self._known: dict[Point, bool | None] = {}  # whether the load is within the limit; None: cannot be computed
        self._best: Point | None = None

    def run(self) -> Found:
        self._descend()
        master = _Master(self._problem)
        if self._best is not None:
            master.cheaper_than(self._problem.cost(self._best))
        point, bound = master.cheapest()
        while point is not None and self._left > 0:
            self._look(master, point)
            point, bound = master.cheapest()
        proven = bound is None and self._best is not None
        self._polish()
        if proven and self._best is not None:
            bound = self._problem.cost(self._best)  # nothing cheaper is left
        return Found(self._best, bound, len(self._known), self._contradictions())

    def _look(self, master: _Master, point: Point) -> None:
        """Take a proposal, or cut it off with as much as its failure proves."""
        if self._problem.terms is None and master.charge(point, self._problem.cost(point)):
            return
        if self._problem.too_wide(point):
            master.cut_above(self._lowered(point))
        elif self._fails(point) or self._fine(point) is False:
            master.cutbelow(self._raised(point))
        elif self._fine(point):
            self._take(point)
            master.cheaper_than(self._problem.cost(point))
        else:
            master.cut_alone(point)

    # ---- the load ----

    def _fine(self, point: Point) -> bool | None:
        """Whether a point's load is within the limit, by evaluating it."""
        if point not in self._known:
            self._left -= 1
            load = self._problem.load(point)
            self._known[point] = None if load is None else load <= self._limit
        return self._known[point]

    def _fails(self, point: Point) -> bool:
        """Whether a point's load is beyond the limit: by what is known of others, as far as they say."""
        for other, fine in self._known.items():
            if fine is False and below(point, other):
                return True
            if fine and below(other, point):
                return False
        return self._fine(point) is False

    def _contradictions(self) -> int:
        fine = [point for point, known in self._known.items() if known]
        bad = [point for point, known in self._known.items() if known is False]
        return sum(below(low, high) for low, high in itertools.product(fine, bad))

    # ---- stronger cuts ----

    def _raised(self, point: Point) -> Point:
        """A point above or at this one whose load is still beyond the limit, as high as can be."""
        for index, top in enumerate(self._top):
            low, high = point[index], top
            while low < high:
                middle = -(-(low + high) // 2)
                if high == top:
                    middle = top  # the whole way first: often the variable does not matter
                if self._fails(_with(point, index, middle)):
                    low = middle
                else:
                    high = middle - 1
            point = _with(point, index, low)
        return point

    def _lowered(self, point: Point) -> Point:
        """A point below or at this one that is still too wide, as low as can be."""
        for index in range(len(point)):
            while point[index] > 0 and self._problem.too_wide(lower := _with(point, index, point[index] - 1)):
                point = lower
        return point

    # ---- greedy descent ----

    def _descend(self) -> None:
        """From the lowest equal levels that are fine, and a little above them, down along the best ratio.

        A ratio is what a step saves over what it adds to the strain. Steps cost more strain the lower the others
        stand, so that an old ratio is too good at worst: only the best is worked out again.
        """
        start = self._start()
        if start is None:
            return
        point = start
        ratios = [math.inf] * len(point)  # not worked out yet
        dead = [level == 0 for level in point]
        fresh: set[int] = set()
        while self._left > 0 and not all(dead):
            index = max((i for i in range(len(point)) if not dead[i]), key=lambda i: ratios[i])
            lower = _with(point, index, point[index] - 1)
            if index in fresh:
                point = lower
                dead[index] = point[index] == 0
                fresh = set()
                if not self._problem.too_wide(point):
                    self._take(point)
                continue
            if self._fails(lower) or not self._fine(lower):
                dead[index] = True
                continue
            saved = self._problem.cost(point) - self._problem.cost(lower)
            added = self._problem.strain(lower) - self._problem.strain(point)
            ratios[index] = saved / max(added, 1e-12)
            fresh.add(index)

    def _start(self) -> Point | None:
        """Equal levels two above the lowest that are fine, where these are fine too."""
        highest = max(self._top, default=0)
        flat = [tuple(min(level, top) for top in self._top) for level in range(highest + 1)]
        if not self._fine(flat[-1]):
            return None
        lowest = _first(highest, lambda level: self._fine(flat[level]) is True)
        for level in (min(lowest + 2, highest), lowest, highest):
            if self._fine(flat[level]):
                if not self._problem.too_wide(flat[level]):
                    self._take(flat[level])
                return flat[level]
        return None

    # ---- the neighbours of the best ----

    def _polish(self) -> None:
        """Go down from the best as long as a point one level below it is cheaper and fine, the cheapest first."""
        while self._best is not None and (cheaper := self._cheaper_neighbour(self._best)):
            self._best = cheaper

    def _cheaper_neighbour(self, best: Point) -> Point | None:
        below = [_with(best, index, level - 1) for index, level in enumerate(best) if level > 0]
        for point in sorted(below, key=self._problem.cost):
            if self._problem.cost(point) >= self._problem.cost(best):
                return None
            known = point in self._known
            if (known or self._left > 0) and not self._problem.too_wide(point) and self._fine(point):
                return point
        return None

    def _take(self, point: Point) -> None:
        if self._best is None or self._problem.cost(point) < self._problem.cost(self._best):
            self._best = point


def below(low: Point, high: Point) -> bool:
    """Whether no level of one is above that of the other."""
    return all(a <= b for a, b in zip(low, high, strict=True))


def _with(point: Point, index: int, level: int) -> Point:
    return (*point[:index], level, *point[index + 1 :])


def _first(high: int, holds: Callable[[int], bool]) -> int:
    """The first of 0 to `high` that holds, as all above it do; `high` does."""
    low = 0
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return high


class _Master:
    """The cheapest point that no cut excludes. Levels are in order encoding: a literal says "at least this level"."""

    def __init__(self, problem: Problem) -> None:
        from ortools.sat.python import cp_model

        self._model = cp_model.CpModel()
        self._at_least = [
            [self._model.new_constant(1), *(self._model.new_bool_var(f"{i} >= {k}") for k in range(1, count))]
            for i, count in enumerate(problem.levels)
        ]
        for literals in self._at_least:
            for lower, higher in itertools.pairwise(literals):
                self._model.add_implication(higher, lower)
        self._levels = [sum(literals[1:]) for literals in self._at_least]
        self._charged: dict[Point, int] = {}
        self._cost = self._total(problem)
        self._model.minimize(self._cost)

    def _total(self, problem: Problem) -> Any:
        terms = problem.terms
        if terms is None:
            return self._model.new_int_var(0, problem.cost(tuple(count - 1 for count in problem.levels)), "cost")
        return sum(part for term in terms for part in self._parts(term))

    def _parts(self, term: Term) -> Iterator[Any]:
        if len(term.variables) == 1:
            literals = self._at_least[term.variables[0]]
            costs = [term.costs[(level,)] for level in range(len(literals))]
            yield costs[0]
            for literal, (before, after) in zip(literals[1:], itertools.pairwise(costs), strict=True):
                yield (after - before) * literal
            return
        cost = self._model.new_int_var(min(term.costs.values()), max(term.costs.values()), "term")
        levels = [self._levels[index] for index in term.variables]
        self._model.add_allowed_assignments([*levels, cost], [(*at, value) for at, value in term.costs.items()])
        yield cost

    def cheaper_than(self, cost: int) -> None:
        """Ask for less from now on."""
        self._model.add(self._cost < cost)

    def cheapest(self) -> tuple[Point | None, int | None]:
        """The cheapest point, and a bound on its cost; None and None, if every point is cut off."""
        from ortools.sat.python import cp_model

        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        solver.parameters.max_deterministic_time = _SOLVER_EFFORT
        status = solver.solve(self._model)
        if status == cp_model.INFEASIBLE:
            return None, None
        bound = math.ceil(solver.best_objective_bound - 1e-6)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None, bound
        return tuple(sum(map(solver.boolean_value, literals[1:])) for literals in self._at_least), bound

    def charge(self, point: Point, cost: int) -> bool:
        """Say what a point costs, and so at least everything above it. False if that is known."""
        if point in self._charged:
            return False
        self._charged[point] = cost
        literals = [self._at_least[index][level] for index, level in enumerate(point)]
        self._model.add(self._cost >= cost).only_enforce_if(literals)
        return True

    def cutbelow(self, point: Point) -> None:
        """Exclude a point and everything below it."""
        self._model.add_bool_or(self._higher(point))

    def cut_above(self, point: Point) -> None:
        """Exclude a point and everything above it."""
        self._model.add_bool_or(self._lower(point))

    def cut_alone(self, point: Point) -> None:
        """Exclude one point."""
        self._model.add_bool_or([*self._higher(point), *self._lower(point)])

    def _higher(self, point: Point) -> list[cp_model.IntVar]:
        return [own[level + 1] for own, level in zip(self._at_least, point, strict=True) if level + 1 < len(own)]

    def _lower(self, point: Point) -> list[Any]:
        return [own[level].negated() for own, level in zip(self._at_least, point, strict=True) if level > 0]

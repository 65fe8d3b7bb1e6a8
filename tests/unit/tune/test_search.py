"""The search against every point of small grids: equal cost where the assumptions hold, honest where they do not."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specc.tune.search import Point, Term, search


@dataclass
class Grid:
    """Loads fall with every level: what is missing to the top, weighed. Proofs allow a sum of levels at most."""

    levels: tuple[int, ...]
    prices: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...]
    widest: int = 10**9
    lazily: bool = False
    broken: frozenset[Point] = frozenset()
    uneven: dict[Point, float] = field(default_factory=dict)
    asked: list[Point] = field(default_factory=list)

    @property
    def terms(self) -> Sequence[Term] | None:
        if self.lazily:
            return None
        return [Term((i,), {(k,): price for k, price in enumerate(own)}) for i, own in enumerate(self.prices)]

    def cost(self, point: Point) -> int:
        return sum(own[level] for own, level in zip(self.prices, point, strict=True))

    def load(self, point: Point) -> float | None:
        self.asked.append(point)
        return None if point in self.broken else self.strain(point)

    def strain(self, point: Point) -> float:
        return self.uneven.get(point, sum(w * 0.5**level for w, level in zip(self.weights, point, strict=True)))

    def too_wide(self, point: Point) -> bool:
        return sum(point) > self.widest

    def points(self) -> list[Point]:
        return list(itertools.product(*map(range, self.levels)))

    def optimum(self) -> int | None:
        fine = [p for p in self.points() if p not in self.broken and self.strain(p) <= 1 and not self.too_wide(p)]
        return min(map(self.cost, fine), default=None)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    levels = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    prices = tuple(
        tuple(sorted(draw(st.lists(st.integers(0, 50), min_size=count, max_size=count)))) for count in levels
    )
    weights = tuple(draw(st.floats(0, 4)) for _ in levels)
    return Grid(levels, prices, weights, draw(st.integers(0, sum(levels))), draw(st.booleans()))


@given(grids())
@settings(max_examples=120, deadline=None)
def test_the_cheapest_point_of_every_grid_is_found_and_proven(grid: Grid) -> None:
    found = search(grid, evaluations=1000)
    optimum = grid.optimum()
    if optimum is None:
        assert found.best is None and found.bound is None
        return
    assert found.best is not None
    assert grid.strain(found.best) <= 1 and not grid.too_wide(found.best)
    assert grid.cost(found.best) == optimum == found.bound
    assert found.contradictions == 0


@given(grids(), st.sets(st.tuples(*[st.integers(0, 3)] * 2), max_size=4))
@settings(max_examples=40, deadline=None)
def test_points_that_cannot_be_computed_are_passed_by(grid: Grid, holes: set[Point]) -> None:
    grid.broken = frozenset(point for point in grid.points() if point[:2] in holes)
    found = search(grid, evaluations=1000)
    optimum = grid.optimum()
    if found.best is not None:
        assert found.best not in grid.broken
        assert optimum is not None and grid.cost(found.best) == optimum == found.bound
    else:
        assert optimum is None


def test_a_search_cut_short_keeps_a_bound_below_the_optimum() -> None:
    grid = Grid((8, 8, 8), ((0, 3, 5, 9, 14, 20, 27, 35),) * 3, (9.0, 5.0, 7.0))
    optimum = grid.optimum()
    assert optimum is not None
    for evaluations in (1, 4, 8, 16, 32):
        found = search(Grid(grid.levels, grid.prices, grid.weights), evaluations=evaluations)
        assert found.bound is not None and found.bound <= optimum
        assert found.best is None or grid.cost(found.best) >= optimum
    assert search(grid, evaluations=1000).bound == optimum


def test_far_fewer_points_are_evaluated_than_there_are() -> None:
    grid = Grid((9,) * 5, (tuple(range(9)),) * 5, (3.0, 2.0, 5.0, 1.5, 4.0))
    found = search(grid, evaluations=10**6)
    assert found.best is not None and grid.cost(found.best) == grid.optimum()
    assert len(set(grid.asked)) < 9**5 / 50


def test_what_speaks_against_the_assumption_is_counted() -> None:
    grid = Grid((3, 3), ((0, 1, 2), (0, 1, 2)), (2.0, 2.0), uneven={(1, 2): 5.0, (1, 1): 0.5, (2, 1): 5.0})
    assert search(grid, evaluations=100).contradictions > 0


@given(st.lists(st.sampled_from((0.5, 2.0)), min_size=16, max_size=16))
@settings(max_examples=60, deadline=None)
def test_no_point_one_level_below_the_best_is_cheaper_and_fine(loads: list[float]) -> None:
    # Loads that neither fall nor rise: cuts hide points that are fine.
    uneven = dict(zip(itertools.product(range(4), repeat=2), loads, strict=True))
    grid = Grid((4, 4), ((0, 3, 6, 9), (0, 2, 4, 6)), (2.0, 2.0), uneven=uneven)
    found = search(grid, evaluations=1000)
    if found.best is not None:
        a, b = found.best
        assert all(grid.strain(lower) > 1 for lower in ((a - 1, b), (a, b - 1)) if min(lower) >= 0)


def test_equal_problems_give_equal_points_and_ask_in_the_same_order() -> None:
    runs = [Grid((5, 5, 5), ((0, 2, 4, 6, 8),) * 3, (3.0, 3.0, 3.0)) for _ in range(2)]
    found = [search(grid, evaluations=100) for grid in runs]
    assert found[0] == found[1]
    assert runs[0].asked == runs[1].asked


@pytest.mark.parametrize("cost", [lambda a, b: 5 * (a != b) + a + b, lambda a, b: (a * b) % 3 + a])
def test_terms_of_several_variables(cost: object) -> None:
    assert callable(cost)
    table = {(a, b): cost(a, b) for a in range(4) for b in range(4)}

    class Pairs(Grid):
        @property
        def terms(self) -> Sequence[Term]:
            return [Term((0, 1), table)]

        def cost(self, point: Point) -> int:
            return table[point]

    grid = Pairs((4, 4), ((0,) * 4, (0,) * 4), (1.5, 2.5))
    found = search(grid, evaluations=100)
    assert found.best is not None and table[found.best] == grid.optimum() == found.bound

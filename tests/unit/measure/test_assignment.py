"""The choice of variants against every choice there is."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from specc.measure.assignment import Cost, assign

COSTS = st.builds(
    Cost,
    at_most=st.integers(0, 40),
    at_least=st.integers(0, 40),
    flash=st.integers(0, 12),
    sram=st.integers(0, 6),
)
LAYERS = st.lists(st.lists(COSTS, min_size=1, max_size=4), min_size=1, max_size=4)


def score(costs: tuple[Cost, ...], flash: int, sram: int) -> tuple[int, int, int, int, int]:
    """Bytes beyond the limits, cycles at most, cycles at least, flash, SRAM."""
    taken = sum(cost.flash for cost in costs), sum(cost.sram for cost in costs)
    excess = max(0, taken[0] - flash) + max(0, taken[1] - sram)
    return excess, sum(cost.at_most for cost in costs), sum(cost.at_least for cost in costs), *taken


@settings(deadline=None, max_examples=60)
@given(LAYERS, st.integers(-5, 40), st.integers(-5, 20))
def test_nothing_is_better(layers: list[list[Cost]], flash: int, sram: int) -> None:
    found = assign(layers, flash, sram)
    own = tuple(costs[i] for costs, i in zip(layers, found.chosen, strict=True))
    best = min(score(choice, flash, sram) for choice in itertools.product(*layers))
    assert found.proven
    assert score(own, flash, sram) == best
    assert found.excess == best[0]


def test_a_budget_couples_the_layers() -> None:
    """Both layers gain by wide weights; only one of them has room, and the second gains more."""
    narrow, wide = Cost(100, 100, 10, 0), Cost(60, 60, 20, 0)
    widest = Cost(50, 50, 20, 0)
    assert assign([[narrow, wide], [narrow, widest]], 30, 0).chosen == (0, 1)
    assert assign([[narrow, wide], [narrow, widest]], 40, 0).chosen == (1, 1)
    assert assign([[narrow, wide], [narrow, widest]], 19, 0) == assign([[narrow], [narrow]], 19, 0)
    assert assign([[narrow, wide], [narrow, widest]], 19, 0).excess == 1

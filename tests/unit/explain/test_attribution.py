"""Cycles by cause: the parts add up, and nothing is made up."""

import pytest

from specc.evidence import Figure
from specc.explain.attribution import BRANCHES, LOADS, MULTIPLY, OTHER, UNATTRIBUTED, attribute


def figures(**counts: float) -> dict[str, Figure]:
    return {name: Figure.exact(value, "cycles", "simulated") for name, value in counts.items()}


def test_parts_are_the_counters_and_add_up_to_the_whole() -> None:
    found = attribute(
        figures(cycles=100, multiply_cycles=20, load_cycles=40, branch_cycles=5, refill_cycles=10, other_cycles=25)
    )
    assert found is not None
    assert {part.cause: part.cycles for part in found.parts} == {MULTIPLY: 20, LOADS: 40, BRANCHES: 15, OTHER: 25}
    assert sum(part.cycles for part in found.parts) == found.whole == 100
    assert found.largest.cause == LOADS
    assert found.share(BRANCHES) == 0.15


def test_what_no_counter_explains_is_unattributed() -> None:
    found = attribute(figures(cycles=100, load_cycles=60))
    assert found is not None
    assert {part.cause: part.cycles for part in found.parts} == {LOADS: 60, UNATTRIBUTED: 40}


def test_a_part_names_the_counters_it_is_made_of() -> None:
    found = attribute(figures(cycles=10, branch_cycles=4, refill_cycles=6))
    assert found is not None
    assert found.parts[0].counters == ("branch_cycles", "refill_cycles")


@pytest.mark.parametrize(
    "counters",
    [
        {},
        figures(cycles=100),
        figures(load_cycles=10),
        figures(cycles=0, load_cycles=0),
        figures(cycles=100, load_cycles=101),
        {"cycles": Figure.unknown("cycles", "no counter"), **figures(load_cycles=10)},
    ],
    ids=["nothing", "no causes", "no cycles", "no time", "contradiction", "unknown cycles"],
)
def test_without_consistent_counters_there_is_no_attribution(counters: dict[str, Figure]) -> None:
    assert attribute(counters) is None

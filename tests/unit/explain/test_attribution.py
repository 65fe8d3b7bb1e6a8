"""Cycles by cause: the parts add up, and nothing is made up."""

import pytest

from specc.evidence import Figure
from specc.explain.attribution import (
    ARRAY,
    BRANCHES,
    FLASH,
    LOADS,
    MULTIPLY,
    OTHER,
    STALLS,
    UNATTRIBUTED,
    attribute,
    tells_computing,
    unseen,
)
from specc.measure.result import Latency, LayerResult, Measurement


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


def test_an_accelerator_waits_for_its_array_or_for_a_memory() -> None:
    counters = figures(
        cycles=300, macs_bound_cycles=120, sram_bound_cycles=0, dram_bound_cycles=0, flash_bound_cycles=180
    )
    found = attribute(counters)
    assert found is not None and tells_computing(counters)
    assert {part.cause: part.cycles for part in found.parts} == {ARRAY: 120, FLASH: 180}
    assert found.largest.counters == ("flash_bound_cycles",)


def test_a_processor_that_counts_stalls_alone_says_nothing_of_the_rest() -> None:
    counters = figures(cycles=100, stalled_cycles=30)
    found = attribute(counters)
    assert found is not None and not tells_computing(counters)
    assert {part.cause: part.cycles for part in found.parts} == {STALLS: 30, UNATTRIBUTED: 70}


def target(evidence: str, counters: dict[str, Figure], *layers: LayerResult) -> Measurement:
    return Measurement.model_construct(evidence=evidence, counters=counters, layers=layers)


def test_what_is_not_seen_is_said() -> None:
    assert unseen(target("measured", {})) == ("no cycles are counted: where the time goes is known by layer alone",)
    assert unseen(target("measured", figures(cycles=9))) == ("cycles are counted, but not what they are spent on",)
    (stalls,) = unseen(target("measured", figures(cycles=9, stalled_cycles=3)))
    assert "compute are not counted apart" in stalls
    assert unseen(target("simulated", figures(cycles=9, multiply_cycles=9))) == ()


def test_waits_for_flash_are_no_part_of_simulated_cycles() -> None:
    counted = figures(cycles=9, multiply_cycles=9)
    waits = Figure(value=None, low=0, high=1200, unit="cycles", evidence="simulated")
    assert unseen(target("simulated", counted | {"flash_waits_at_most": waits})) == (
        "waits for flash are no part of the cycles: at most 1,200 more",
    )
    open_end = counted | {"cycles": Figure(value=9, low=9, unit="cycles", evidence="simulated")}
    assert unseen(target("simulated", open_end)) == ("waits for flash are not counted: no wait states are declared",)


def test_a_layer_that_ran_elsewhere_is_not_seen() -> None:
    best = Figure.unknown("s", "left to the CPU")
    layer = LayerResult.model_construct(name="most", latency=Latency.model_construct(best=best), counters={})
    assert unseen(target("predicted", figures(cycles=9, macs_bound_cycles=9), layer)) == ("most: left to the CPU",)

"""Energy by cause: sums worked out by hand, nothing where nothing is known, and parts that always add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.evidence import Evidence, Figure
from specc.explain.attribution import BRANCHES, LOADS, MULTIPLY, UNATTRIBUTED
from specc.explain.energy import (
    CLOCKING,
    FLASH_READS,
    IDLE,
    MEMORY,
    SRAM_ACCESSES,
    EnergyAttribution,
    inference_energy,
    layer_energy,
)
from specc.measure.result import Latency, LayerResult, Measurement

COUNTERS = {"cycles": 100.0, "multiply_cycles": 50.0, "load_cycles": 30.0, "branch_cycles": 20.0}
IDLE_POWER = Figure(value=2e-3, unit="W", evidence="measured")


def figures(counts: dict[str, float]) -> dict[str, Figure]:
    return {name: Figure.exact(value, "count", "simulated") for name, value in counts.items()}


def layer(
    joules: float | None,
    evidence: Evidence = "predicted",
    counts: dict[str, float] = COUNTERS,
    terms: dict[str, float] | None = None,
    name: str = "a",
) -> LayerResult:
    """A layer of one millisecond."""
    best = Figure.exact(1e-3, "s", "measured")
    energy = None if joules is None else Figure(value=joules, unit="J", evidence=evidence)
    return LayerResult.model_construct(
        name=name,
        counters=figures(counts),
        latency=Latency.model_construct(best=best),
        energy=energy,
        energy_terms=terms or {},
    )


def joules(found: EnergyAttribution | None) -> dict[str, float]:
    assert found is not None
    return {part.cause: pytest.approx(part.joules) for part in found.parts}


def test_power_times_time_goes_where_the_cycles_go() -> None:
    found = layer_energy(layer(10e-6), None)
    assert joules(found) == {MULTIPLY: 5e-6, LOADS: 3e-6, BRANCHES: 2e-6}
    assert found is not None and {part.evidence for part in found.parts} == {"predicted"}
    assert found.largest.counters == ("multiply_cycles",)


def test_a_recording_has_an_idle_floor_that_is_measured() -> None:
    """2 mW for 1 ms are 2 µJ of 12 µJ; the other 10 µJ go where the cycles go."""
    found = layer_energy(layer(12e-6, "measured"), IDLE_POWER)
    assert joules(found) == {IDLE: 2e-6, MULTIPLY: 5e-6, LOADS: 3e-6, BRANCHES: 2e-6}
    assert found is not None and [p.cause for p in found.parts if p.evidence == "measured"] == [IDLE]


def test_a_recording_without_counters_tells_the_floor_alone() -> None:
    found = layer_energy(layer(12e-6, "measured", {"cycles": 100.0}), IDLE_POWER)
    assert joules(found) == {IDLE: 2e-6, UNATTRIBUTED: 10e-6}


def test_a_floor_above_the_energy_is_of_other_work() -> None:
    assert layer_energy(layer(1e-6, "measured"), IDLE_POWER) is None


TERMS = {"cycles": 10e-6, "memory accesses": 4e-6, "clock": 1e-6}


def test_a_fitted_energy_goes_by_its_terms_and_by_memory() -> None:
    """30 loads, a quarter of the 40 accesses from flash."""
    counts = COUNTERS | {"loads": 30.0, "stores": 10.0, "flash_data_reads": 10.0}
    found = layer_energy(layer(15e-6, counts=counts, terms=TERMS), None)
    assert joules(found) == {
        MULTIPLY: 5e-6, LOADS: 3e-6, BRANCHES: 2e-6, FLASH_READS: 1e-6, SRAM_ACCESSES: 3e-6, CLOCKING: 1e-6,
    }  # fmt: skip


def test_memories_that_were_not_counted_apart_are_one_cause() -> None:
    counts = COUNTERS | {"loads": 30.0, "stores": 10.0}
    assert joules(layer_energy(layer(15e-6, counts=counts, terms=TERMS), None))[MEMORY] == 4e-6


def test_a_negative_term_is_no_cause() -> None:
    terms = TERMS | {"clock": -1e-6}
    assert layer_energy(layer(13e-6, terms=terms), None) is None
    both = (layer(15e-6, terms=TERMS), layer(13e-6, terms=terms, name="b"))
    assert inference_energy(inference(28e-6, both)) is None, "part of an inference would be shown as all of it"


@pytest.mark.parametrize(
    "unknown",
    [layer(None), layer(0.0), layer(1e-6, counts={}), layer(1e-6, "measured", counts={"cycles": 9.0})],
    ids=["no energy", "none spent", "no counters", "no causes and no floor"],
)
def test_nothing_is_made_up(unknown: LayerResult) -> None:
    assert layer_energy(unknown, None) is None


def inference(whole: float | None, layers: tuple[LayerResult, ...], idle: Figure | None = None) -> Measurement:
    energy = Figure.unknown("J", "no sensor") if whole is None else Figure(value=whole, unit="J", evidence="predicted")
    best = Figure.exact(3e-3, "s", "simulated")
    return Measurement.model_construct(
        energy=energy,
        counters=figures(COUNTERS),
        total=Latency.model_construct(best=best),
        layers=layers,
        idle_power=idle,
    )


def test_an_inference_is_the_sum_of_its_fitted_layers() -> None:
    layers = (layer(15e-6, terms=TERMS), layer(15e-6, terms=TERMS, name="b"))
    found = inference_energy(inference(30e-6, layers))
    assert joules(found) == {MULTIPLY: 10e-6, LOADS: 6e-6, BRANCHES: 4e-6, MEMORY: 8e-6, CLOCKING: 2e-6}


def test_an_inference_has_the_floor_of_its_own_time() -> None:
    found = inference_energy(inference(16e-6, (), IDLE_POWER))
    assert joules(found) == {IDLE: 6e-6, MULTIPLY: 5e-6, LOADS: 3e-6, BRANCHES: 2e-6}
    assert inference_energy(inference(None, ())) is None


@given(
    st.lists(st.floats(1e-12, 1.0), min_size=3, max_size=3),
    st.lists(st.integers(1, 10**9), min_size=3, max_size=3),
    st.integers(0, 10**9),
)
def test_parts_add_up_to_the_last_place(terms: list[float], counts: list[int], rest: int) -> None:
    names = ("multiply_cycles", "load_cycles", "branch_cycles")
    counted = dict(zip(names, map(float, counts), strict=True)) | {"cycles": float(sum(counts) + rest)}
    named = dict(zip(TERMS, terms, strict=True))
    for one in (layer(sum(terms), counts=counted, terms=named), layer(terms[0], counts=counted)):
        found = layer_energy(one, None)
        assert found is not None
        whole = math.fsum(part.joules for part in found.parts)
        assert abs(whole - found.whole) <= 2 * math.ulp(found.whole)
        assert all(part.joules > 0 for part in found.parts)

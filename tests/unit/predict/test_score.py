"""The score: worked by hand, and never worse for more room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import hardware

from specc.evidence import Evidence, Figure
from specc.predict.score import score
from specc.spec.hardware import Hardware
from specc.units import quantity


def chip() -> Hardware:
    found = hardware(clock="100 MHz", sram="64 KiB", flash="256 KiB", active_power="30 mW", price="2 USD")
    return found.model_copy(update={"active_power_clock": quantity(100, "MHz")})


def figure(
    value: float, unit: str, low: float | None = None, high: float | None = None, evidence: Evidence = "measured"
):  # type: ignore[no-untyped-def]
    return Figure(value=value, low=low or value, high=high or value, unit=unit, evidence=evidence)


def figures(**changed: Figure) -> dict[str, Figure]:
    given_ = {
        "latency": figure(10e-3, "s"),
        "energy": figure(1e-3, "J"),
        "sram": figure(16384, "B"),
        "flash": figure(65536, "B"),
        "price": figure(2, "USD", evidence="datasheet"),
    }
    return given_ | changed


LIMITS = {"latency": 40e-3, "energy": 4e-3}


def test_measured_with_ample_room_and_every_fact_is_100() -> None:
    found = score(chip(), figures(), LIMITS)
    assert (found.points, found.deductions) == (100, ())


@pytest.mark.parametrize(
    ("changed", "points"),
    [
        ({"latency": figure(40e-3, "s")}, 90),  # at the limit: 10
        ({"latency": figure(30e-3, "s")}, 95),  # halfway between half and the whole: 5
        ({"latency": figure(50e-3, "s")}, 60),  # above for certain: 40
        ({"latency": figure(40e-3, "s", 20e-3, 80e-3)}, 75),  # half of the interval, in logarithms: 10 + 15
        ({"energy": figure(5e-3, "J")}, 70),  # three quarters of 40
        ({"latency": Figure.unknown("s", "not given")}, 75),
        ({"energy": Figure.unknown("J", "not given")}, 81),  # three quarters of 25
        ({"sram": figure(49152, "B")}, 95),  # three quarters of 64 KiB: 5
        ({"sram": figure(70000, "B")}, 0),
        ({"price": Figure.unknown("USD", "no price")}, 97),
        ({"latency": figure(10e-3, "s", evidence="published")}, 97),
        ({"latency": figure(1e-3, "s", evidence="predicted"), "energy": figure(1e-3, "J", evidence="simulated")}, 92),
    ],
)
def test_deductions_by_hand(changed: dict[str, Figure], points: int) -> None:
    assert score(chip(), figures(**changed), LIMITS).points == points


def test_limits_of_memory_and_price_count() -> None:
    assert score(chip(), figures(), {"sram": 20000}).points == 94  # 16,384 of 20,000: 6.4
    assert score(chip(), figures(), {"sram": 16000}).points == 0
    assert score(chip(), figures(), {"price": 1.5}).points == 80
    assert score(chip(), figures(price=Figure.unknown("USD", "none")), {"price": 1.5}).points == 90


def test_missing_facts_are_named() -> None:
    found = score(hardware(), figures(), {})
    reasons = " ".join(one.reason for one in found.deductions)
    assert "SRAM" in reasons and "flash" in reasons and "clock" in reasons and "active power" in reasons
    assert found.points == 100 - 5 - 5 - 3 - 3


def test_the_reasons_account_for_every_point() -> None:
    found = score(hardware(sram="32 KiB"), figures(latency=figure(50e-3, "s", 30e-3, 60e-3, "predicted")), LIMITS)
    assert found.points == round(100 - sum(one.points for one in found.deductions))
    assert list(found.deductions) == sorted(found.deductions, key=lambda one: -one.points)


ends = st.lists(st.floats(1e-4, 1), min_size=3, max_size=3).map(sorted)


@given(ends, st.floats(1e-4, 1), st.floats(1, 10), st.sampled_from(["latency", "energy"]))
def test_more_room_never_lowers_a_score(three: list[float], limit: float, factor: float, dimension: str) -> None:
    low, value, high = three
    changed = figures(**{dimension: Figure(value=value, low=low, high=high, unit="s", evidence="predicted")})
    tight, loose = (score(chip(), changed, {dimension: bound}).points for bound in (limit, limit * factor))
    assert loose >= tight


@given(ends, st.floats(1e-4, 1), st.floats(0.1, 1), st.sampled_from(["latency", "energy"]))
def test_less_time_or_energy_never_lowers_a_score(
    three: list[float], limit: float, factor: float, dimension: str
) -> None:
    low, value, high = three
    more, less = (
        Figure(value=value * by, low=low * by, high=high * by, unit="s", evidence="predicted") for by in (1, factor)
    )
    scores = [score(chip(), figures(**{dimension: one}), {dimension: limit}).points for one in (more, less)]
    assert scores[1] >= scores[0]


@given(ends, st.floats(1e-4, 1), st.floats(1, 10))
def test_a_closer_upper_end_never_lowers_a_score(three: list[float], limit: float, factor: float) -> None:
    low, value, high = three
    wide, narrow = (
        Figure(value=value, low=low, high=end, unit="s", evidence="predicted") for end in (high * factor, high)
    )
    scores = [score(chip(), figures(latency=one), {"latency": limit}).points for one in (wide, narrow)]
    assert scores[1] >= scores[0]


@given(ends, st.floats(1e-4, 1))
def test_better_evidence_never_lowers_a_score(three: list[float], limit: float) -> None:
    low, value, high = three
    order: list[Evidence] = ["predicted", "published", "simulated", "measured"]
    found = [Figure(value=value, low=low, high=high, unit="s", evidence=evidence) for evidence in order]
    scores = [score(chip(), figures(latency=one), {"latency": limit}).points for one in found]
    assert scores == sorted(scores)


@given(st.integers(1, 65536), st.integers(1, 65536))
def test_less_memory_never_lowers_a_score(first: int, second: int) -> None:
    small, large = sorted((first, second))
    scores = [score(chip(), figures(sram=figure(size, "B")), {}).points for size in (small, large)]
    assert scores[0] >= scores[1]


@given(ends, st.floats(1e-4, 1))
def test_a_score_stays_between_0_and_100(three: list[float], limit: float) -> None:
    low, value, high = three
    found = score(
        hardware(),
        figures(latency=Figure(value=value, low=low, high=high, unit="s", evidence="predicted")),
        {"latency": limit, "energy": 1e-9, "price": 0.1},
    )
    assert 0 <= found.points <= 100

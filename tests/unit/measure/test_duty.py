"""Battery life and mean power, with figures that can be worked out by hand.

One inference: 8 to 10 mJ in 0.1 to 0.2 s. Twice a second that is 16 to 20 mW, with sleep for 60 to 80 % of the time.
"""

from __future__ import annotations

from typing import Any

import pytest
from test_judge import latency, measurement, spec

from specc.evidence import Figure
from specc.measure.judge import judge
from specc.measure.verdict import Verdict
from specc.spec.contract import Battery, BudgetItem
from specc.spec.hardware import Fact, Hardware
from specc.units import quantity

ENERGY = Figure(value=9e-3, low=8e-3, high=10e-3, unit="J", evidence="predicted", basis="power times time")


def board(sleep: str | None) -> Hardware:
    fact = Fact(value=quantity(sleep, "mW"), source="sheet") if sleep else None
    return Hardware(name="board", title="Board", core="cortex-m4", sleep_power=fact)


def verdict(item: BudgetItem, sleep: str | None, **changes: Any) -> Verdict:
    result = measurement(latency(0.1, 0.15, 0.2), **{"energy": ENERGY, **changes})
    return judge(spec(item, hardware=board(sleep)), {"board": result})[-1]


def power(limit: str) -> BudgetItem:
    return BudgetItem(
        kind="power", scope=("mean",), relation="<=", limit=quantity(limit, "mW"), rate=quantity("2", "Hz")
    )


def life(limit: str, relation: Any = ">=", rate: str = "2") -> BudgetItem:
    battery = Battery(charge=quantity("1000", "mAh"), voltage=quantity("3.6", "V"))  # 12,960 J
    return BudgetItem(
        kind="life",
        scope=("battery",),
        relation=relation,
        limit=quantity(limit, "h"),
        rate=quantity(rate, "Hz"),
        battery=battery,
    )


@pytest.mark.parametrize(("limit", "outcome"), [("20.9", "pass"), ("20.7", "undecided"), ("16.5", "fail")])
def test_mean_power(limit: str, outcome: str) -> None:
    """16 + 0.6 to 20 + 0.8 mW with 1 mW asleep."""
    judged = verdict(power(limit), "1")
    assert judged.outcome == outcome
    assert (judged.figure.low, judged.figure.high) == pytest.approx((16.6, 20.8))
    assert judged.figure.value == pytest.approx(18 + 0.7)


@pytest.mark.parametrize(("limit", "outcome"), [("173", "pass"), ("174", "undecided"), ("217", "fail")])
def test_life(limit: str, outcome: str) -> None:
    """3.6 Wh at 20.8 to 16.6 mW: 173.08 to 216.87 hours."""
    judged = verdict(life(limit), "1")
    assert judged.outcome == outcome
    assert (judged.figure.low, judged.figure.high) == pytest.approx((3600 / 20.8, 3600 / 16.6))
    if outcome == "pass":
        assert judged.margin == pytest.approx((3600 / 20.8 - 173) / 173)


def test_without_sleep_power_a_life_can_only_fail() -> None:
    """16 mW at least: 225 hours at most."""
    assert verdict(life("226"), None).outcome == "fail"
    judged = verdict(life("1"), None)
    assert judged.outcome == "undecided"
    assert "no sleep power is declared" in judged.reason
    assert verdict(power("15.9"), None).outcome == "fail"
    assert verdict(power("99"), None).outcome == "undecided"


def test_a_rate_that_leaves_no_time() -> None:
    judged = verdict(life("1", rate="11"), "1")
    assert judged.outcome == "undecided"
    assert "11 Hz cannot be sustained" in judged.reason


def test_without_energy_the_reason_is_the_energys() -> None:
    judged = verdict(life("1"), "1", energy=Figure.unknown("J", "no active power is declared"))
    assert (judged.outcome, judged.reason) == ("undecided", "no active power is declared")


@pytest.mark.parametrize(("relation", "outcome"), [(">=", "pass"), (">", "fail")])
def test_a_strict_lower_limit_excludes_the_limit(relation: Any, outcome: str) -> None:
    exact = Figure.exact(9e-3, "J", "predicted")
    result = measurement(latency(0.1, 0.1, 0.1), energy=exact)
    battery = Battery(charge=quantity("5", "mAh"), voltage=quantity("3.6", "V"))  # 64.8 J, 18 mW: one hour
    item = life("1", relation).model_copy(update={"battery": battery})
    assert judge(spec(item, hardware=board("0")), {"board": result})[-1].outcome == outcome


def test_an_accuracy_is_undecided_and_says_why() -> None:
    item = BudgetItem(kind="accuracy", scope=("digits",), relation=">=", limit=quantity("97", "%"))
    judged = verdict(item, None)
    assert (judged.outcome, judged.reason) == ("undecided", "the accuracy was not assessed")


def day(limit: str, rate: str = "2") -> BudgetItem:
    return BudgetItem(
        kind="energy", scope=("day",), relation="<=", limit=quantity(limit, "J"), rate=quantity(rate, "Hz")
    )


@pytest.mark.parametrize(("limit", "outcome"), [("1800", "pass"), ("1797", "undecided"), ("1434", "fail")])
def test_energy_per_day(limit: str, outcome: str) -> None:
    """16.6 to 20.8 mW over 86,400 s: 1,434.24 to 1,797.12 J."""
    judged = verdict(day(limit), "1")
    assert (judged.outcome, judged.label) == (outcome, "energy per day at 2 Hz")
    assert (judged.figure.low, judged.figure.high) == pytest.approx((1434.24, 1797.12))
    assert judged.figure.value == pytest.approx(18.7e-3 * 86_400)


def test_a_day_without_sleep_power_can_only_fail() -> None:
    """16 mW at least: 1,382.4 J a day."""
    assert verdict(day("1382"), None).outcome == "fail"
    judged = verdict(day("99999"), None)
    assert judged.outcome == "undecided" and "no sleep power is declared" in judged.reason


@pytest.mark.parametrize(
    ("own", "follows"), [("measured", "predicted"), ("simulated", "simulated"), ("predicted", "predicted")]
)
def test_what_follows_from_a_measured_inference_is_predicted(own: Any, follows: str) -> None:
    judged = [verdict(item, "1", energy=ENERGY.model_copy(update={"evidence": own})) for item in (day("1"), life("1"))]
    assert [one.figure.evidence for one in judged] == [follows, follows]

"""Budgets held against figures whose ends are known, so that every outcome can be worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from plain_results import BARE

from specc.evidence import Evidence, Figure
from specc.measure.judge import GRADIENTS_LABEL, OUTPUT_LABEL, judge
from specc.measure.result import (
    GradientResult,
    Latency,
    LayerResult,
    Measurement,
    MemoryResult,
    OutputDifference,
)
from specc.spec import Spec
from specc.spec.contract import Budget, BudgetItem, Harness
from specc.spec.hardware import Fact, Hardware, Target
from specc.spec.model import InputSpec, LayerSpec, ModelSpec
from specc.units import quantity


def latency(low: float, value: float, high: float | None, evidence: Evidence = "simulated") -> Latency:
    best = Figure(value=value, low=low, high=high, unit="s", evidence=evidence, basis="cycle model")
    return Latency(samples=(value,) * 100, best=best, p50=value, p90=value, p95=value, p99=value)


def measurement(total: Latency, layers: dict[str, Latency] | None = None, **changes: Any) -> Measurement:
    fields: dict[str, Any] = {
        "key": "k",
        "target": "board",
        "evidence": total.best.evidence,
        "layers": tuple(LayerResult(name=n, latency=figure, counters={}) for n, figure in (layers or {}).items()),
        "total": total,
        "overhead": latency(0, 0, 0),
        "cold": None,
        "counters": {},
        "memory": MemoryResult(
            flash=Figure.exact(2048, "B", "measured"), sram=Figure.exact(1024, "B", "measured"), regions={}
        ),
        "energy": Figure.unknown("J", "no active power is declared"),
        "output_matches_golden": True,
        "provenance": BARE.model_copy(update={"clock_hz": 1e6}),
    }
    return Measurement(**{**fields, **changes})


def spec(*items: BudgetItem, hardware: Hardware | None = None) -> Spec:
    model = ModelSpec(
        name="net", input=InputSpec(name="x", shape=(4,)), layers=(LayerSpec(name="fc", kind="dense", units=2),)
    )
    board = hardware or Hardware(name="board", title="Board", core="cortex-m4")
    return Spec(
        edition=1,
        model=model,
        targets=(Target(name="board", hardware=board),),
        budgets=(Budget(target="all", items=items),),
    )


def item(kind: Any, scope: str, limit: str, unit: str, **more: Any) -> BudgetItem:
    relation = more.pop("relation", "<=")
    return BudgetItem(kind=kind, scope=tuple(scope.split("+")), relation=relation, limit=quantity(limit, unit), **more)


@pytest.mark.parametrize(
    ("low", "high", "outcome", "margin"),
    [
        (0.6e-3, 0.9e-3, "pass", 0.1),  # the high end decides: (1 - 0.9) / 1
        (0.6e-3, 1.0e-3, "pass", 0.0),  # the limit itself is allowed by <=
        (1.2e-3, 1.5e-3, "fail", -0.2),  # the low end decides: (1 - 1.2) / 1
        (0.6e-3, 1.5e-3, "undecided", 0.2),  # the value, 0.8 ms, gives the margin
        (0.6e-3, None, "undecided", 0.2),  # only a lower bound: never a pass
        (1.2e-3, None, "fail", -0.2),  # a lower bound beyond the limit is a proof
    ],
)
def test_the_whole_interval_decides(low: float, high: float | None, outcome: str, margin: float) -> None:
    value = max(low, 0.8e-3)
    verdicts = judge(spec(item("latency", "total", "1", "ms")), {"board": measurement(latency(low, value, high))})
    verdict = verdicts[1]
    assert (verdict.outcome, verdict.unit) == (outcome, "ms")
    assert verdict.margin == pytest.approx(margin)


def test_strict_limit_excludes_the_limit() -> None:
    budget = spec(item("latency", "total", "1", "ms", relation="<"))
    assert judge(budget, {"board": measurement(latency(1e-3, 1e-3, 1e-3))})[1].outcome == "fail"


def test_group_of_layers_adds_both_ends() -> None:
    layers = {"a": latency(1e-3, 2e-3, 3e-3), "b": latency(10e-3, 20e-3, 30e-3)}
    result = measurement(latency(0.1, 0.1, 0.1), layers)
    figure = judge(spec(item("latency", "a+b", "50", "ms")), {"board": result})[1].figure
    assert (figure.low, figure.value, figure.high) == pytest.approx((11, 22, 33))


def test_group_with_one_open_end_has_no_upper_bound() -> None:
    layers = {"a": latency(1e-3, 2e-3, None), "b": latency(1e-3, 2e-3, 3e-3)}
    verdict = judge(spec(item("latency", "a+b", "50", "ms")), {"board": measurement(latency(1, 1, 1), layers)})[1]
    assert verdict.figure.high is None
    assert verdict.outcome == "undecided"


def test_wrong_output_fails_before_any_budget() -> None:
    verdict = judge(spec(), {"board": measurement(latency(1, 1, 1), output_matches_golden=False)})[0]
    assert (verdict.label, verdict.outcome) == (OUTPUT_LABEL, "fail")


def test_wrong_output_says_where() -> None:
    found = OutputDifference(
        layer="fc", input=2, element=(1,), found=-5, expected=-4, differing=3, compared=8, cause="rounding: cut off"
    )
    wrong = measurement(latency(1, 1, 1), output_matches_golden=False, output_difference=found)
    verdict = judge(spec(), {"board": wrong})[0]
    assert verdict.reason == (
        "fc, input 2: 3 of 8 codes differ, the first is element 1: -5 instead of -4; cause: rounding: cut off; no "
        "other figure of this target can be trusted"
    )


def test_unknown_energy_is_undecided_and_says_why() -> None:
    verdict = judge(spec(item("energy", "total", "1", "mJ")), {"board": measurement(latency(1, 1, 1))})[1]
    assert (verdict.outcome, verdict.margin) == ("undecided", None)
    assert "no active power is declared" in verdict.reason


def test_target_that_failed_is_undecided_with_its_reason() -> None:
    verdicts = judge(spec(item("latency", "total", "1", "ms")), {}, {"board": "the compiler failed"})
    assert [(v.outcome, v.reason) for v in verdicts] == [("undecided", "the compiler failed")]


def test_undecided_measurement_says_how_many_samples_decide() -> None:
    # 100 samples reach 0.2 ms above a median of 0.9 ms; the limit is 0.1 ms above it: (0.2 / 0.1)^2 * 100 samples.
    result = measurement(latency(0.7e-3, 0.9e-3, 1.1e-3, "measured"))
    verdict = judge(spec(item("latency", "total", "1", "ms")), {"board": result})[1]
    assert verdict.outcome == "undecided"
    assert "about 400 samples" in verdict.reason or "about 401 samples" in verdict.reason


def test_price_comes_from_the_hardware_with_its_range() -> None:
    price = Fact(
        value=quantity("2", "USD"), low=quantity("1.5", "USD"), high=quantity("2.5", "USD"), source="price list"
    )
    board = Hardware(name="board", title="Board", core="cortex-m4", price=price)
    verdict = judge(spec(item("price", "total", "2", "USD"), hardware=board), {})[0]
    assert (verdict.outcome, verdict.figure.basis) == ("undecided", "price list")


@pytest.mark.parametrize(
    ("price", "limit", "outcome"),
    [
        ("4 USD", "5 USD", "pass"),
        ("6 EUR", "5 EUR", "fail"),
        ("4 EUR", "5 USD", "undecided"),
        ("9 USD", "5 EUR", "undecided"),
    ],
)
def test_a_price_is_held_against_limits_in_its_own_currency(price: str, limit: str, outcome: str) -> None:
    board = Hardware(
        name="board", title="Board", core="cortex-m4", price=Fact(value=quantity(*price.split()), source="price list")
    )
    verdict = judge(spec(item("price", "total", *limit.split()), hardware=board), {})[0]
    assert (verdict.outcome, verdict.figure.unit) == (outcome, limit.split()[1])
    if outcome == "undecided":
        assert verdict.reason == f"the price is stated in {price.split()[1]}, and no exchange rate is known"


@pytest.mark.parametrize(
    ("found", "outcome", "reason"),
    [
        (None, "undecided", "not for this target"),
        ("", "pass", "every bit of the gradients of 1 layers on 4 inputs compared"),
        ("fc, input 0: 3 of 12 numbers differ", "fail", "fc, input 0: 3 of 12 numbers differ"),
    ],
)
def test_gradients_of_a_device_are_judged_where_they_are_asked_for(
    found: str | None, outcome: str, reason: str
) -> None:
    time = latency(1, 1, 1)
    result = measurement(time)
    assert [v.label for v in judge(spec(), {"board": result})] == [OUTPUT_LABEL]
    gradients = GradientResult(
        layers=(LayerResult(name="fc", latency=time, counters={}),),
        absent=(),
        total=time,
        memory=result.memory,
        samples=4,
        difference=found or "",
    )
    result = measurement(time, gradients=None if found is None else gradients)
    asked = spec().model_copy(update={"harness": Harness(iterations=10, on_device=True)})
    output, verdict = judge(asked, {"board": result})
    assert (output.label, verdict.label) == (OUTPUT_LABEL, GRADIENTS_LABEL)
    assert verdict.outcome == outcome and reason in verdict.reason

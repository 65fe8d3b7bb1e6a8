"""Energy budgets of layers: the sum of what is known of each, with the class of its evidence; else undecided."""

from __future__ import annotations

import pytest
from test_judge import latency, measurement, spec

from specc.evidence import Evidence, Figure
from specc.measure.judge import judge
from specc.measure.result import LayerResult, Measurement
from specc.measure.verdict import Verdict
from specc.spec.contract import BudgetItem
from specc.units import quantity

WHOLE = Figure(value=9e-3, low=8e-3, high=10e-3, unit="J", evidence="measured", basis="trace")


def result(energies: dict[str, Figure | None], whole: Figure = WHOLE) -> Measurement:
    took = latency(0.1, 0.15, 0.2)
    layers = tuple(LayerResult(name=n, latency=took, counters={}, energy=e) for n, e in energies.items())
    return measurement(took, layers=None, energy=whole).model_copy(update={"layers": layers})


def joules(low: float, value: float, high: float | None, evidence: Evidence = "measured") -> Figure:
    return Figure(value=value, low=low, high=high, unit="J", evidence=evidence, basis="split by time")


def verdict(found: Measurement, limit: str, *layers: str) -> Verdict:
    item = BudgetItem(kind="energy", scope=layers, relation="<=", limit=quantity(limit, "mJ"))
    return judge(spec(item), {"board": found})[-1]


LAYERS = {"a": joules(1e-3, 2e-3, 3e-3), "b": joules(2e-3, 2.5e-3, 4e-3), "c": joules(9e-3, 9e-3, 9e-3)}


@pytest.mark.parametrize(("limit", "outcome"), [("7.1", "pass"), ("6.9", "undecided"), ("2.9", "fail")])
def test_a_group_is_the_sum_of_its_layers(limit: str, outcome: str) -> None:
    """3 to 7 mJ."""
    judged = verdict(result(LAYERS), limit, "a", "b")
    assert (judged.outcome, judged.label, judged.figure.evidence) == (outcome, "energy a+b", "measured")
    assert (judged.figure.low, judged.figure.value, judged.figure.high) == pytest.approx((3, 4.5, 7))


def test_the_class_of_evidence_is_that_of_the_layers() -> None:
    predicted = {"a": joules(1e-3, 1e-3, 1e-3, "predicted")}
    assert verdict(result(predicted), "2", "a").figure.evidence == "predicted"


def test_an_inference_that_was_not_split_leaves_its_layers_undecided() -> None:
    judged = verdict(result({"a": LAYERS["a"], "b": None}), "99", "a", "b")
    assert judged.outcome == "undecided" and judged.figure.value is None
    assert judged.reason == "the energy of an inference is measured, but not that of b alone"


def test_without_any_energy_the_reason_is_the_energys() -> None:
    nothing = Figure.unknown("J", "no active power is declared")
    assert verdict(result({"a": None}, nothing), "99", "a").reason == "no active power is declared"


def test_a_layer_that_the_target_does_not_report() -> None:
    judged = verdict(result({"a": LAYERS["a"]}), "99", "fused")
    assert judged.outcome == "undecided" and "fused" in judged.reason

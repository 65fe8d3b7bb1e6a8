"""Holding measured figures against budgets. A budget is decided by the whole interval, never by its middle."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable

from specc.evidence import Figure
from specc.measure.duty import energy_per_day, life, mean_power
from specc.measure.precision_result import PrecisionResult
from specc.measure.precision_verdicts import accuracy_figure, harness_verdicts
from specc.measure.result import LayerResult, Measurement
from specc.measure.statistics import percentile_figure
from specc.measure.verdict import Outcome, Verdict
from specc.spec import Spec
from specc.spec.contract import BudgetItem, Relation
from specc.spec.hardware import Fact, Target
from specc.units import UNITS, Quantity

OUTPUT_LABEL = "output bit-exact"
GRADIENTS_LABEL = "gradients bit-exact"


def judge(
    spec: Spec,
    measurements: dict[str, Measurement],
    failures: dict[str, str] | None = None,
    precision: PrecisionResult | None = None,
) -> list[Verdict]:
    """Judge every budget line of every target, in the order of the spec, and behind them the limits of the harness.

    Args:
        spec: the spec whose budgets bind.
        measurements: results by target name. A target without one gets undecided verdicts.
        failures: why a target has no result, by target name.
        precision: what was found about gradients, outputs and accuracy.
    """
    verdicts: list[Verdict] = []
    for target in spec.targets:
        measurement = measurements.get(target.name)
        missing = (failures or {}).get(target.name, "the target was not measured")
        if measurement is not None:
            verdicts.append(_judge_output(target, measurement))
            if spec.harness is not None and spec.harness.on_device:
                verdicts.append(_judge_gradients(target, measurement))
        for item in spec.budget_items(target.name):
            figure = (
                accuracy_figure(item, precision)
                if item.kind == "accuracy"
                else _figure(item, target, measurement, missing)
            )
            verdicts.append(_judge_item(item, target, figure, measurement))
    return verdicts + (harness_verdicts(precision) if precision else [])


def _judge_output(target: Target, measurement: Measurement) -> Verdict:
    """The first contract of all: a fast wrong answer is worth nothing."""
    exact = measurement.output_matches_golden
    inputs = measurement.provenance.inputs
    if exact is None:
        return _unobserved_output(target)
    figure = Figure.exact(0.0 if exact else 1.0, "differing outputs", measurement.evidence, f"{inputs} inputs compared")
    return Verdict(
        target=target.name,
        label=OUTPUT_LABEL,
        relation="<=",
        limit=0,
        unit="differing outputs",
        figure=figure,
        outcome="pass" if exact else "fail",
        margin=None,
        reason=f"every output of {inputs} inputs equals the integer golden model"
        if exact
        else f"{_difference(measurement)}; no other figure of this target can be trusted",
    )


def _difference(measurement: Measurement) -> str:
    found = measurement.output_difference
    return found.text if found else "an output differs from the integer golden model"


def _judge_gradients(target: Target, measurement: Measurement) -> Verdict:
    """Gradients that the target computed, against the golden model's: every bit of every number."""
    found, unit = measurement.gradients, "differing gradients"
    figure = Figure.unknown(unit, "gradients are not built for this target")
    reason = "gradients are built for the host and for virtual boards, not for this target"
    if found is not None:
        basis = f"gradients of {len(found.layers)} layers on {found.samples} inputs compared"
        figure = Figure.exact(1.0 if found.difference else 0.0, unit, measurement.evidence, basis)
        reason = found.difference or f"every bit of the {basis}"
    return Verdict(
        target=target.name,
        label=GRADIENTS_LABEL,
        relation="<=",
        limit=0,
        unit=unit,
        figure=figure,
        outcome="undecided" if found is None else "fail" if found.difference else "pass",
        margin=None,
        reason=reason,
    )


def _unobserved_output(target: Target) -> Verdict:
    reason = "nothing ran on this target: its figures are predicted, and no output could be compared"
    return Verdict(
        target=target.name,
        label=OUTPUT_LABEL,
        relation="<=",
        limit=0,
        unit="differing outputs",
        figure=Figure.unknown("differing outputs", reason),
        outcome="undecided",
        margin=None,
        reason=reason,
    )


def _judge_item(item: BudgetItem, target: Target, figure: Figure, measurement: Measurement | None) -> Verdict:
    unit = item.limit.unit.symbol if item.limit.unit else ""
    limit = float(item.limit.number)
    written = _in_unit(figure, unit)
    outcome = _outcome(written, limit, item.relation)
    # The end of the interval that decided is the one the margin is taken from.
    lower = item.relation in (">=", ">")
    worst, best = (written.low, written.high) if lower else (written.high, written.low)
    deciding = {"pass": worst, "fail": best, "undecided": None}[outcome]
    held = written.value if deciding is None else deciding
    room = None if held is None else held - limit if lower else limit - held
    margin = None if room is None or limit == 0 else room / limit
    return Verdict(
        target=target.name,
        label=item.label,
        relation=item.relation,
        limit=limit,
        unit=unit,
        figure=written,
        outcome=outcome,
        margin=margin,
        reason=figure.basis
        if item.rate is not None and outcome == "undecided"
        else _reason(outcome, written, limit, measurement),
    )


def _outcome(figure: Figure, limit: float, relation: Relation) -> Outcome:
    if figure.value is None:
        return "undecided"
    holds = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}[relation]
    # A figure without a lower end is the lower end itself; one without an upper end may be anything above.
    ends = (figure.value if figure.low is None else figure.low, figure.high)
    best, worst = reversed(ends) if relation in (">=", ">") else ends
    if best is not None and not holds(best, limit):
        return "fail"
    return "pass" if worst is not None and holds(worst, limit) else "undecided"


def _reason(outcome: Outcome, figure: Figure, limit: float, measurement: Measurement | None) -> str:
    if figure.value is None:
        return figure.basis or "the figure is unknown"
    if outcome == "pass":
        return "the whole interval lies within the limit"
    if outcome == "fail":
        return "the whole interval lies beyond the limit"
    if figure.high is None and figure.evidence == "predicted" and figure.low != figure.value:
        return f"the figure has no upper bound: {figure.basis}"
    if figure.high is None:
        return f"the figure is a lower bound: {figure.basis}"
    if figure.evidence == "measured" and measurement is not None:
        needed = _samples_to_decide(figure, limit, len(measurement.total.samples))
        if needed is None:
            return "the limit equals the measured figure: no number of samples can decide"
        return f"the interval contains the limit; about {needed:,} samples would decide"
    return "the limit lies between the bounds of the model"


def _samples_to_decide(figure: Figure, limit: float, samples: int) -> int | None:
    """Samples after which an interval shrinking with 1/sqrt(n) around the same value would exclude the limit."""
    assert figure.value is not None and figure.low is not None and figure.high is not None
    distance = abs(figure.value - limit)
    reach = figure.high - figure.value if limit > figure.value else figure.value - figure.low
    if distance == 0:
        return None
    return max(samples + 1, math.ceil(samples * (reach / distance) ** 2))


def _figure(item: BudgetItem, target: Target, measurement: Measurement | None, missing: str) -> Figure:
    """The figure a budget line bounds, in base units (s, B, J, W, and the currency of the line)."""
    if item.kind == "price":
        return _price_figure(item, target.hardware.price)
    if item.kind == "power" and item.rate is None:
        return _fact_figure(target.hardware.active_power, "W", "no active power is declared for this hardware")
    if measurement is None:
        unit = {"latency": "s", "memory": "B", "energy": "J", "power": "W", "life": "s"}[item.kind]
        return Figure.unknown(unit, missing)
    if item.kind == "energy":
        return _energy_figure(item, target, measurement)
    if item.kind == "power":
        return mean_power(item, target, measurement)
    if item.kind == "life":
        return life(item, target, measurement)
    if item.kind == "memory":
        return _memory_figure(item, measurement)
    return _latency_figure(item, measurement)


def _energy_figure(item: BudgetItem, target: Target, measurement: Measurement) -> Figure:
    if item.scope == ("inference",):
        return measurement.energy
    if item.scope == ("day",):
        return energy_per_day(item, target, measurement)
    by_name = {layer.name: layer.energy for layer in measurement.layers}
    energies = [by_name.get(name) for name in item.scope]
    known = [energy for energy in energies if energy is not None]
    if len(known) == len(energies):
        return _sum(known)
    whole = measurement.energy
    if whole.value is None:
        return Figure.unknown("J", whole.basis)
    absent = ", ".join(name for name, energy in zip(item.scope, energies, strict=True) if energy is None)
    return Figure.unknown("J", f"the energy of an inference is {whole.evidence}, but not that of {absent} alone")


def _memory_figure(item: BudgetItem, measurement: Measurement) -> Figure:
    known = {"sram": measurement.memory.sram, "flash": measurement.memory.flash}
    scope = item.scope[0]
    return known.get(scope) or Figure.unknown("B", f"no backend observes the {scope} a program uses")


def _latency_figure(item: BudgetItem, measurement: Measurement) -> Figure:
    if item.cold:
        if measurement.cold is None:
            return Figure.unknown("s", "the first inference after start was not observed on this target")
        return percentile_figure(measurement.cold, item.percentile)
    if item.scope == ("total",):
        return percentile_figure(measurement.total, item.percentile)
    if item.scope == ("overhead",):
        return percentile_figure(measurement.overhead, item.percentile)
    by_name: dict[str, LayerResult] = {layer.name: layer for layer in measurement.layers}
    absent = [name for name in item.scope if name not in by_name]
    if absent:
        return Figure.unknown("s", f"the target reports no layer {', '.join(absent)}")
    return _sum(percentile_figure(by_name[name].latency, item.percentile) for name in item.scope)


def _sum(figures: Iterable[Figure]) -> Figure:
    """Sum of figures of one unit. Adding the ends of intervals is conservative: it assumes they err together."""
    parts = list(figures)
    if any(part.value is None for part in parts):
        return next(part for part in parts if part.value is None)
    return Figure(
        value=sum(part.value or 0.0 for part in parts),
        low=sum(part.value or 0.0 if part.low is None else part.low for part in parts),
        high=None if any(part.high is None for part in parts) else sum(part.high or 0.0 for part in parts),
        unit=parts[0].unit,
        evidence=parts[0].evidence,
        basis=parts[0].basis,
    )


def _price_figure(item: BudgetItem, price: Fact | None) -> Figure:
    """The price, in the currency of the line: no rate to another is known."""
    currency = _currency(item.limit)
    if price is not None and price.value.dimension != item.limit.dimension:
        return Figure.unknown(
            currency, f"the price is stated in {_currency(price.value)}, and no exchange rate is known"
        )
    return _fact_figure(price, currency, "no price is declared for this hardware")


def _currency(price: Quantity) -> str:
    return price.unit.symbol if price.unit else ""


def _fact_figure(fact: Fact | None, unit: str, missing: str) -> Figure:
    if fact is None:
        return Figure.unknown(unit, missing)
    value = float(fact.value.base)
    return Figure(
        value=value,
        low=float(fact.low.base) if fact.low else value,
        high=float(fact.high.base) if fact.high else value,
        unit=unit,
        evidence=fact.evidence,
        basis=fact.source,
    )


def _in_unit(figure: Figure, unit: str) -> Figure:
    """The same figure in the unit the budget was written in. Figures come in base units, whose scale is one."""
    scale = float(UNITS[unit].scale) if unit else 1.0

    def convert(value: float | None) -> float | None:
        return None if value is None else value / scale

    return figure.model_copy(
        update={
            "value": convert(figure.value),
            "low": convert(figure.low),
            "high": convert(figure.high),
            "unit": unit,
        }
    )

"""Candidates and requirements: what each piece of hardware can be held to, and what the application asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from specc.evidence import Evidence, Figure
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.measure.statistics import percentile_figure
from specc.predict.estimates import Estimate, Question, estimates, price_figure, published_estimates
from specc.predict.predictor import Predictor
from specc.predict.results import Published
from specc.spec import Spec
from specc.spec.contract import BudgetItem
from specc.spec.hardware import Target
from specc.units import EUROS

# Dimensions of the requirement space, the base unit of each, and the budget line that limits it.
DIMENSIONS: Final[dict[str, str]] = {"latency": "s", "energy": "J", "sram": "B", "flash": "B", "price": "USD"}

NAMES: Final[dict[str, str]] = {
    "latency": "latency",
    "energy": "energy",
    "sram": "SRAM",
    "flash": "flash",
    "price": "price",
}


@dataclass(frozen=True)
class Candidate:
    """One target: its figure in every dimension, unknown ones included.

    `target` is its name in the spec; `name` says more where it was not measured: on what evidence, with which software.
    `part` is the part number.
    """

    name: str
    figures: Mapping[str, Figure]
    target: str = ""
    part: str = ""

    @property
    def titled(self) -> str:
        """Part number and name: `STM32L4R5ZI, l4r5`."""
        return f"{self.part}, {self.name}" if self.part else self.name

    @property
    def evidence(self) -> Evidence:
        """What its latency rests on."""
        return self.figures["latency"].evidence

    def bound(self, dimension: str) -> float | None:
        """What the candidate can be held to: the upper end of its interval. None where nothing bounds it from above."""
        return self.figures[dimension].high if self.figures[dimension].value is not None else None

    def meets(self, requirement: Mapping[str, float]) -> bool:
        """Whether every limit is met for certain. What is unknown meets no limit."""
        bounds = {dimension: self.bound(dimension) for dimension in requirement}
        return all(bound is not None and bound <= requirement[dimension] for dimension, bound in bounds.items())


def candidates(spec: Spec, measurements: Mapping[str, Measurement]) -> tuple[Candidate, ...]:
    """Every measured target whose output was right, in the order of the spec.

    Latency is that of a warm inference, at the percentile of the budgets (see `percentile`).
    """
    percent = percentile(spec)
    return tuple(
        Candidate(target.name, _figures(target, measurements[target.name], percent), target.name, target.hardware.title)
        for target in spec.targets
        if target.name in measurements and measurements[target.name].output_matches_golden
    )


def estimated_candidates(
    spec: Spec, network: Network, measured: Sequence[Candidate], predictor: Predictor
) -> tuple[Candidate, ...]:
    """A candidate for every target that was not measured: its fastest published result, else a prediction.

    Published and predicted latencies are of a usual inference, whatever percentile the budgets limit. A target of which
    nothing can be said has none.
    """
    known = {candidate.target for candidate in measured}
    question = Question(network, spec.quantization)
    found = []
    for target in spec.targets:
        if target.name in known:
            continue
        of_target = [one for one in estimates(question, target, predictor) if not one.refusal]
        of_target.sort(key=lambda one: (one.evidence != "published", one.figures["latency"].value or 0.0))
        if of_target:
            found.append(_estimated(target, of_target[0]))
    return tuple(found)


def published_candidates(spec: Spec, network: Network, results: Sequence[Published]) -> tuple[Candidate, ...]:
    """A candidate for every target of which others published a result, measured here or not: the fastest."""
    question = Question(network, spec.quantization)
    found = []
    for target in spec.targets:
        of_target = published_estimates(question, target, results)
        if of_target:
            found.append(_estimated(target, min(of_target, key=lambda one: one.figures["latency"].value or 0.0)))
    return tuple(found)


def _estimated(target: Target, best: Estimate) -> Candidate:
    with_software = "" if best.evidence == "predicted" else f", {best.software}"
    name = f"{target.name} ({best.evidence}{with_software})"
    return Candidate(name, best.figures, target.name, target.hardware.title)


def percentile(spec: Spec) -> float:
    """The highest percentile at which a budget limits the latency of a warm inference; 50 where none does."""
    return max((item.percentile for budget in spec.budgets for item in budget.items if _is_latency(item)), default=50)


def _is_latency(item: BudgetItem) -> bool:
    return item.kind == "latency" and item.scope == ("total",) and not item.cold


def _figures(target: Target, measurement: Measurement, percent: float) -> dict[str, Figure]:
    return {
        "latency": percentile_figure(measurement.total, percent),
        "energy": measurement.energy,
        "sram": measurement.memory.sram,
        "flash": measurement.memory.flash,
        "price": price_figure(target.hardware),
    }


def requirement(spec: Spec) -> dict[str, float]:
    """The application's limits by dimension, in base units.

    A limit written for all targets counts before those written for one; of several, the tightest. Latency is limited at
    one percentile (see `percentile`); cold starts, single layers and the energy of a day are judged as contracts and
    take no part here, and so are prices in euros, for candidates are compared in dollars.
    """
    percent = percentile(spec)
    shared: dict[str, list[float]] = {}
    own: dict[str, list[float]] = {}
    for budget in spec.budgets:
        limits = shared if budget.target == "all" else own
        for item in budget.items:
            dimension = item.scope[0] if item.kind == "memory" else item.kind
            if item.kind == "latency" and not (_is_latency(item) and item.percentile == percent):
                continue
            if item.limit.dimension == EUROS or (item.kind == "energy" and item.scope != ("inference",)):
                continue
            if dimension in DIMENSIONS:
                limits.setdefault(dimension, []).append(float(item.limit.base))
    return {
        dimension: min(shared.get(dimension) or own[dimension])
        for dimension in DIMENSIONS
        if dimension in shared or dimension in own
    }


def ranked(pool: Sequence[Candidate], preference: Sequence[str]) -> list[Candidate]:
    """Candidates from best to worst by a lexicographic preference on what each can be held to.

    A candidate whose figure is unknown comes behind all whose figure is known; equal ones by name.
    """

    def key(candidate: Candidate) -> tuple[tuple[bool, float], ...]:
        bounds = [candidate.bound(dimension) for dimension in preference if dimension in DIMENSIONS]
        return tuple((bound is None, bound or 0.0) for bound in bounds)

    return sorted(pool, key=lambda candidate: (key(candidate), candidate.name))

"""Small measurements with given figures, for tests of choices."""

from __future__ import annotations

from specc.evidence import Figure
from specc.guide.candidates import Candidate
from specc.measure.result import Latency, Measurement, MemoryResult, Provenance
from specc.measure.verdict import Outcome, Verdict
from specc.spec import Budget, BudgetItem, Guidelines, ModelSpec, Spec, Target
from specc.spec.hardware import Hardware
from specc.spec.model import InputSpec, LayerSpec
from specc.units import quantity

PROVENANCE = Provenance(
    spec_hash="a",
    graph_hash="b",
    code_hash="c",
    compiler="test",
    compiler_flags="",
    backend="test",
    backend_version="1",
    hardware="test",
    clock_hz=None,
    core_model="",
    model_assumptions=(),
    fact_sources={},
    host="test",
    seed=1,
    inputs=1,
    warmup=0,
    library_versions={},
    taken_at="2024-01-01T00:00:00Z",
)


def figure(value: float | None, unit: str, high: float | None = None) -> Figure:
    """A figure bounded from above by `high`, or exact."""
    if value is None:
        return Figure.unknown(unit, "not given")
    return Figure(value=value, low=value, high=value if high is None else high, unit=unit, evidence="simulated")


def latency(best: Figure) -> Latency:
    value = best.value or 0.0
    return Latency(samples=(value,), best=best, p50=value, p90=value, p95=value, p99=value)


def measurement(target: str, time: Figure, energy: Figure, exact: bool = True) -> Measurement:
    memory = MemoryResult(flash=figure(1000, "B"), sram=figure(100, "B"), regions={})
    return Measurement(
        key=target,
        target=target,
        evidence="simulated",
        layers=(),
        total=latency(time),
        overhead=latency(figure(0, "s")),
        cold=None,
        counters={},
        memory=memory,
        energy=energy,
        output_matches_golden=exact,
        provenance=PROVENANCE,
    )


def candidate(name: str, **figures: Figure) -> Candidate:
    units = {"latency": "s", "energy": "J", "sram": "B", "flash": "B", "price": "USD"}
    return Candidate(name, {d: figures.get(d, Figure.unknown(unit, "not given")) for d, unit in units.items()})


def spec(*targets: str, budgets: tuple[Budget, ...] = (), optimise: tuple[str, ...] = ("energy", "latency")) -> Spec:
    model = ModelSpec(
        name="net", input=InputSpec(name="x", shape=(4,)), layers=(LayerSpec(name="d", kind="dense", units=2),)
    )
    hardware = [Target(name=name, hardware=Hardware(name=name, title=name, core="cortex-m4")) for name in targets]
    guidelines = Guidelines(optimise=optimise)
    return Spec(edition=1, model=model, targets=tuple(hardware), budgets=budgets, guidelines=guidelines)


def line(kind: str, limit: str, unit: str, scope: str = "total", percentile: int = 50) -> BudgetItem:
    return BudgetItem(
        kind=kind, scope=(scope,), relation="<=", limit=quantity(limit, unit), percentile=percentile
    )  # fmt: skip


def verdict(target: str, outcome: Outcome, margin: float | None = 0.5, label: str = "latency total") -> Verdict:
    return Verdict(
        target=target,
        label=label,
        relation="<=",
        limit=1.0,
        unit="s",
        figure=figure(0.5, "s"),
        outcome=outcome,
        margin=margin,
        reason="given",
    )

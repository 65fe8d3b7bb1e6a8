"""What is needed to repeat every figure, from provenance; and what the figures do not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from specc.evidence import Figure
from specc.measure.result import Measurement, Provenance
from specc.report.inputs import ReportInputs
from specc.report.sections.layers import measured
from specc.report.tables import Cell, Column, Row, Table, table

OUTPUT_WORDS: Final[dict[bool | None, str]] = {
    True: "equal to the integer golden model",
    False: "differs from the integer golden model",
    None: "not compared: nothing ran",
}
_COMPARED: Final[dict[bool | None, str]] = {True: "equal", False: "differ", None: "not compared"}
_FIELDS: Final[tuple[tuple[str, Callable[[Provenance], str]], ...]] = (
    ("spec", lambda p: p.spec_hash),
    ("network graph", lambda p: p.graph_hash),
    ("model file", lambda p: p.model_file),
    ("generated C", lambda p: p.code_hash),
    ("kernels", lambda p: _kernels(p.kernels)),
    ("constants in SRAM", lambda p: ", ".join(p.in_sram)),
    ("schedule", lambda p: p.schedule),
    ("compiler", lambda p: p.compiler),
    ("compiler flags", lambda p: p.compiler_flags),
    ("host", lambda p: p.host),
    ("seed", lambda p: str(p.seed)),
    ("libraries", lambda p: ", ".join(f"{name} {version}" for name, version in sorted(p.library_versions.items()))),
)
_KEY: Final = 12  # characters of a result's key, which tell it from every other; the data has it whole


def results(inputs: ReportInputs) -> Table | None:
    """What of the provenance differs from result to result, a row each. None where nothing was measured."""
    rows = []
    for m in measured(inputs):
        p = m.provenance
        day, _, hour = p.taken_at.partition("T")
        rows.append(
            Row(
                (
                    Cell(m.target, p.hardware),
                    Cell(m.evidence, f"{p.backend} {p.backend_version}"),
                    Cell(p.core_model),
                    Cell(f"{p.clock_hz / 1e6:,.10g}" if p.clock_hz else "unknown", muted=not p.clock_hz),
                    Cell(str(p.inputs)),
                    Cell(str(p.warmup)),
                    Cell(_COMPARED[m.output_matches_golden], muted=m.output_matches_golden is None),
                    Cell(day, hour),
                    Cell(m.key[:_KEY]),
                )
            )
        )
    columns = (
        Column("target"),
        Column("evidence"),
        Column("core model"),
        Column("clock", "MHz", number=True),
        Column("inputs", number=True),
        Column("warm-up runs", number=True),
        Column("output and golden model"),
        Column("taken at"),
        Column("result key"),
    )
    return table("Every result", columns, rows, kind="results") if rows else None


def checklist(inputs: ReportInputs) -> Table | None:
    """The rest of it: a value that several results share stands once. None where nothing was measured."""
    shown = measured(inputs)
    if not shown:
        return None
    rows: list[Row] = []
    for name, read in _FIELDS:
        by_value: dict[str, list[str]] = {}
        for measurement in shown:
            if value := read(measurement.provenance):
                by_value.setdefault(value, []).append(measurement.target)
        for place, (value, targets) in enumerate(by_value.items()):
            rows.append(Row((Cell("" if place else name), Cell(_who(targets, shown)), Cell(value))))
    return table(
        "What they were made from",
        (Column("what"), Column("target"), Column("value")),
        rows,
        kind="checklist",
    )


def _kernels(by_layer: dict[str, str]) -> str:
    """How many layers each kernel computes."""
    return ", ".join(f"{name} ({count})" for name, count in sorted(Counter(by_layer.values()).items()))


def assumptions(inputs: ReportInputs) -> list[tuple[str, str]]:
    """Assumptions behind the figures, each with whom it concerns: some targets, or all simulated ones."""
    simulated = [m.target for m in measured(inputs) if m.evidence == "simulated"]
    by_text: dict[str, list[str]] = {}
    for measurement in measured(inputs):
        for text in measurement.provenance.model_assumptions:
            by_text.setdefault(text, []).append(measurement.target)
    every = "all simulated targets"
    return [
        (text, every if len(simulated) > 1 and targets == simulated else ", ".join(targets))
        for text, targets in by_text.items()
    ]


def bases(inputs: ReportInputs) -> list[tuple[str, str]]:
    """What latency, energy and memory figures rest on, each with its evidence; equal grounds once."""
    shown = measured(inputs)
    kinds: list[tuple[str, Callable[[Measurement], Figure]]] = [
        ("latency", lambda m: m.total.best),
        ("energy", lambda m: m.energy),
        ("SRAM", lambda m: m.memory.sram),
        ("flash", lambda m: m.memory.flash),
    ]
    found: list[tuple[str, str]] = []
    for kind, read in kinds:
        by_ground: dict[tuple[str, str], list[str]] = {}
        for m in shown:
            figure = read(m)
            by_ground.setdefault((figure.evidence, figure.basis or "not recorded"), []).append(m.target)
        for (evidence, basis), targets in by_ground.items():
            found.append((f"{kind} of {_who(targets, shown)}: {basis}", evidence))
    return found


def _who(targets: list[str], shown: list[Measurement]) -> str:
    return "all" if len(targets) == len(shown) and len(shown) > 1 else ", ".join(targets)


def limits(inputs: ReportInputs) -> list[str]:
    """What this document cannot say, from the results themselves."""
    shown = measured(inputs)
    found = [
        f"{target.name} was not measured: {inputs.failures.get(target.name, 'no backend can reach it')}."
        for target in inputs.spec.targets
        if target.name not in inputs.measurements
    ]
    if lower := [m.target for m in shown if m.total.best.value is not None and m.total.best.high is None]:
        found.append(
            f"Latency on {', '.join(lower)} is a lower bound (zero wait states): the hardware description does not say "
            "how long flash makes the core wait, so the real board is slower by an unknown amount."
        )
    if simulated := [m.target for m in shown if m.evidence == "simulated"]:
        found.append(
            f"Cycles of {', '.join(simulated)} come from a model of the core, not from a board; the assumptions above "
            "hold for them."
        )
    if unknown := [m.target for m in shown if m.energy.value is None]:
        found.append(f"Energy on {', '.join(unknown)} is unknown; nothing in this document stands in for it.")
    if predicted := [m.target for m in shown if m.energy.evidence == "predicted"]:
        found.append(f"Energy on {', '.join(predicted)} is active power times time; no sensor was read.")
    if no_price := [t.name for t in inputs.spec.targets if t.hardware.price is None]:
        found.append(f"No price is known for {', '.join(no_price)}.")
    if inputs.spec.model.weights is not None and inputs.spec.model.weights.file is None:
        found.append(
            f"The weights are drawn at random (seed {inputs.spec.model.weights.seed}): cost is real, accuracy was not "
            "measured."
        )
    if wrong := [m.target for m in shown if m.output_matches_golden is False]:
        found.append(
            f"The output of {', '.join(wrong)} differs from the integer golden model; no figure of it can be trusted."
        )
    found.append("Not observed on any target: temperature, supply voltage, interrupts, contention on the bus.")
    return found

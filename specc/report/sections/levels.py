"""Four levels of metrics, from the application to the chip: what was observed of every target, and what was not."""

from __future__ import annotations

from specc.explain.attribution import unseen
from specc.explain.levels import LEVELS, Metric, metrics
from specc.report.blocks import Definitions, Missing, Section, Text, present
from specc.report.material import Material
from specc.report.numbers import UNKNOWN, count, digits, interval, significant, unit_for
from specc.report.tables import Cell, Column, Row, Table, anchor, table


def levels(material: Material) -> Section | Missing:
    """A table for each level, rows are targets; and what the counters of each target do not show."""
    if not material.shown:
        return Missing("Levels of metrics", "no target was measured")
    spec, network = material.inputs.spec, material.inputs.network
    found = {m.target: metrics(m, spec.target(m.target), network) for m in material.shown}
    tables = [
        _table(level, {name: [x for x in own if x.level == level] for name, own in found.items()}) for level in LEVELS
    ]
    blind = tuple((m.target, tuple(Text(f"{text}.") for text in said)) for m in material.shown if (said := unseen(m)))
    return Section("levels", "Levels of metrics", present(*tables, Definitions(blind) if blind else None))


def _table(level: str, by_target: dict[str, list[Metric]]) -> Table:
    """The metrics of one level; a note for each reason why some are unknown."""
    names = [metric.name for metric in next(iter(by_target.values()))]
    columns, cells = [Column("target")], {target: [Cell(target)] for target in by_target}
    notes: dict[str, str] = {}
    for place, name in enumerate(names):
        own = {target: found[place] for target, found in by_target.items()}
        sizes = [m.figure.value or m.figure.high or 0.0 for m in own.values() if m.observed]
        symbol, scale = unit_for(sizes, next((m.figure.unit for m in own.values() if m.observed), ""))
        shown = symbol if symbol not in ("cycles", "instructions", "inputs") else ""
        columns.append(Column(name, shown, number=True))
        for target, metric in own.items():
            cells[target].append(_cell(metric, scale))
            if not metric.observed:
                notes.setdefault(f"{name}: {metric.figure.basis}", target)
    rows = [Row(tuple(own), anchor("level", level, target)) for target, own in cells.items()]
    said = [f"Not observed: {'; '.join(notes)}."] if notes else []
    return table(level.capitalize(), columns, rows, said, kind="levels")


def _cell(metric: Metric, scale: float) -> Cell:
    """Value and interval, with the evidence where it is not that of the measurement."""
    figure = metric.figure
    if not metric.observed:
        return Cell(UNKNOWN, muted=True)
    if figure.value is None:
        return Cell("", f"to {count((figure.high or 0.0) / scale)}")
    value = figure.value / scale
    text = count(value) if value >= 1000 else significant(value, digits(figure))
    return Cell(text, interval(figure, scale))

"""Four levels of metrics, from the application to the chip: what was observed of every target, and what was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from specc.explain.attribution import unseen
from specc.explain.levels import LEVELS, Level, Metric, metrics
from specc.report.blocks import Definitions, Heading, Missing, Section, Text
from specc.report.material import Material
from specc.report.numbers import count, digits, interval, significant, unit_for
from specc.report.tables import Cell, Column, Row, Table, anchor, table

_WHOLE: Final = 1000  # from which a number is written without decimals
_UNITS: Final = ("s", "J", "W", "Hz", "B", "1/s")  # that a heading names; the rest are plain counts and ratios


def levels(material: Material) -> Section | Missing:
    """A table for each level, rows are targets; and what the counters of each target do not show."""
    if not material.shown:
        return Missing("Levels of metrics", "no target was measured")
    spec, network = material.inputs.spec, material.inputs.network
    found = {m.target: metrics(m, spec.target(m.target), network) for m in material.shown}
    tables = []
    for level in LEVELS:
        own = {target: [metric for metric in all_ if metric.level == level] for target, all_ in found.items()}
        tables.append(_table(level, own))
    by_text: dict[tuple[str, ...], list[str]] = {}
    for m in material.shown:
        if said := tuple(unseen(m)):
            by_text.setdefault(said, []).append(m.target)
    blind = tuple((", ".join(targets), tuple(Text(f"{text}.") for text in said)) for said, targets in by_text.items())
    rest = (Heading("What the counters do not show"), Definitions(blind)) if blind else ()
    return Section("levels", "Levels of metrics", (*tables, *rest))


def _table(level: Level, by_target: Mapping[str, Sequence[Metric]]) -> Table:
    """The metrics of one level that some target shows; a note says why others are not observed."""
    columns, cells = [Column("target")], {target: [Cell(target)] for target in by_target}
    reasons: dict[str, dict[str, None]] = {}
    for own in zip(*by_target.values(), strict=True):
        for metric in own:
            if not metric.observed:
                reasons.setdefault(metric.figure.basis, {})[metric.name] = None
        seen = [metric.figure for metric in own if metric.observed]
        if not seen:
            continue
        symbol, scale = unit_for([figure.value or figure.high or 0.0 for figure in seen], seen[0].unit)
        columns.append(Column(own[0].name, symbol if seen[0].unit in _UNITS else "", number=True))
        for target, metric in zip(by_target, own, strict=True):
            cells[target].append(_cell(metric, scale))
    rows = [Row(tuple(row), anchor("level", level, target)) for target, row in cells.items()]
    said = "; ".join(f"{', '.join(names)} ({basis})" for basis, names in reasons.items())
    return table(level.capitalize(), columns, rows, [f"Not observed: {said}."] if said else [], kind="levels")


def _cell(metric: Metric, scale: float) -> Cell:
    """A value and its interval, or the end that is known."""
    figure = metric.figure
    if not metric.observed:
        return Cell("not observed", muted=True)
    if figure.value is None:
        return Cell("", f"≤ {count((figure.high or 0.0) / scale)}")
    value = figure.value / scale
    if value >= _WHOLE:
        text = count(value)
    elif figure.low == figure.high:
        text = f"{value:.4g}"
    else:
        text = significant(value, digits(figure))
    if figure.low is None and figure.high is not None:
        return Cell(text, f"≤ {significant(figure.high / scale, digits(figure))}")
    return Cell(text, interval(figure, scale))

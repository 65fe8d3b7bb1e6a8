"""Every counter of every layer, on the candidates that stand best; the data holds those of all."""

from __future__ import annotations

import math
from collections.abc import Mapping

from specc.evidence import Figure
from specc.measure.result import Measurement
from specc.report.blocks import Missing, Section, Text, present
from specc.report.material import Material
from specc.report.numbers import count, significant
from specc.report.tables import Cell, Column, Row, Table, table

_LAYERS_ACROSS = 16  # columns of layers that a page turned sideways holds


def counters(material: Material) -> Section | Missing:
    """Rows are counters, columns layers; targets whose counters all agree share a table."""
    groups: dict[tuple[object, ...], list[Measurement]] = {}
    for measurement in material.shortlist:
        if measurement.counters:
            groups.setdefault(_fingerprint(measurement), []).append(measurement)
    if not groups:
        return Missing("Every counter", "none of the candidates that stand best has counters")
    tables = [data for group in groups.values() for data in _tables(group)]
    others = [name for name in material.others if material.inputs.measurements[name].counters]
    said = f"The counters of {', '.join(others)} are in the data (`specc report --document data`)."
    return Section("every-counter", "Every counter", present(Text(said) if others else None, *tables), wide=True)


def _fingerprint(measurement: Measurement) -> tuple[object, ...]:
    every = (measurement.counters, *(layer.counters for layer in measurement.layers))
    return tuple((name, f.value, f.high, f.unit) for found in every for name, f in found.items())


def _tables(group: list[Measurement]) -> list[Table]:
    measurement = group[0]
    names = list(dict.fromkeys([*measurement.counters, *(n for layer in measurement.layers for n in layer.counters)]))
    evidence = sorted({f.evidence for f in measurement.counters.values()})
    targets = ", ".join(m.target for m in group)
    made = []
    every = measurement.layers
    abreast = math.ceil(len(every) / max(1, math.ceil(len(every) / _LAYERS_ACROSS)))  # the tables alike
    parts = [every[start : start + abreast] for start in range(0, len(every), abreast or 1)] or [()]
    for place, layers in enumerate(parts, start=1):
        columns = [Column("counter"), Column("inference", number=True)]
        columns += [Column(layer.name, number=True) for layer in layers]
        rows = []
        for name in names:
            cells = [Cell(name.replace("_", " ")), _cell(measurement.counters, name)]
            rows.append(Row((*cells, *(_cell(layer.counters, name) for layer in layers))))
        part = f", part {place} of {len(parts)}" if len(parts) > 1 else ""
        title = f"{targets} ({', '.join(evidence)}){part}"
        made.append(table(title, columns, rows, kind="every-counter"))
    return made


def _cell(found: Mapping[str, Figure], name: str) -> Cell:
    figure = found.get(name)
    if figure is None:
        return Cell("\u2014", muted=True)
    if figure.value is not None:
        text = count(figure.value) if figure.value == round(figure.value) else significant(figure.value, 4)
        if figure.high is None:
            return Cell(text, "or more")
        return Cell(text, "" if figure.high <= figure.value else f"to {count(figure.high)}")
    return Cell("unknown", muted=True) if figure.high is None else Cell("", f"to {count(figure.high)}")

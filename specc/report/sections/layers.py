"""Per-layer tables: time on every target, and counters where a target has them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final

from specc.explain.attribution import ACCELERATOR, CAUSES, Attribution, attribute
from specc.explain.sentences import cycles_per_mac
from specc.graph.network import Layer, Network
from specc.measure.result import Latency, Measurement
from specc.report.inputs import ReportInputs
from specc.report.numbers import count, decimals, fixed, interval, significant, unit_for, variability_text
from specc.report.tables import Cell, Column, Row, Table, anchor, table

# Counters that get a column, where a target has them, with the heading of the column.
_COUNTERS = (
    ("instructions", "instr."),
    ("loads", "loads"),
    ("stores", "stores"),
    ("branches", "branches"),
    ("taken_branches", "taken"),
)

_TARGETS_ABREAST: Final = 5  # two columns each, and three for the layer: the width of a page in small type


def measured(inputs: ReportInputs) -> list[Measurement]:
    """Measurements in the order of the spec."""
    return [inputs.measurements[t.name] for t in inputs.spec.targets if t.name in inputs.measurements]


def latency_table(inputs: ReportInputs) -> Table:
    """Latency of a whole inference on every target: percentiles, first run, samples; and how far to trust them."""
    shown = measured(inputs)
    symbol, scale = unit_for([m.total.p50 for m in shown if m.total.p50], "s")
    rows = []
    for measurement in shown:
        total, cold = measurement.total, measurement.cold
        varies = measurement.evidence == "measured"
        samples = f"{len(total.samples)} {'run' if varies else 'input'}{'s' if len(total.samples) > 1 else ''}"
        rows.append(
            Row(
                (
                    Cell(measurement.target),
                    Cell(significant(total.p50 / scale, 4)),
                    Cell(interval(total.best, scale)),
                    *(_percentile(value / scale, varies) for value in (total.p90, total.p95, total.p99)),
                    Cell(variability_text(measurement), muted=not varies),
                    Cell(significant(cold.p50 / scale, 4)) if cold else Cell("not observed", muted=True),
                    Cell(samples),
                ),
                anchor("latency", measurement.target),
            )
        )
    columns = (
        Column("target"),
        Column("median", symbol, number=True),
        Column("interval", symbol, number=True),
        Column("p90", symbol, number=True),
        Column("p95", symbol, number=True),
        Column("p99", symbol, number=True),
        Column("p95 / p50", number=True),
        Column("first run", symbol, number=True),
        Column("samples", number=True),
    )
    simulated = any(m.evidence != "measured" for m in shown)
    notes = ("Percentiles are those of runs over time; a simulation does not vary and has none.",) if simulated else ()
    said = [f"{m.target}: {note}." for m in shown for note in m.notes]
    return table("Latency of one inference", columns, rows, (*notes, *said), kind="latency")


def _percentile(value: float, varies: bool) -> Cell:
    return Cell(significant(value, 4)) if varies else Cell("\u2014", muted=True)


def time_tables(network: Network, shown: Sequence[Measurement]) -> list[Table]:
    """Rows are layers, columns are targets: median time and its share of an inference.

    As many tables as the width of a page asks for; the rows of the first are what sentences link to.
    """
    parts = math.ceil(len(shown) / _TARGETS_ABREAST)
    cuts = [len(shown) * part // parts for part in range(parts + 1)] if parts else []
    return [_time_table(network, shown[start:end], start) for start, end in itertools.pairwise(cuts)]


def _time_table(network: Network, shown: Sequence[Measurement], start: int) -> Table:
    """The times of some targets, of which the first is number `start` of all that were measured."""
    scales = {m.target: unit_for([max(_value(layer.latency) for layer in m.layers)], "s") for m in shown}
    columns = [Column("layer"), Column("output", number=True), Column("MACs", number=True)]
    for measurement in shown:
        columns += [Column(measurement.target, scales[measurement.target][0], number=True)]
        columns += [Column("share", "%", number=True)]
    by_target = {m.target: {layer.name: layer for layer in m.layers} for m in shown}
    rows = []
    for layer in network.layers:
        cells = [Cell(layer.name, layer.kind), Cell(shape(layer)), Cell(count(layer.macs))]
        for m in shown:
            result = by_target[m.target].get(layer.name)
            cells += _time_cells(result.latency if result else None, m, scales[m.target][1])
        rows.append(Row(tuple(cells), "" if start else anchor("time", layer.name)))
    overhead = [Cell("outside the layers"), Cell(""), Cell("")]
    total = [Cell("inference"), Cell(shape(network.layers[-1])), Cell(count(network.macs))]
    for m in shown:
        overhead += _time_cells(m.overhead, m, scales[m.target][1])
        total += _time_cells(m.total, m, scales[m.target][1])
    rows += [Row(tuple(overhead)), Row(tuple(total), total=True)]
    title = "Time by layer, further targets" if start else "Time by layer"
    return table(title, columns, rows, kind="times")


def _time_cells(latency: Latency | None, measurement: Measurement, scale: float) -> list[Cell]:
    if latency is None or latency.best.value is None:
        return [Cell("not observed", muted=True), Cell("")]
    whole = _value(measurement.total)
    largest = max(_value(layer.latency) for layer in measurement.layers) / scale
    return [
        Cell(fixed(latency.best.value / scale, decimals([largest]))),
        Cell(fixed(latency.best.value / whole * 100, 1) if whole else ""),
    ]


def _value(latency: Latency) -> float:
    return latency.best.value or 0.0


def counter_tables(network: Network, shown: Sequence[Measurement]) -> list[Table]:
    """Cycles and counters by layer: one table for all targets on which every counter is equal."""
    groups: list[list[Measurement]] = []
    for measurement in shown:
        if "cycles" not in measurement.counters:
            continue
        for group in groups:
            if _counts(group[0]) == _counts(measurement):
                group.append(measurement)
                break
        else:
            groups.append([measurement])
    return [_counter_table(network, group) for group in groups]


def _counts(measurement: Measurement) -> list[list[float | None]]:
    """The counters that have a column, layer by layer."""
    names = ("cycles", *(name for name, _ in _COUNTERS))
    return [
        [layer.counters[name].value if name in layer.counters else None for name in names]
        for layer in measurement.layers
    ]


def _counter_table(network: Network, group: list[Measurement]) -> Table:
    measurement = group[0]
    present = [(name, title) for name, title in _COUNTERS if name in measurement.counters]
    columns = [Column("layer"), Column("cycles", number=True), Column("share", "%", number=True)]
    columns += [Column("cycles per MAC", number=True)]
    columns += [Column(title, number=True) for _, title in present]
    by_name = {layer.name: layer for layer in network.layers}
    whole = measurement.counters["cycles"].value or math.inf
    rows = []
    for result in measurement.layers:
        cycles = result.counters["cycles"].value or 0.0
        rate = cycles_per_mac(result, by_name[result.name].macs)
        cells = [
            Cell(result.name),
            Cell(count(cycles)),
            Cell(fixed(cycles / whole * 100, 1)),
            Cell(significant(rate, 3) if rate else ""),
            *(
                Cell(count(result.counters[name].value or 0.0) if name in result.counters else "")
                for name, _ in present
            ),
        ]
        rows.append(Row(tuple(cells), anchor("counters", measurement.target, result.name)))
    rate = whole / network.macs if network.macs else None
    rows.append(
        Row(
            (
                Cell("inference"),
                Cell(count(whole)),
                Cell("100.0"),
                Cell(significant(rate, 3) if rate else ""),
                *(Cell(count(measurement.counters[name].value or 0.0)) for name, _ in present),
            ),
            anchor("counters", measurement.target),
            total=True,
        )
    )
    names = ", ".join(m.target for m in group)
    title = f"Counters on {names}" + (
        " (equal on all of them: the same code on the same core)" if len(group) > 1 else ""
    )
    return table(title, columns, rows, kind="counters")


def cause_tables(inputs: ReportInputs) -> list[Table]:
    """Share of an inference's cycles by cause, targets as rows; a table for cores and one for accelerators, which have
    causes of their own. Empty where no target can tell.

    Cycles that a model only bounds (waiting for flash) stand in a column of their own and take no part in the shares.
    """
    kinds: dict[bool, list[tuple[str, Attribution, float | None]]] = {}
    for m in measured(inputs):
        if (found := attribute(m.counters)) is not None:
            waits = m.counters.get("flash_waits_at_most")
            accelerator = any(part.cause in ACCELERATOR for part in found.parts)
            kinds.setdefault(accelerator, []).append((m.target, found, waits.high if waits else None))
    return [_cause_table(kinds[kind], accelerators=kind) for kind in sorted(kinds)]


def _cause_table(splits: Sequence[tuple[str, Attribution, float | None]], *, accelerators: bool) -> Table:
    causes = [cause for cause in CAUSES if any(found.share(cause) for _, found, _ in splits)]
    columns = [Column("target"), Column("cycles", number=True), *(Column(cause, "%", number=True) for cause in causes)]
    if not accelerators:
        columns.append(Column("flash waits, at most", "cycles", number=True))
    rows = []
    for target, found, most in splits:
        cells = [Cell(target), Cell(count(found.whole))]
        cells += [Cell(fixed(found.share(cause) * 100, 1)) for cause in causes]
        if not accelerators:
            cells.append(Cell("unknown", muted=True) if most is None else Cell(count(most)))
        rows.append(Row(tuple(cells), anchor("causes", target)))
    return table("Cycles by cause" + (" on accelerators" if accelerators else ""), columns, rows, kind="causes")


def memory_table(inputs: ReportInputs) -> Table:
    """What fills flash and SRAM, region by region; targets with equal maps share a column."""
    groups: dict[tuple[tuple[str, int], ...], list[Measurement]] = {}
    for m in measured(inputs):
        groups.setdefault(tuple(m.memory.regions.items()), []).append(m)
    regions = list(dict.fromkeys(name for regions in groups for name, _ in regions))
    columns = [
        Column("region"),
        *(Column(", ".join(m.target for m in group), "B", number=True) for group in groups.values()),
    ]
    rows = []
    for kind, title in (("flash", "flash"), ("sram", "SRAM")):
        for name in (name for name in regions if name.startswith(f"{kind}:")):
            sizes = [dict(key).get(name) for key in groups]
            cells = [Cell("") if size is None else Cell(count(size)) for size in sizes]
            rows.append(Row((Cell(f"{title}: {name.partition(': ')[2]}"), *cells)))
        figures = [group[0].memory.flash if kind == "flash" else group[0].memory.sram for group in groups.values()]
        cells = [Cell("unknown", muted=True) if f.value is None else Cell(count(f.value)) for f in figures]
        rows.append(Row((Cell(f"{title}, total"), *cells), total=True))
    differing = [
        f"{m.target}: {count(m.memory.planned_activations)} B were planned for activations"
        for m in measured(inputs)
        if m.memory.planned_activations not in (None, m.memory.regions.get("sram: activations"))
    ]
    return table("Memory map", columns, rows, tuple(differing), kind="memory")


def shape(layer: Layer) -> str:
    """An output shape as text: 25×5×64."""
    return "\u00d7".join(str(side) for side in layer.output_shape)

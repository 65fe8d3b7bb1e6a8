"""How measured latency varies, and how other runtimes do on the same machine."""

from __future__ import annotations

from specc.measure.result import Latency
from specc.report.blocks import Missing, Section, present
from specc.report.figures.variation import baselines as baseline_bars
from specc.report.figures.variation import percentiles, runs
from specc.report.material import Material
from specc.report.numbers import interval, significant, unit_for
from specc.report.tables import Cell, Column, Row, Table, table

_TITLE = "Beside other runtimes"


def variation(material: Material) -> Section | Missing:
    """Percentiles, and every run in order."""
    drawn = present(percentiles(material.shown), *(runs(m) for m in material.shown))
    if not drawn:
        return Missing("How measurements vary", "no target was measured by repeated runs")
    return Section("variation", "How measurements vary", drawn)


def runtimes(material: Material) -> Section | Missing | None:
    """The generated code beside the runtimes that were measured with it."""
    measured = [m for m in material.shown if m.evidence == "measured"]
    if not measured:
        return None
    rows = _table(material)
    if not rows.rows:
        return Missing(_TITLE, "no other runtime was measured (pip install 'specc[baselines]', then specc measure)")
    return Section("runtimes", _TITLE, present(baseline_bars(material.shown), rows))


def _table(material: Material) -> Table:
    shown = [m for m in material.shown if m.baselines]
    symbol, scale = unit_for([m.total.p50 for m in shown if m.total.p50], "s")
    rows = []
    for m in shown:
        own = m.total
        entries: list[tuple[str, Latency, str, int | None]] = [("specc, generated C", own, "", None)]
        for b in m.baselines:
            entries.append((f"{b.name} {b.version}", b.latency, b.latency.best.basis, b.largest_difference))
        for name, latency, basis, difference in entries:
            rows.append(
                Row(
                    (
                        Cell(name, basis.partition(";")[0]),
                        Cell(m.target),
                        Cell(significant(latency.p50 / scale, 4)),
                        Cell(interval(latency.best, scale)),
                        Cell(significant(latency.p95 / scale, 4)),
                        Cell(significant(latency.p50 / own.p50, 2) if own.p50 else ""),
                        Cell("\u2014" if difference is None else str(difference), muted=difference is None),
                        Cell(latency.best.evidence),
                    )
                )
            )
    columns = (
        Column("runtime"),
        Column("target"),
        Column("median", symbol, number=True),
        Column("interval", symbol, number=True),
        Column("p95", symbol, number=True),
        Column("of ours", "times", number=True),
        Column("output differs by", "codes", number=True),
        Column("evidence"),
    )
    note = (
        "The outputs differ by at most so many codes from the integer golden model: each runtime rounds in its own way."
    )
    return table("Median latency on the same machine and inputs", columns, rows, (note,), kind="runtimes")

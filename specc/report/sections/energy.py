"""Where the energy of an inference goes."""

from __future__ import annotations

from specc.report.blocks import Missing, Section, present
from specc.report.figures.energy import energy_shares
from specc.report.material import Material
from specc.report.numbers import digits, interval, significant, unit_for
from specc.report.tables import Cell, Column, Row, Table, table


def energy(material: Material) -> Section | Missing:
    """Energy by kind of layer, and what each figure rests on."""
    drawn = energy_shares(material.inputs.network, material.shown)
    if drawn is None:
        return Missing("Energy", "no target has a known energy")
    return Section("energy", "Energy", present(drawn, _table(material)))


def _table(material: Material) -> Table:
    known = [m.energy.value for m in material.shown if m.energy.value]
    symbol, scale = unit_for(known, "J")
    rows = []
    for m in material.shown:
        if m.energy.value is None:
            cells = (Cell("unknown", muted=True), Cell(""))
        else:
            cells = (Cell(significant(m.energy.value / scale, digits(m.energy))), Cell(interval(m.energy, scale)))
        rows.append(Row((Cell(m.target), *cells, Cell(m.energy.evidence), Cell(m.energy.basis or "not recorded"))))
    columns = (
        Column("target"),
        Column("energy", symbol, number=True),
        Column("interval", symbol, number=True),
        Column("evidence"),
        Column("rests on"),
    )
    return table("Energy of one inference", columns, rows, kind="energies")

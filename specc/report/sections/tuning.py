"""Other widths for the same precision: what `specc tune` found, what is proven of it, and what the next bit costs."""

from __future__ import annotations

from specc.report.blocks import Block, Heading, Missing, Section, Text
from specc.report.figures.tuning import cost_against_error
from specc.report.material import Material
from specc.report.numbers import percent
from specc.report.tables import Cell, Column, Row, Table, table
from specc.report.tuning import confirmation_text, proof_text, residual_text, row_text
from specc.spec.model import QuantizationTable
from specc.tune.record import Tuning

_TITLE = "Tuned widths"


def tuning(material: Material) -> Section | Missing | None:
    """A table for each objective that was searched with, and the front where it was asked for."""
    found = material.inputs.tunings
    if not found:
        if material.inputs.spec.quantization is None:
            return None
        return Missing(_TITLE, "`specc tune` has stored nothing of this spec as it is now")
    blocks = [block for one in found for block in _blocks(one, material.inputs.spec.quantization)]
    return Section("tuning", _TITLE, tuple(blocks))


def _blocks(one: Tuning, present: QuantizationTable | None) -> list[Block]:
    found = one.tuned
    blocks: list[Block] = [Heading(f"Least {one.meaning}"), _rows(one)]
    state = "The table of this spec is the tuned one. " if present == found.table else ""
    blocks += [
        Text(f"{state}{_total(one)} {residual_text(found, one.unit)}".rstrip()),
        Text(proof_text(found, one.unit, one.margin).replace("`", "")),
        Text(" ".join(confirmation_text(found).replace("`", "").split())),
    ]
    if drawn := cost_against_error(one):
        blocks.append(drawn)
    else:
        blocks.append(Text("What the next bit costs was not searched for (`specc tune --front`)."))
    return blocks


def _total(one: Tuning) -> str:
    found = one.tuned
    assert found.cost is not None
    change = found.cost - found.cost_before
    share = f", {percent(change / found.cost_before)}" if found.cost_before and change else ""
    return f"{found.cost_before:,} {one.unit} before, {found.cost:,} {one.unit} after{share}."


def _rows(one: Tuning) -> Table:
    assert one.tuned.table is not None
    rows = []
    for row in one.tuned.table.rows:
        before = one.original.row(row.layer)
        why = one.why.get(row.layer, "").replace("`", "")
        texts = (row.layer, row_text(before) if before else "", row_text(row), why)
        rows.append(Row(tuple(map(Cell, texts))))
    columns = (Column("row"), Column("before"), Column("after"), Column("why"))
    return table(f"Widths for the least {one.objective}", columns, rows, kind="tuning")

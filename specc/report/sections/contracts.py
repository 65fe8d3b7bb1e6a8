"""Contract tables: every budget line of every target, with figure, interval, margin, outcome and evidence."""

from __future__ import annotations

from specc.measure.verdict import Verdict
from specc.report.blocks import Block, Bullets, Heading, Item, Section, Text
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.numbers import digits, interval, percent, relation_text, significant, unit_text
from specc.report.tables import Cell, Column, Row, Table, anchor, table


def contracts(material: Material) -> Section:
    """Every contract judged, what the checker found, and what the spec accepts."""
    inputs = material.inputs
    blocks: list[Block] = [*contract_tables(inputs)]
    if not blocks:
        blocks.append(Text("The spec sets no budget."))
    if inputs.diagnostics:
        findings = [Item(f"{d.severity}: {d.message}", d.code, details=tuple(d.notes)) for d in inputs.diagnostics]
        blocks += [Heading("What the checker found"), Bullets(tuple(findings))]
    if inputs.waived:
        accepted = [
            Item(f"waived: {entry.diagnostic.message}", entry.diagnostic.code, details=(f"reason: {entry.reason}",))
            for entry in inputs.waived
        ]
        blocks += [Heading("What the spec accepts"), Bullets(tuple(accepted))]
    return Section("contracts", "Contracts", tuple(blocks))


def contract_tables(inputs: ReportInputs) -> list[Table]:
    """One table for each target that has contracts, in the order of the spec."""
    tables = []
    for target in inputs.spec.targets:
        verdicts = [verdict for verdict in inputs.verdicts if verdict.target == target.name]
        if verdicts:
            tables.append(_table(target.name, verdicts))
    return tables


def _table(target: str, verdicts: list[Verdict]) -> Table:
    columns = (
        Column("contract"),
        Column("outcome"),
        Column("limit", number=True, flush=True),
        Column("figure", number=True, flush=True),
        Column("interval", number=True, flush=True),
        Column("unit"),
        Column("margin", number=True),
        Column("evidence"),
    )
    return table(target, columns, [_row(verdict) for verdict in verdicts], kind="contracts")


def _row(verdict: Verdict) -> Row:
    figure = verdict.figure
    known = figure.value is not None
    return Row(
        (
            Cell(verdict.label),
            Cell(verdict.outcome, outcome=verdict.outcome),
            Cell(f"{relation_text(verdict.relation)} {verdict.limit:,.10g}"),
            Cell(significant(figure.value or 0.0, digits(figure)) if known else "unknown", muted=not known),
            Cell(interval(figure)),
            Cell(unit_text(verdict.unit)),
            Cell("" if verdict.margin is None or verdict.outcome == "undecided" else percent(verdict.margin)),
            Cell(figure.evidence, muted=not known),
        ),
        anchor("contract", verdict.target, verdict.label),
        "" if verdict.outcome == "pass" else f"{verdict.label}: {verdict.reason}.",
    )

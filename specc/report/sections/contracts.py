"""Contracts: how every candidate stands against every limit, and all that is known of the contracts of one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from specc.measure.verdict import Verdict
from specc.report.blocks import Block, Bullets, Heading, Item, Section, Text
from specc.report.material import Material
from specc.report.numbers import digits, interval, percent, relation_text, significant, unit_text
from specc.report.tables import Cell, Column, Row, Table, anchor, table

_ABREAST: Final = 6  # contracts that the width of a page holds beside the candidates


def contracts(material: Material) -> Section:
    """Every contract judged, what the checker found, and what the spec accepts."""
    inputs = material.inputs
    blocks: list[Block] = [*contract_tables(material)]
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


def contract_tables(material: Material) -> list[Table]:
    """Candidates as rows, best first, their contracts as columns: as many tables as the width of a page asks for.

    Why a contract does not pass is said below the last, once for all candidates of which it is true.
    """
    by_target: dict[str, dict[tuple[str, str], Verdict]] = {}
    for verdict in material.inputs.verdicts:
        by_target.setdefault(verdict.target, {})[_limit(verdict)] = verdict
    order = [standing.target for standing in material.choice.standings if standing.target in by_target]
    every = list(dict.fromkeys(limit for target in order for limit in by_target[target]))
    made: list[Table] = []
    parts = math.ceil(len(every) / _ABREAST)
    for part in range(parts):  # alike in width
        limits = every[len(every) * part // parts : len(every) * (part + 1) // parts]
        columns = [Column("candidate"), *(Column(label, limit) for label, limit in limits)]
        rows = []
        for target in order:
            cells = [_cell(by_target[target].get(limit)) for limit in limits]
            hardware = material.inputs.spec.target(target).hardware
            rows.append(Row((Cell(target, hardware.title.partition(",")[0]), *cells)))
        last = limits[-1] == every[-1]
        notes = reasons(verdict for target in order for verdict in by_target[target].values()) if last else ()
        title = "Further contracts" if made else "Every contract of every candidate, best candidate first"
        made.append(table(title, columns, rows, notes, kind="contracts"))
    return made


def _limit(verdict: Verdict) -> tuple[str, str]:
    """What is limited, and to what."""
    limit = f"{verdict.limit:,.10g}\u00a0{unit_text(verdict.unit)}".strip()
    return verdict.label, f"{relation_text(verdict.relation)} {limit}"


def _cell(verdict: Verdict | None) -> Cell:
    """Outcome and margin; below them figure, interval and evidence."""
    if verdict is None:
        return Cell("no limit", muted=True)
    figure = verdict.figure
    decided = verdict.margin is not None and verdict.outcome != "undecided"
    margin = f", {percent(verdict.margin or 0.0)}" if decided else ""
    if figure.value is None:
        return Cell(verdict.outcome, "unknown", verdict.outcome)
    ends = interval(figure)
    known = f"{significant(figure.value, digits(figure))}{f' ({ends})' if ends else ''}"
    return Cell(f"{verdict.outcome}{margin}", f"{known}, {figure.evidence}", verdict.outcome)


def reasons(verdicts: Iterable[Verdict]) -> list[str]:
    """Why contracts do not pass: what is limited, of whom, and the reason."""
    by_reason: dict[str, dict[str, list[str]]] = {}  # reason, target, labels
    for verdict in verdicts:
        if verdict.outcome != "pass":
            by_reason.setdefault(verdict.reason, {}).setdefault(verdict.target, []).append(verdict.label)
    said = []
    for reason, by_target in by_reason.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for target, labels in by_target.items():
            alike.setdefault(tuple(labels), []).append(target)
        who = "; ".join(f"{', '.join(labels)} of {', '.join(targets)}" for labels, targets in alike.items())
        said.append(f"{who}: {reason}.")
    return said


def contract_table(target: str, verdicts: Sequence[Verdict]) -> Table | None:
    """The contracts of one target, a row each; None where it has none."""
    rows = [_row(verdict) for verdict in verdicts if verdict.target == target]
    if not rows:
        return None
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
    return table("Contracts", columns, rows, kind="contract")


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

"""Documents over more candidates than a page is wide, and over some that were not measured."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from invented_results import kws_inputs
from pypdf import PdfReader

from specc.evidence import Figure
from specc.guide.candidates import Candidate
from specc.measure.verdict import Verdict
from specc.report.kinds import GUIDELINES, page_context
from specc.report.material import SHORTLIST, Material
from specc.report.pages import render, to_pdf
from specc.report.sections.contracts import contract_tables, reasons
from specc.report.sections.layers import time_tables
from specc.report.sections.time import further_layers, time
from specc.report.sections.verdict import summary
from specc.report.tables import Cell, Column, Row, Table, table


def crowded(count: int) -> Material:
    """The invented inputs with one board so many times, under other names."""
    inputs = kws_inputs()
    board = inputs.spec.targets[0]
    names = [f"copy{number}" for number in range(count)]
    measurement = inputs.measurements[board.name]
    return Material(
        replace(
            inputs,
            spec=inputs.spec.model_copy(
                update={"targets": tuple(board.model_copy(update={"name": name}) for name in names)}
            ),
            measurements={name: measurement.model_copy(update={"target": name}) for name in names},
            verdicts=(),
        )
    )


def test_times_of_many_targets_are_set_in_tables_that_a_page_can_hold() -> None:
    material = crowded(11)
    tables = time_tables(material.inputs.network, material.shown)
    assert len(tables) > 1
    assert all(len(table.columns) <= 13 for table in tables)
    named = [column.title for table in tables for column in table.columns if column.title.startswith("copy")]
    assert named == [f"copy{number}" for number in range(11)]


def test_every_layer_is_linked_to_once_however_many_tables_there_are() -> None:
    material = crowded(11)
    tables = time_tables(material.inputs.network, material.shown)
    anchors = Counter(row.anchor for table in tables for row in table.rows if row.anchor)
    assert set(anchors.values()) == {1}
    assert len(anchors) == len(kws_inputs().network.layers)


def test_few_targets_need_one_table() -> None:
    material = crowded(5)
    assert len(time_tables(material.inputs.network, material.shown)) == 1
    assert time_tables(material.inputs.network, []) == []


def test_layers_are_those_of_the_candidates_that_stand_best() -> None:
    material = crowded(12)
    best = [standing.target for standing in material.choice.standings]
    assert [m.target for m in material.shortlist] == best[:SHORTLIST]
    assert material.others == best[SHORTLIST:]
    tables = {block.title: block for block in time(material).blocks if isinstance(block, Table)}
    assert [c.title for c in tables["Time by layer"].columns[3::2]] == best[:SHORTLIST]
    assert len(tables["Latency of one inference"].rows) == 12, "what is short is said of everyone"
    further = further_layers(material)
    assert further is not None
    named = [c.title for t in further.blocks if isinstance(t, Table) for c in t.columns if c.title.startswith("copy")]
    assert named == best[SHORTLIST:]
    assert further_layers(crowded(SHORTLIST)) is None


def test_every_contract_of_every_candidate_stands_in_one_row() -> None:
    inputs = kws_inputs()
    material = Material(inputs)
    tables = contract_tables(material)
    for one in tables:
        assert [row.cells[0].text for row in one.rows] == [s.target for s in material.choice.standings]
    said = {
        (row.cells[0].text, column.title): cell.outcome
        for one in tables
        for row in one.rows
        for column, cell in zip(one.columns[1:], row.cells[1:], strict=True)
    }
    assert said == {(v.target, v.label): v.outcome for v in inputs.verdicts}
    notes = " ".join(tables[-1].notes)
    assert all(v.reason in notes for v in inputs.verdicts if v.outcome != "pass")


def test_reasons_are_said_once_for_all_of_whom_they_are_true() -> None:
    verdict = kws_inputs().verdicts[0]

    def undecided(target: str, label: str, reason: str) -> Verdict:
        return verdict.model_copy(update={"target": target, "label": label, "reason": reason, "outcome": "undecided"})

    same = [undecided(target, label, "no power") for target in ("a", "b") for label in ("energy", "power")]
    one = undecided("c", "energy", "no power")
    assert reasons([*same, one, verdict]) == ["energy, power of a, b; energy of c: no power."]


def test_a_table_breaks_words_only_where_they_may_not_fit() -> None:
    columns = (Column("name"), Column("value", number=True))
    assert not table("t", columns, [Row((Cell("many short words " * 20), Cell("1")))]).crammed
    assert table("t", columns, [Row((Cell("x" * 100), Cell("1")))]).crammed
    assert table("t", columns, [Row((Cell("short", "y" * 100), Cell("1")))]).crammed


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 12])
def test_the_guidelines_have_few_pages_however_many_candidates_there_are(count: int) -> None:
    page = render(page_context(crowded(count), GUIDELINES))
    pdf = PdfReader(io.BytesIO(to_pdf(page, datetime(2024, 1, 1, tzinfo=UTC))))
    assert len(pdf.pages) <= 15


def estimated(latency: float, energy: float) -> Candidate:
    basis = "invented"
    figures = {
        "latency": Figure.exact(latency, "s", "published", basis),
        "energy": Figure.exact(energy, "J", "published", basis),
        "sram": Figure.exact(1000, "B", "published", basis),
        "flash": Figure.exact(1000, "B", "published", basis),
        "price": Figure.unknown("USD", basis),
    }
    return Candidate("far (published, Quick 1.0)", figures, "far", "X1")


def with_published(candidate: Candidate) -> Material:
    """The invented inputs and a target that was not measured, with a result that others published."""
    inputs = kws_inputs()
    far = inputs.spec.targets[0].model_copy(update={"name": "far"})
    material = Material(replace(inputs, spec=inputs.spec.model_copy(update={"targets": (*inputs.spec.targets, far)})))
    material.__dict__["estimated"] = material.__dict__["published"] = (candidate,)  # in place of a trained predictor
    return material


def test_published_results_that_meet_the_limits_stand_on_page_one_with_their_software() -> None:
    grounds = summary(with_published(estimated(0.001, 0.001))).grounds
    (said,) = [ground for ground in grounds if "published" in ground]
    assert "X1, far (Quick 1.0) would meet the limits" in said
    assert "1.000\u00a0ms" in said and "decide no contract" in said


def test_published_results_that_miss_a_limit_are_not_praised() -> None:
    assert not [g for g in summary(with_published(estimated(0.001, 1.0))).grounds if "published" in g]
    assert not [g for g in summary(with_published(estimated(1.0, 0.001))).grounds if "published" in g]


def test_a_target_that_was_not_measured_shows_what_is_published_and_says_so() -> None:
    table = summary(with_published(estimated(0.001, 1.0))).standings
    row = next(row for row in table.rows if row.cells[0].detail.startswith("far: "))
    assert [cell.text for cell in (row.cells[1], row.cells[5])] == ["not measured", "published"]
    assert row.cells[2].text != "unknown"

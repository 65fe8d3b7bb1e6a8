"""Documents over more candidates than a page is wide, and over some that were not measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from invented_results import kws_inputs

from specc.evidence import Figure
from specc.guide.candidates import Candidate
from specc.report.material import Material
from specc.report.sections.layers import time_tables
from specc.report.sections.verdict import summary


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
    tables = time_tables(material.inputs)
    assert len(tables) > 1
    assert all(len(table.columns) <= 13 for table in tables)
    named = [column.title for table in tables for column in table.columns if column.title.startswith("copy")]
    assert named == [f"copy{number}" for number in range(11)]


def test_every_layer_is_linked_to_once_however_many_tables_there_are() -> None:
    tables = time_tables(crowded(11).inputs)
    anchors = Counter(row.anchor for table in tables for row in table.rows if row.anchor)
    assert set(anchors.values()) == {1}
    assert len(anchors) == len(kws_inputs().network.layers)


def test_few_targets_need_one_table() -> None:
    assert len(time_tables(crowded(5).inputs)) == 1
    assert time_tables(crowded(0).inputs) == []


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

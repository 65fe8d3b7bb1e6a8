"""The section of the documents: what is stored, and nothing else."""

from pathlib import Path

import pytest
from test_precision_command import HARNESS_TEXT, write

from specc.check import check
from specc.measure.precision import assess
from specc.measure.store import Store
from specc.precision.study import Study
from specc.report.blocks import Missing, Section
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.precision import parts
from specc.report.sections.precision import precision
from specc.report.tables import Table


def material(path: Path, assessed: bool) -> Material:
    checked = check(path)
    assert checked.spec is not None and checked.network is not None
    result = None
    if assessed:
        with Store(path.parent / "specc.db") as store:
            result = assess(checked.spec, checked.network, store, lambda _: None)
    return Material(ReportInputs(checked.spec, checked.network, {}, [], precision=result))


def test_every_layer_has_a_row_with_its_stored_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = material(write(tmp_path), assessed=True)
    monkeypatch.setattr(Study, "evaluate", lambda *_: pytest.fail("a document computes nothing"))
    section = precision(own)
    assert isinstance(section, Section) and own.inputs.precision is not None
    layers, others = (block for block in section.blocks if isinstance(block, Table))
    assert [row.cells[0].text for row in layers.rows] == ["c", "d"]
    for row, layer in zip(layers.rows, own.inputs.precision.layers, strict=True):
        assert row.cells[1].outcome == "pass"
        assert row.cells[2].text.strip() == parts(layer.variance, percent=True)[0]
    assert len(others.rows) == 2  # the output's error and the drift


def test_a_harness_that_was_not_assessed_is_said_to_be_missing(tmp_path: Path) -> None:
    assert isinstance(precision(material(write(tmp_path, extra=HARNESS_TEXT), assessed=False)), Missing)


def test_without_a_harness_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert precision(material(write(tmp_path, extra=""), assessed=False)) is None

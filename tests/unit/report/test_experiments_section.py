"""The section of experiments: what was tried, what was predicted, what came of it."""

from __future__ import annotations

from dataclasses import replace

from invented_results import full_inputs

from specc.evidence import Figure
from specc.explain.experiment import Experiment, Trial
from specc.report.blocks import Bullets, Missing, Section
from specc.report.material import Material
from specc.report.sections.experiments import experiments
from specc.report.tables import Table


def seconds(value: float) -> Figure:
    return Figure.exact(value, "s", "simulated")


BEFORE = Trial(axes=(), labels=(), clock_hz=1e8, latency=seconds(0.02), output_exact=True)
MISSED = Trial(
    axes=("kernels",),
    labels=("generic kernels",),
    clock_hz=1e8,
    latency=seconds(0.05),
    predicted=Figure(value=0.03, low=0.02, high=0.04, unit="s", evidence="predicted"),
    held=False,
    output_exact=True,
)
FAILED = Trial(axes=("bits",), labels=("16 bits",), clock_hz=1e8, failure="it does not fit")


def section(*found: Experiment) -> Section | Missing:
    return experiments(Material(replace(full_inputs(), experiments=found)))


def test_a_missed_prediction_is_shown_as_missed() -> None:
    built = section(Experiment(target="board_a", before=BEFORE, before_key="k", trials=(MISSED, FAILED)))
    assert isinstance(built, Section)
    (shown,) = [block for block in built.blocks if isinstance(block, Table)]
    cells = [[cell.text for cell in row.cells] for row in shown.rows]
    assert cells[0][0] == "as it is"
    assert cells[1][2:5] == ["\u2212150\u00a0%", "\u221250\u00a0% (\u2212100\u00a0% to 0\u00a0%)", "MISSED"]
    assert cells[2][1] == "no result"
    (said,) = [block for block in built.blocks if isinstance(block, Bullets)]
    assert "2.5 times as long; the prediction missed" in said.items[0].text
    assert "no result: it does not fit" in said.items[1].text


def test_without_experiments_the_document_says_so() -> None:
    assert isinstance(section(), Missing)

"""What is said of each target beside its figures: causes, levels, what was not seen, in the document and as data."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from invented_results import kws_inputs

from specc.evidence import Figure
from specc.explain.levels import LEVELS, level_of, metrics
from specc.report import data
from specc.report.blocks import Definitions, Section
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.sections.energy import energy
from specc.report.sections.levels import levels
from specc.report.tables import Table


@pytest.fixture(scope="module")
def inputs() -> ReportInputs:
    """The invented results, `board_b` with a recording: 30 mJ, idle at 40 mW."""
    found = kws_inputs()
    board = found.measurements["board_b"]
    recorded = board.model_copy(
        update={
            "energy": Figure(value=30e-3, low=29e-3, high=31e-3, unit="J", evidence="measured", basis="recorded"),
            "idle_power": Figure(value=0.04, unit="W", evidence="measured"),
        }
    )
    return replace(found, measurements=found.measurements | {"board_b": recorded})


def observed(inputs: ReportInputs, target: str) -> dict[str, Figure]:
    found = metrics(inputs.measurements[target], inputs.spec.target(target), inputs.network)
    assert [metric.level for metric in found] == sorted((m.level for m in found), key=LEVELS.index)
    return {metric.name: metric.figure for metric in found}


def test_every_target_has_the_same_metrics_and_each_its_reason(inputs: ReportInputs) -> None:
    names = [list(observed(inputs, target.name)) for target in inputs.spec.targets]
    assert all(found == names[0] for found in names)
    for target in inputs.spec.targets:
        for figure in observed(inputs, target.name).values():
            assert figure.value is not None or figure.high is not None or figure.basis


def test_metrics_are_worked_out_of_what_was_observed(inputs: ReportInputs) -> None:
    board = inputs.measurements["board_b"]
    found = observed(inputs, "board_b")
    seconds = board.total.best.value or 0.0
    assert found["throughput"].value == 1 / seconds
    assert found["throughput"].low == 1 / (board.total.best.high or 0.0)
    assert found["power"].evidence == "measured" and found["power"].value == pytest.approx(30e-3 / seconds)
    cycles = board.counters["cycles"].value or 0.0
    assert found["MACs per cycle"].value == inputs.network.macs / cycles


def test_declared_power_stands_for_a_recording_that_is_not_there(inputs: ReportInputs) -> None:
    power = observed(inputs, "board_a")["power"]
    assert (power.evidence, power.low, power.high) == ("datasheet", 40.6e-3, 48e-3)
    assert observed(inputs, "board_c")["power"].value is None, "board_c declares none"


def test_a_computer_shows_its_spread_and_no_cycles(inputs: ReportInputs) -> None:
    host, board = observed(inputs, "host"), observed(inputs, "board_a")
    assert (host["p95 / p50"].value or 0) > 1 and board["p95 / p50"].value is None
    assert host["cycles"].value is None and host["clock"].value is None and board["clock"].value == 120e6


def test_each_name_has_a_level() -> None:
    assert level_of("latency") == "application" and level_of("page_faults") == "system"
    assert level_of("load_cycles") == level_of("macs_bound_cycles") == "microarchitecture"


def test_the_document_says_what_was_not_observed(inputs: ReportInputs) -> None:
    section = levels(Material(inputs))
    assert isinstance(section, Section)
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [one.title for one in tables] == [level.capitalize() for level in LEVELS]
    assert all(len(one.rows) == len(inputs.measurements) for one in tables)
    assert "temperature (no sensor of it is read)" in tables[-1].notes[0]
    assert [column.title for column in tables[-1].columns] == ["target", "power"], "nobody shows a temperature"
    assert tables[-1].rows[-1].cells[-1].text == "not observed"
    blind = next(block for block in section.blocks if isinstance(block, Definitions))
    assert dict(blind.entries)["host"][0].text.startswith("no cycles are counted")


def test_energy_by_cause_stands_beside_its_basis(inputs: ReportInputs) -> None:
    section = energy(Material(inputs))
    assert isinstance(section, Section)
    by_target = next(b for b in section.blocks if isinstance(b, Table) and b.title == "Energy by cause")
    assert [row.cells[0].text for row in by_target.rows] == ["board_a", "board_b"]
    floor = [column.title for column in by_target.columns].index("idle floor")
    board = inputs.measurements["board_b"]
    share = 100 * 0.04 * (board.total.best.value or 0.0) / 30e-3
    assert by_target.rows[0].cells[floor].text.strip() == ""
    assert by_target.rows[1].cells[floor].text.strip() == f"{share:.1f}"
    assert any(note.startswith("board_b: what is above the idle floor") for note in by_target.notes)


def test_many_causes_share_a_column_and_still_make_a_whole(inputs: ReportInputs) -> None:
    """Twelve causes of a fitted energy, which a page has no room for."""
    board = inputs.measurements["board_a"]
    counts = {name: Figure.exact(10.0, "cycles", "simulated") for name in ("divide_cycles", "float_cycles")}
    fitted = []
    for layer in board.layers:
        counters = layer.counters | counts | {"flash_data_reads": Figure.exact(1.0, "reads", "simulated")}
        cycles = (layer.counters["cycles"].value or 0.0) + 20
        counters["cycles"] = Figure.exact(cycles, "cycles", "simulated")
        terms = {"cycles": 2e-6, "memory accesses": 1e-6, "clock": 0.5e-6}
        energy_of = Figure(value=sum(terms.values()), unit="J", evidence="predicted")
        fitted.append(layer.model_copy(update={"counters": counters, "energy": energy_of, "energy_terms": terms}))
    whole = Figure(value=3.5e-6 * len(fitted), unit="J", evidence="predicted")
    changed = board.model_copy(update={"layers": tuple(fitted), "energy": whole})
    section = energy(Material(replace(inputs, measurements={"board_a": changed})))
    assert isinstance(section, Section)
    for split in (b for b in section.blocks if isinstance(b, Table) and b.kind == "causes"):
        assert [column.title for column in split.columns][-1] == "all others" and len(split.columns) == 9
        for row in split.rows:
            shares = [float(cell.text) for cell in row.cells[2:] if cell.text.strip()]
            assert sum(shares) == pytest.approx(100, abs=0.4)


def parts_of(split: dict[str, Any]) -> float:
    return math.fsum(part["value"] for part in split["parts"])


def test_data_has_the_parts_and_they_add_up(inputs: ReportInputs) -> None:
    said = data.everything(Material(inputs))["explanations"]
    assert set(said) == set(inputs.measurements)
    board = said["board_b"]
    assert parts_of(board["inference"]["cycles"]) == board["inference"]["cycles"]["whole"]
    assert parts_of(board["inference"]["energy"]) == pytest.approx(30e-3, rel=1e-15)
    assert {part["evidence"] for part in board["inference"]["energy"]["parts"]} == {"measured", "predicted"}
    assert board["inference"]["bound"]["by"] in ("compute", "memory", "latency", "overhead")
    for layer in board["layers"].values():
        assert layer["cycles"] is None or parts_of(layer["cycles"]) == layer["cycles"]["whole"]
    assert said["host"]["inference"] == {"bound": None, "cycles": None, "energy": None}
    assert said["board_c"]["inference"]["energy"] is None, "an unknown energy has no causes"


def test_statements_name_the_levels_of_their_counters(inputs: ReportInputs) -> None:
    said = data.everything(Material(inputs))["explanations"]["board_b"]["statements"]
    (about,) = [statement for statement in said if statement["text"].startswith("Of the energy")]
    assert "idle floor" in about["text"] and about["levels"] == ["application", "microarchitecture"]
    assert all(statement["levels"] for statement in said)

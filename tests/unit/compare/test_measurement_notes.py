"""What a reader must know stands under the table of measurements, and an estimate is never called a lower bound."""

import pytest
from stored_results import result, seconds

from specc.evidence import Figure
from specc.measure.result import Baseline, Measurement
from specc.measure.statistics import summarise
from specc.report.numbers import figure_text
from specc.report.terminal import measurement_table


def test_notes_and_baselines_follow_the_table() -> None:
    baseline = Baseline(name="Other", version="1.2", latency=summarise([3e-6, 3e-6]), largest_difference=1)
    noted = result().model_copy(update={"notes": ("noisy: very",), "baselines": (baseline,)})
    *_, empty, other, note = measurement_table({"host": noted}, ()).split("\n")
    assert empty == "" and note == "host: noisy: very"
    assert other.startswith("host: Other 1.2 takes 3") and other.endswith(" on the same inputs")


def test_a_quiet_result_has_no_notes() -> None:
    assert len(measurement_table({"host": result()}, ()).split("\n")) == 3
    assert measurement_table({}, ()) == "nothing was measured"


def test_an_output_that_nobody_ran_is_neither_exact_nor_wrong() -> None:
    unseen = result().model_copy(update={"output_matches_golden": None})
    row = measurement_table({"npu": unseen}, ()).split("\n")[2]
    assert "not run" in row and "exact" not in row and "DIFFERS" not in row


def test_an_estimate_is_about_and_a_bound_is_at_least() -> None:
    estimate = Figure(value=2e-3, low=1e-3, high=None, unit="s", evidence="predicted")
    assert figure_text(estimate).startswith("about 2")
    assert figure_text(seconds(2e-3, 2e-3, None)).startswith("at least 2")


def cell(measurement: Measurement, column: str) -> str:
    header, rule, row = measurement_table({"host": measurement}, ()).split("\n")[:3]
    start = header.index(column)
    edges = [index for index, sign in enumerate(rule) if sign == "─"]
    first = max(index for index in edges if index <= start and rule[index - 1 : index] in ("", " "))
    return row[first : first + rule[first:].partition(" ")[0].count("─")].strip()


@pytest.mark.parametrize(
    ("linked", "planned", "text"),
    [
        ({"sram: activations": 16_000}, 16_000, "16,000 B = plan"),
        ({"sram: activations": 16_008}, 16_000, "16,008 B, plan 16,000 B"),
        ({"sram: activations": 16_000}, None, "16,000 B"),
        ({}, 16_000, "16,000 B planned"),
        ({}, None, "unknown"),
    ],
)
def test_activations_stand_beside_their_plan(linked: dict[str, int], planned: int | None, text: str) -> None:
    memory = result().memory.model_copy(update={"regions": linked, "planned_activations": planned})
    assert cell(result().model_copy(update={"memory": memory}), "activations") == text


def test_variability_is_that_of_runs_over_time() -> None:
    noisy = result().model_copy(update={"total": summarise([1e-3] * 18 + [2.5e-3] * 2)})
    assert cell(noisy, "p95/p50") == "2.50"
    assert cell(noisy.model_copy(update={"evidence": "simulated"}), "p95/p50") == "—"

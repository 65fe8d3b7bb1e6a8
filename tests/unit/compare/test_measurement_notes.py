"""What a reader must know stands under the table of measurements, and an estimate is never called a lower bound."""

import io

import pytest
from stored_results import result, seconds

from specc.commands.console import Progress
from specc.evidence import Figure
from specc.measure.result import Baseline, Measurement
from specc.measure.statistics import summarise
from specc.report.numbers import figure_text
from specc.report.terminal import finished_line, measurement_table


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


COUNTS = {"cycles": 100.0, "multiply_cycles": 50.0, "load_cycles": 20.0, "branch_cycles": 30.0}


def test_what_bounds_an_inference_stands_with_its_lead() -> None:
    counters = {name: Figure.exact(value, "cycles", "simulated") for name, value in COUNTS.items()}
    counted = result().model_copy(update={"counters": counters})
    assert cell(counted, "bound by") == "compute +20\u00a0%"
    line = finished_line(counted)
    assert line.startswith("host: ") and "\n" not in line
    assert line.endswith("bound by compute (50\u00a0% of the cycles, 20\u00a0% ahead of overhead)")


def test_without_counters_no_bound_is_named() -> None:
    assert cell(result(), "bound by") == "not counted"
    assert finished_line(result()).endswith("no counters tell what bounds it")


class Screen(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.isatty = lambda: terminal  # type: ignore[method-assign]


def test_a_kept_line_stays_above_the_progress_and_a_pipe_sees_neither() -> None:
    screens = [Screen(terminal=True), Screen(terminal=False)]
    for screen in screens:
        with Progress(screen) as progress:
            progress.show("measuring")
            progress.keep("a: done")
            progress.show("measuring b")
    clear = "\r\x1b[K"
    assert screens[0].getvalue() == f"{clear}measuring{clear}a: done\n{clear}measuring b{clear}"
    assert screens[1].getvalue() == ""

"""What a reader must know stands under the table of measurements, and an estimate is never called a lower bound."""

from stored_results import result, seconds

from specc.evidence import Figure
from specc.measure.result import Baseline
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

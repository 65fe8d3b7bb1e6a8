"""What trials say: gains, returns, the best of them, the best clock, sentences."""

from __future__ import annotations

from typing import Any

import pytest

from specc.evidence import Figure
from specc.explain.experiment import Experiment, Trial
from specc.explain.trials import gain, pareto, predicted_gain, return_on_effort, sentence, sweep


def figure(value: float, unit: str = "s", high: float | None = None) -> Figure:
    return Figure(value=value, low=value, high=value if high is None else high, unit=unit, evidence="simulated")


def trial(*labels: str, seconds: float = 1.0, axis: str = "compile", **changes: Any) -> Trial:
    fields: dict[str, Any] = {"clock_hz": 1e6, "latency": figure(seconds), "output_exact": True}
    return Trial(axes=(axis,) * len(labels), labels=labels, **(fields | changes))


BEFORE = trial(seconds=2.0)


def test_gain_is_the_part_saved() -> None:
    assert gain(BEFORE, trial("x", seconds=1.5)) == 0.25
    assert gain(BEFORE, trial("x", seconds=3.0)) == -0.5
    assert gain(BEFORE, trial("x", latency=None)) is None


def test_predicted_gain_turns_the_interval_round() -> None:
    predicted = Figure(value=1.0, low=0.5, high=3.0, unit="s", evidence="predicted")
    assert predicted_gain(BEFORE, trial("x", predicted=predicted)) == (-0.5, 0.5, 0.75)
    open_end = predicted.model_copy(update={"high": None})
    assert predicted_gain(BEFORE, trial("x", predicted=open_end)) == (None, 0.5, 0.75)


def test_return_on_effort_is_percent_by_difficulty() -> None:
    assert return_on_effort(BEFORE, trial("x", seconds=1.0)) == 50
    assert return_on_effort(BEFORE, trial("x", seconds=1.0, axis="bits")) == 12.5
    assert trial("x", "y", axis="kernels").difficulty == 6


def test_pareto_keeps_what_no_other_beats() -> None:
    fast = trial("fast", seconds=1.0, sram=figure(9, "B"), flash=figure(5, "B"))
    small = trial("small", seconds=2.0, sram=figure(3, "B"), flash=figure(5, "B"))
    worse = trial("worse", seconds=2.0, sram=figure(4, "B"), flash=figure(5, "B"))
    wrong = trial("wrong", seconds=0.1, sram=figure(1, "B"), flash=figure(1, "B"), output_exact=False)
    failed = trial("failed", latency=None, failure="does not fit")
    assert [t.labels for t in pareto([fast, small, worse, wrong, failed])] == [("fast",), ("small",)]


def test_pareto_judges_by_the_highest_end() -> None:
    sure = trial("sure", latency=figure(1.0, high=1.1))
    unsure = trial("unsure", latency=figure(0.9, high=2.0))
    assert pareto([sure, unsure]) == [sure]


def clocked(hertz: float, seconds: float, high: float) -> Trial:
    """4 W at 4 Hz: if static 4 W everywhere, if proportional 1 W for each hertz."""
    latency = figure(seconds, high=high)
    return trial(f"{hertz} Hz", axis="clock", clock_hz=hertz, latency=latency, powers=(4.0, hertz))


def experiment(before: Trial, *trials: Trial) -> Experiment:
    return Experiment(target="t", before=before, before_key="k", trials=trials)


def test_where_cycles_stay_the_fastest_clock_has_the_least_delay_product() -> None:
    """8 cycles: 2 s at 4 Hz, 4 s at 2 Hz. Static: 8 J and 16 J. Proportional: 8 J and 8 J."""
    found = sweep(experiment(clocked(4, 2, 2), clocked(2, 4, 4)))
    assert found is not None
    assert found.energy == (2, 4)
    assert found.delay_product == (4,)


def test_waits_may_make_a_slower_clock_the_better() -> None:
    """At most 6 s at 4 Hz, with waits, and 6 s at 2 Hz, without: proportional power then favours 2 Hz."""
    found = sweep(experiment(clocked(4, 2, 6), clocked(2, 4, 6)))
    assert found is not None
    assert found.delay_product == (2, 4)


def test_one_clock_is_no_sweep() -> None:
    assert sweep(experiment(clocked(4, 2, 2))) is None
    assert sweep(experiment(clocked(4, 2, 2), trial("84 MHz", axis="clock"))) is None


def counters(**counts: float) -> dict[str, Figure]:
    return {name: Figure.exact(value, "cycles", "simulated") for name, value in counts.items()}


def test_a_sentence_names_the_causes_that_changed_most() -> None:
    before = trial(seconds=2.0, counters=counters(cycles=1000, load_cycles=600, store_cycles=100, multiply_cycles=300,
                                                  instructions=500))  # fmt: skip
    after = trial("-Os", seconds=2.6, held=False,
                  counters=counters(cycles=1300, load_cycles=850, store_cycles=160, multiply_cycles=290,
                                    instructions=600))  # fmt: skip
    assert sentence(before, after) == (
        "With -Os an inference takes 30\u00a0% more time; 300 cycles more, of them 250 for loads and 60 for stores, "
        "at 1.20 times the instructions; the prediction missed."
    )


def test_a_sentence_about_no_result_says_why() -> None:
    assert sentence(BEFORE, trial("16 bits", latency=None, failure="the program needs 5 bytes more")) == (
        "With 16 bits there is no result: the program needs 5 bytes more."
    )


@pytest.mark.parametrize(("seconds", "said"), [(6.0, "takes 3.0 times as long"), (1.0, "takes 50\u00a0% less time")])
def test_how_much_longer(seconds: float, said: str) -> None:
    assert said in sentence(BEFORE, trial("x", seconds=seconds))


def test_an_upper_bound_that_fell_is_told() -> None:
    before = trial(latency=figure(1.0, high=2.0))
    after = trial("weights in SRAM", axis="placement", latency=figure(1.0, high=1.5))
    assert "stays, and at its most is 25\u00a0% lower" in sentence(before, after)

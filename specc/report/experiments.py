"""Experiments as text: before and after, predicted and measured, and why."""

from __future__ import annotations

from specc.evidence import Figure
from specc.explain.experiment import Experiment, Trial
from specc.explain.trials import gain, pareto, predicted_gain, return_on_effort, sentence, sweep
from specc.explain.whatif import DIFFICULTIES
from specc.report.numbers import UNKNOWN, figure_text, percent, quantity, significant
from specc.report.terminal import table

DASH = "\u2014"
HELD = {True: "held", False: "MISSED", None: DASH}


def experiment_text(experiment: Experiment, *, whole_grid: bool) -> str:
    """A table of the target as it is and its variants, a sentence for each, and the best clock and variants."""
    header = (
        experiment.target, "predicted", "latency", "gain", "predicted gain", "prediction", "energy", "SRAM", "effort",
        "return",
    )  # fmt: skip
    rows = [_row(experiment.before, trial) for trial in (experiment.before, *experiment.trials)]
    lines = [table(header, rows, right=(1, 2, 3, 4, 6, 7, 8, 9)), ""]
    if not experiment.trials:
        return "\n".join([*lines, f"{experiment.target} has no other value on these axes."])
    lines += [sentence(experiment.before, trial) for trial in experiment.trials]
    clocks = clock_sentence(experiment)
    if clocks:
        lines.append(clocks)
    if whole_grid:
        best = pareto([experiment.before, *experiment.trials])
        lines.append(f"No other variant is better in every respect than: {'; '.join(trial.label for trial in best)}.")
    return "\n".join([*lines, "", f"effort {DIFFICULTIES}; return: percent of the latency saved for each point", ""])


def clock_sentence(experiment: Experiment) -> str:
    """Which clock takes least energy, and which has the least energy-delay product; empty where nothing tells."""
    found = sweep(experiment)
    if found is None:
        return ""
    energy, product = (_clocks(clocks, found.tried) for clocks in (found.energy, found.delay_product))
    unknown = "how much of the power is static and how many cycles wait for flash"
    said = f"Least energy for an inference: {energy}; least energy-delay product: {product}"
    if len(found.energy) > 1 or len(found.delay_product) > 1:
        return f"{said} (it depends on {unknown}, which nothing here measures)."
    return f"{said}, whatever {unknown}."


def gain_text(value: tuple[float | None, float, float | None] | None) -> str:
    """A predicted gain with its interval: `31 % (20 % to 40 %)`."""
    if value is None:
        return DASH
    low, likely, high = value
    if low is None:
        return DASH if high is None else f"at most {percent(high)}"
    if high is None or (abs(high - low) < 5e-4):
        return percent(likely)
    return f"{percent(likely)} ({percent(low)} to {percent(high)})"


def predicted_text(figure: Figure | None) -> str:
    """A predicted latency with its interval."""
    if figure is None or figure.value is None:
        return DASH
    if figure.high is None:
        return f"at least {quantity(figure.low or 0.0, figure.unit)}"
    return figure_text(figure)


def _row(before: Trial, trial: Trial) -> tuple[str, ...]:
    if not trial.axes:
        return (trial.label, DASH, _known(trial.latency), DASH, DASH, DASH, _known(trial.energy), _known(trial.sram),
                DASH, DASH)  # fmt: skip
    saved, back = gain(before, trial), return_on_effort(before, trial)
    return (
        trial.label,
        predicted_text(trial.predicted),
        "no result" if trial.failure else _known(trial.latency),
        DASH if saved is None else percent(saved),
        gain_text(predicted_gain(before, trial)),
        HELD[trial.held],
        _known(trial.energy),
        _known(trial.sram),
        str(trial.difficulty),
        DASH if back is None else significant(back, 2),
    )


def _known(figure: Figure | None) -> str:
    return UNKNOWN if figure is None else figure_text(figure)


def _clocks(clocks: tuple[float, ...], tried: int) -> str:
    if len(clocks) == tried:
        return "any of these clocks"
    return " or ".join(f"{clock / 1e6:g} MHz" for clock in clocks)

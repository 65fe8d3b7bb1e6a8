"""What changes of a target gain: predicted before, measured after, and why. From the stored experiments."""

from __future__ import annotations

from typing import Final

from specc.evidence import Figure
from specc.explain.experiment import Experiment, Trial
from specc.explain.trials import gain, predicted_gain, return_on_effort, sentence
from specc.explain.whatif import DIFFICULTIES
from specc.report.blocks import Block, Bullets, Heading, Item, Missing, Section, Text, present
from specc.report.experiments import DASH, HELD, clock_sentence, gain_text
from specc.report.figures.trials import frequency, steps
from specc.report.material import Material
from specc.report.numbers import UNKNOWN, figure_text, percent, significant
from specc.report.tables import Cell, Column, Row, Table, table

_NONE: Final = Missing("Experiments", "`specc experiment` has stored none of this spec as it is now")


def optimisations(material: Material) -> Section | Missing:
    """The tables alone: what was tried, what was predicted of it, and what it gained."""
    found = tuple(_table(one) for one in material.inputs.experiments if one.trials)
    return Section("experiments", "What changes gain", found) if found else _NONE


def experiments(material: Material) -> Section | Missing:
    """A table and a list for each target that was experimented with."""
    found = [one for one in material.inputs.experiments if one.trials]
    if not found:
        return _NONE
    blocks = tuple(block for one in found for block in _blocks(one))
    return Section("experiments", "Experiments", blocks)


def _blocks(experiment: Experiment) -> tuple[Block, ...]:
    sentences = tuple(Item(sentence(experiment.before, trial)) for trial in experiment.trials)
    clocks = clock_sentence(experiment)
    untried = "No energy by clock: `specc experiment --axis clock` tries clocks, if a power is declared."
    return (
        Heading(experiment.target),
        _table(experiment),
        *present(steps(experiment)),
        Bullets(sentences),
        *(present(frequency(experiment)) if clocks else (Text(untried),)),
    )


def _table(experiment: Experiment) -> Table:
    rows = [_row(experiment.before, trial) for trial in (experiment.before, *experiment.trials)]
    columns = (
        Column("variant"),
        Column("latency", number=True, flush=True),
        Column("gain", number=True, flush=True),
        Column("predicted gain", number=True, flush=True),
        Column("prediction"),
        Column("energy", number=True, flush=True),
        Column("effort", number=True),
        Column("return", "%", number=True),
    )
    notes = (
        "Gain: part of the latency saved; predicted from the counters before the variant was built.",
        f"Effort: {DIFFICULTIES}. Return: percent saved for each point of effort.",
    )
    return table(f"Variants of {experiment.target}", columns, rows, notes, kind="experiments")


def _row(before: Trial, trial: Trial) -> Row:
    saved, back = gain(before, trial), return_on_effort(before, trial) if trial.axes else None
    own = bool(trial.axes)
    return Row(
        (
            Cell(trial.label),
            Cell("no result", muted=True) if trial.failure else _figure(trial.latency),
            Cell(percent(saved)) if own and saved is not None else Cell(DASH, muted=True),
            Cell(gain_text(predicted_gain(before, trial)) if own else DASH),
            Cell(HELD[trial.held]),
            _figure(trial.energy),
            Cell(str(trial.difficulty) if own else DASH),
            Cell(DASH if back is None else significant(back, 2)),
        )
    )


def _figure(figure: Figure | None) -> Cell:
    known = figure is not None and figure.value is not None
    return Cell(figure_text(figure)) if figure is not None and known else Cell(UNKNOWN, muted=True)

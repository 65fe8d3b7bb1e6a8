"""Experiments drawn: energy and energy-delay product by clock, and the latency of one trial after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specc.evidence import Figure
from specc.explain.experiment import Experiment, Trial
from specc.explain.trials import gain, sweep
from specc.report import style
from specc.report.experiments import clock_sentence
from specc.report.numbers import figure_text, percent, quantity, unit_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


def frequency(experiment: Experiment) -> style.Image | None:
    """Energy and energy-delay product of an inference at each clock that was tried alone; None for fewer than two.

    Bars reach from the least to the most that either may be; an arrow where nothing bounds it from above.
    """
    found = sweep(experiment)
    if found is None:
        return None
    tried = [experiment.before, *(trial for trial in experiment.trials if trial.axes == ("clock",))]
    rows = sorted(
        (trial.clock_hz / 1e6, trial.energy, trial.delay_product)
        for trial in tried
        if trial.clock_hz and trial.energy and trial.energy.value is not None and trial.delay_product
    )
    if len(rows) < 2:
        return None
    clocks = [clock for clock, _, _ in rows]
    with style.figure(2.1) as canvas:
        left, right = canvas.subplots(1, 2)
        energies, products = [energy for _, energy, _ in rows], [product for _, _, product in rows]
        symbol, scale = unit_for([_most(energy) for energy in energies], "J")
        _bars(left, clocks, energies, scale, [clock / 1e6 for clock in found.energy])
        left.set_ylabel(f"energy, {symbol}")
        symbol, scale = _joule_seconds(max(_most(product) for product in products))
        _bars(right, clocks, products, scale, [clock / 1e6 for clock in found.delay_product])
        right.set_ylabel(f"energy\u2013delay product, {symbol}")
        alternative = "; ".join(
            f"{clock:,g} MHz {figure_text(energy)}" for clock, energy in zip(clocks, energies, strict=True)
        )
        caption = (
            f"{experiment.target}. {clock_sentence(experiment)} Blue: clocks that may be best. Bars: from the least to "
            "the most that either may be, all unknowns at once."
        )
        return style.image(
            canvas, f"frequency-{experiment.target}", f"Energy of an inference by clock: {alternative}.", caption
        )


def _most(figure: Figure) -> float:
    return figure.high or figure.value or 0.0


def _bars(axes: Axes, clocks: Sequence[float], figures: Sequence[Figure], scale: float, best: Sequence[float]) -> None:
    for place, (clock, figure) in enumerate(zip(clocks, figures, strict=True)):
        colour = style.BLUE if clock in best else style.MUTED
        low, high = (figure.low or figure.value or 0.0) / scale, _most(figure) / scale
        axes.plot([place, place], [low, high], color=colour, linewidth=5, solid_capstyle="butt")
        axes.plot([place], [low], "_", color=style.INK, markersize=9)
        axes.plot([place], [high], "_" if figure.high is not None else "^", color=style.INK, markersize=9)
    axes.set_xticks(range(len(clocks)), [f"{clock:,g}" for clock in clocks])
    axes.set_xlim(-0.6, len(clocks) - 0.4)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("clock, MHz")
    axes.grid(axis="y", color=style.HAIRLINE, linewidth=0.4)
    axes.set_axisbelow(True)


def _joule_seconds(most: float) -> tuple[str, float]:
    """The unit of an energy-delay product, which the language does not know, and its size."""
    return ("mJ\u00b7s", 1e-3) if most >= 1e-4 else ("µJ\u00b7s", 1e-6)


def steps(experiment: Experiment) -> style.Image | None:
    """The trials in the order they were made, each with its interval, and the best so far as a line.

    None for fewer than two trials with a result.
    """
    rows = [trial for trial in (experiment.before, *experiment.trials) if _seconds(trial)]
    if len(rows) < 3 or rows[0] is not experiment.before:
        return None
    symbol, scale = unit_for([_seconds(trial) for trial in rows], "s")
    with style.figure(0.55 + 0.2 * len(rows)) as canvas:
        axes = canvas.add_subplot()
        best = _seconds(experiment.before)
        for y, trial in enumerate(rows):
            now = min(best, _seconds(trial)) if _exact(trial) else best
            _step(axes, y, trial, scale, better=y == 0 or now < best)
            across = [best / scale, best / scale, now / scale, now / scale]
            axes.plot(across, [y - 0.5, y, y, y + 0.5], color=style.INK, linewidth=0.7, zorder=1)
            best = now
        axes.set_yticks(range(len(rows)), [style.plain(trial.label, 34) for trial in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel(f"latency of one inference, {symbol}")
        style.quiet(axes)
        alternative = "; ".join(f"{trial.label} {quantity(_seconds(trial), 's')}" for trial in rows)
        return style.image(
            canvas, f"steps-{experiment.target}", f"Latency of one trial after another: {alternative}.",
            _caption(experiment, rows),
        )  # fmt: skip


def _step(axes: Axes, y: int, trial: Trial, scale: float, *, better: bool) -> None:
    """A trial: its point, filled where it is the best so far, and its interval."""
    colour = style.BLUE if better else style.MUTED
    latency = trial.latency
    if latency is not None and latency.low is not None and latency.high is not None:
        axes.plot([latency.low / scale, latency.high / scale], [y, y], color=colour, linewidth=1.6)
    mark, inside = ("o" if _exact(trial) else "x"), (colour if better else "white")
    axes.plot([_seconds(trial) / scale], [y], mark, color=colour, markersize=5, markerfacecolor=inside)


def _seconds(trial: Trial) -> float:
    """The quoted latency; nought where there is none."""
    return (trial.latency.value or 0.0) if trial.latency else 0.0


def _exact(trial: Trial) -> bool:
    return trial.output_exact is not False


def _caption(experiment: Experiment, rows: Sequence[Trial]) -> str:
    right = [trial for trial in rows if _exact(trial)]
    best = min(right, key=_seconds)
    saved, tried = gain(experiment.before, best) or 0.0, f"{len(rows) - 1} trials"
    if best is experiment.before or saved <= 0:
        finding = f"None of {tried} makes {experiment.target} faster than it is{_surer(experiment.before, right)}"
    else:
        finding = (
            f"Of {tried} on {experiment.target} the best is {best.label}: it saves {percent(saved)} of the latency"
        )
    wrong = "" if len(right) == len(rows) else " Cross: the output is wrong."
    return f"{finding}. Blue: faster than all before it; upright line: the best so far; lines: intervals.{wrong}"


def _surer(before: Trial, trials: Sequence[Trial]) -> str:
    """The trial that lowers the upper end of the latency most, where one does."""
    ends = [(trial.latency.high, trial) for trial in trials if trial.latency and trial.latency.high is not None]
    if before.latency is None or before.latency.high is None or not ends:
        return ""
    least, trial = min(ends, key=lambda pair: pair[0])
    if least >= before.latency.high:
        return ""
    first, second = quantity(before.latency.high, "s"), quantity(least, "s")
    return f"; {trial.label} lowers what an inference may take most, from {first} to {second}"

"""What experiments say: gains, the best variants, the best clock, and a sentence for every trial from its counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from specc.evidence import Figure
from specc.explain.attribution import CAUSES, attribute
from specc.explain.experiment import Experiment, Trial

# Below this part of the latency a difference of simulated figures is not worth a cause.
_NOTABLE: Final = 0.005
_ROUNDING: Final = 1e-12  # of a sum of cycles against a latency
_COSTS: Final = ("latency", "energy", "sram", "flash")


@dataclass(frozen=True)
class Sweep:
    """Which clock takes least energy, and which has the least energy-delay product.

    More than one clock stands where it depends on what is not known: how much of the power is static, and how many
    cycles wait for flash.
    """

    tried: int  # clocks
    energy: tuple[float, ...]  # hertz
    delay_product: tuple[float, ...]  # hertz


def gain(before: Trial, after: Trial) -> float | None:
    """Part of the latency that a change saves; negative where it costs. None where one is not known."""
    first, second = _latency(before), _latency(after)
    return None if not first or second is None else 1 - second / first


def predicted_gain(before: Trial, after: Trial) -> tuple[float | None, float, float | None] | None:
    """The predicted saving: at least, likely, at most. A missing end is not known."""
    first, predicted = _latency(before), after.predicted
    if not first or predicted is None or predicted.value is None:
        return None
    low, high = (None if end is None else _saved(end, first) for end in (predicted.high, predicted.low))
    return low, _saved(predicted.value, first), high


def _saved(after: float, before: float) -> float:
    """Part that is saved; what rounding leaves of an equal figure is nothing."""
    saved = 1 - after / before
    return saved if abs(saved) > _ROUNDING else 0.0


def return_on_effort(before: Trial, after: Trial) -> float | None:
    """Percent of the latency saved for each point of difficulty."""
    saved = gain(before, after)
    return None if saved is None else 100 * saved / after.difficulty


def pareto(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that no other one beats in latency, energy, SRAM and flash, each by its highest end.

    A figure that is not known of every trial is not compared. A trial without a result, or whose output differs from
    the integer model's, is left out.
    """
    rated = [trial for trial in trials if trial.latency is not None and trial.output_exact is not False]
    named = [name for name in _COSTS if all(_end(getattr(trial, name)) is not None for trial in rated)]
    costs = [tuple(_end(getattr(trial, name)) or 0.0 for name in named) for trial in rated]
    return [
        trial
        for trial, own in zip(rated, costs, strict=True)
        if not any(other != own and all(o <= c for o, c in zip(other, own, strict=True)) for other in costs)
    ]


def sweep(experiment: Experiment) -> Sweep | None:
    """The best clocks of those that were tried alone; None where fewer than two have a latency and a power."""
    tried = [experiment.before, *(trial for trial in experiment.trials if trial.axes == ("clock",))]
    known = [
        (trial.clock_hz, trial.powers, trial.latency)
        for trial in tried
        if trial.clock_hz and trial.powers and trial.latency and trial.latency.value
    ]
    if len(known) < 2:
        return None
    energies, products = set(), set()
    for which in (0, 1):  # all of the power static, all of it proportional to the clock
        for end in ("value", "high"):
            times = [(clock, powers[which], getattr(latency, end)) for clock, powers, latency in known]
            if any(time is None for _, _, time in times):
                continue
            energies |= _least([(watts * time, clock) for clock, watts, time in times])
            products |= _least([(watts * time * time, clock) for clock, watts, time in times])
    return Sweep(len(known), tuple(sorted(energies)), tuple(sorted(products)))


def sentence(before: Trial, after: Trial) -> str:
    """What a change did, and which counters say why."""
    if after.failure:
        return f"With {after.label} there is no result: {after.failure}."
    saved = gain(before, after)
    if saved is None:
        return f"With {after.label} the latency is not known."
    parts = [_effect(before, after, saved)]
    why = _why(before.counters, after.counters)
    if why:
        parts.append(why)
    if after.held is not None:
        parts.append("as predicted" if after.held else "the prediction missed")
    if after.output_exact is False:
        parts.append("its output is wrong")
    return "; ".join(parts) + "."


def _effect(before: Trial, after: Trial, saved: float) -> str:
    if abs(saved) >= _NOTABLE:
        if saved <= -1:
            return f"With {after.label} an inference takes {1 - saved:.1f} times as long"
        return f"With {after.label} an inference takes {_percent(abs(saved))} {'less' if saved > 0 else 'more'} time"
    first, second = before.latency, after.latency
    if first and second and first.high and second.high and abs(1 - second.high / first.high) >= _NOTABLE:
        change = 1 - second.high / first.high
        return (
            f"With {after.label} the latency at its least stays, and at its most is {_percent(abs(change))} "
            f"{'lower' if change > 0 else 'higher'}"
        )
    return f"With {after.label} the latency stays"


def _why(before: Mapping[str, Figure], after: Mapping[str, Figure]) -> str:
    """The causes that changed most, in cycles."""
    first, second = attribute(before), attribute(after)
    if first is None or second is None:
        return ""
    if abs(second.whole - first.whole) < _NOTABLE * first.whole:
        return "as many cycles as before" if second.whole == first.whole else ""
    deltas = {cause: (second.share(cause) * second.whole - first.share(cause) * first.whole) for cause in CAUSES}
    change = second.whole - first.whole
    along = sorted(
        (cause for cause, delta in deltas.items() if delta * change > 0), key=lambda cause: -abs(deltas[cause])
    )[:2]
    named = " and ".join(f"{abs(deltas[cause]):,.0f} for {cause}" for cause in along)
    text = f"{abs(change):,.0f} cycles {'more' if change > 0 else 'fewer'}, of them {named}"
    ran = [counts.get("instructions") for counts in (before, after)]
    if ran[0] and ran[1] and ran[0].value and ran[1].value is not None:
        text += f", at {ran[1].value / ran[0].value:.2f} times the instructions"
    return text


def _latency(trial: Trial) -> float | None:
    return trial.latency.value if trial.latency else None


def _end(figure: Figure | None) -> float | None:
    """The highest value a figure may have, or the value where no end is known."""
    if figure is None or figure.value is None:
        return None
    return figure.value if figure.high is None else figure.high


def _least(scores: Sequence[tuple[float, float]]) -> set[float]:
    """The clocks of the lowest score, ties within a billionth."""
    least = min(score for score, _ in scores)
    return {clock for score, clock in scores if score <= least * (1 + 1e-9)}


def _percent(fraction: float) -> str:
    size = fraction * 100
    return f"{size:.0f}\u00a0%" if size >= 9.95 else f"{size:.1f}\u00a0%"

"""Cost against error: the cheapest tables for tighter and for looser limits, and where the written one stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from specc.report import style
from specc.report.numbers import percent
from specc.report.tuning import cost_label
from specc.tune.record import Tuning
from specc.tune.result import OnFront

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DECADE = 10.0


def front_points(front: Sequence[OnFront]) -> list[OnFront]:
    """The points that no other is at most equal to in cost and load and below in one, from the smallest load on; of
    equal ones the first."""
    kept: list[OnFront] = []
    for point in sorted(front, key=lambda own: (own.load, own.cost)):
        if not kept or point.cost < kept[-1].cost:
            kept.append(point)
    return kept


def cost_against_error(tuning: Tuning) -> style.Image | None:
    """The front as steps. Needs two points: one is a sentence, not a chart."""
    points = front_points(tuning.tuned.front)
    if len(points) < 2 or points[0].load <= 0:
        return None
    with style.figure(2.6) as canvas:
        from matplotlib.ticker import FuncFormatter, LogLocator

        axes = canvas.add_subplot()
        loads, costs = [own.load for own in points], [own.cost for own in points]
        last = max(*loads, tuning.tuned.load_before or 0.0, 1.0) * 1.3
        axes.step([*loads, last], [*costs, costs[-1]], where="post", color=style.BLUE, linewidth=1.0)
        for own in points:
            proven = own.bound is not None and own.cost <= own.bound
            axes.plot(
                [own.load], [own.cost], "o", color=style.BLUE, markerfacecolor=style.BLUE if proven else "white",
                markersize=5,
            )  # fmt: skip
        axes.axvline(1.0, color=style.VERMILION, linewidth=0.9, linestyle="--")
        axes.annotate(
            "the limits", (1.0, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -2), textcoords="offset points",
            va="top", color=style.VERMILION,
        )  # fmt: skip
        _mark(axes, "as written", tuning.tuned.load_before, tuning.tuned.cost_before, style.ORANGE)
        _mark(axes, "tuned", tuning.tuned.load, _searched_cost(tuning), style.GREEN)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(base=_DECADE, subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.margins(y=0.18)
        axes.set_xlabel("largest error over its limit (logarithmic)")
        axes.set_ylabel(cost_label(tuning.objective, tuning.unit))
        axes.grid(color=style.HAIRLINE, linewidth=0.4)
        axes.set_axisbelow(True)
        return style.image(canvas, f"tuning-{tuning.objective}", _alternative(tuning, points), _caption(tuning, points))


def _mark(axes: Axes, name: str, load: float | None, cost: int | None, colour: str) -> None:
    if not load or cost is None:
        return
    axes.plot([load], [cost], "D", color=colour, markersize=5, zorder=3)
    axes.annotate(name, (load, cost), xytext=(6, 5), textcoords="offset points")


def _searched_cost(tuning: Tuning) -> int | None:
    """What the tuned table costs by the measure of the search, as the points of the front do."""
    return tuning.tuned.cost if tuning.tuned.by_layers is None else tuning.tuned.by_layers


def _alternative(tuning: Tuning, points: list[OnFront]) -> str:
    each = "; ".join(f"{own.load:.3g} times the limit for {own.cost:,} {tuning.unit}" for own in points)
    return f"Cost against the largest error: {each}."


def _caption(tuning: Tuning, points: list[OnFront]) -> str:
    by_factor = {own.factor: own for own in tuning.tuned.front}
    here, finding = by_factor.get(1.0), ""
    if here is not None and here.cost:
        parts = [
            f"limits {words} {_change(by_factor[factor].cost / here.cost - 1)}"
            for factor, words in ((0.5, "half as large"), (2.0, "twice as large"))
            if factor in by_factor
        ]
        finding = " and ".join(parts)
    if not finding:
        finding = f"from {points[0].cost:,} to {points[-1].cost:,} {tuning.unit}, as the error may grow"
    return (
        f"{finding[0].upper()}{finding[1:]}. Points: the cheapest table for limits of an eighth to eight times those "
        f"of the spec, with a margin of {percent(tuning.margin)}; filled where that is proven, if precision never "
        "falls with more bits. Diamonds: the tuned table, and the one that stood there. All of it on the inputs of the "
        "search; the tuned table alone is confirmed on others."
    )


def _change(share: float) -> str:
    if share == 0:
        return "change nothing"
    return f"cost {percent(share)} more" if share > 0 else f"save {percent(-share)}"

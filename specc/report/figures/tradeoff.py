"""Latency against energy, with the candidates that no other beats in both."""

from __future__ import annotations

from collections.abc import Sequence

from specc.evidence import Figure
from specc.measure.result import Measurement
from specc.report import style
from specc.report.numbers import unit_for


def pareto(points: Sequence[tuple[str, float, float]]) -> list[str]:
    """Names of the points (name, x, y) that no other point is at most equal to in both and below in one."""
    return [
        name
        for name, x, y in points
        if not any(a <= x and b <= y and (a < x or b < y) for _, a, b in points)
    ]  # fmt: skip


def latency_energy(measurements: list[Measurement]) -> style.Image | None:
    """Scatter with intervals. Needs two targets whose energy is known: one point is a sentence, not a chart."""
    from matplotlib.transforms import offset_copy

    shown = [m for m in measurements if m.energy.value is not None and m.total.best.value is not None]
    if len(shown) < 2:
        return None
    time, time_scale = unit_for([m.total.best.value or 0.0 for m in shown], "s")
    energy, energy_scale = unit_for([m.energy.value or 0.0 for m in shown], "J")
    points = [(m.target, m.total.best.value or 0.0, m.energy.value or 0.0) for m in shown]
    front = pareto(points)
    with style.figure(2.5) as canvas:
        axes = canvas.add_subplot()
        for measurement in shown:
            x, y = (measurement.total.best.value or 0.0) / time_scale, (measurement.energy.value or 0.0) / energy_scale
            best = measurement.target in front
            colour = style.BLUE if best else style.MUTED
            x_low, x_high = _reach(measurement.total.best, time_scale)
            y_low, y_high = _reach(measurement.energy, energy_scale)
            axes.plot([x_low, x_high], [y, y], color=colour, linewidth=0.8, alpha=0.8)
            axes.plot([x, x], [y_low, y_high], color=colour, linewidth=0.8, alpha=0.8)
            for figure, across, up in ((measurement.total.best, 26, 0), (measurement.energy, 0, 26)):
                if figure.high is None:
                    head = offset_copy(axes.transData, canvas, across, up, "points")
                    axes.annotate(
                        "", (x, y), (x, y), xycoords=head, textcoords="data",
                        arrowprops={"arrowstyle": "->", "color": colour, "lw": 0.8},
                    )  # fmt: skip
            axes.plot([x], [y], "o", color=colour, markerfacecolor=colour if best else "white", markersize=6)
            axes.annotate(
                style.plain(measurement.target), (x, y), xytext=(7, 5), textcoords="offset points",
                color=style.INK if best else style.MUTED,
            )  # fmt: skip
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.15, y=0.1)
        axes.set_xlabel(f"latency of one inference, {time}")
        axes.set_ylabel(f"energy of one inference, {energy}")
        axes.grid(color=style.HAIRLINE, linewidth=0.4)
        axes.set_axisbelow(True)
        missing = [m.target for m in measurements if m.energy.value is None]
        return style.image(canvas, "tradeoff", _alternative(shown), _caption(front, len(shown), missing))


def _reach(figure: Figure, scale: float) -> tuple[float, float]:
    value = (figure.value or 0.0) / scale
    low = value if figure.low is None else figure.low / scale
    return low, value if figure.high is None else figure.high / scale


def _alternative(shown: list[Measurement]) -> str:
    parts = [f"{m.target} {m.total.best.value or 0.0:.3g} s and {m.energy.value or 0.0:.3g} J" for m in shown]
    return "Latency and energy of one inference: " + "; ".join(parts) + "."


def _caption(front: list[str], known: int, missing: list[str]) -> str:
    if len(front) == 1:
        finding = f"{front[0]} is both the fastest and the most frugal of the {known} targets whose energy is known"
    elif len(front) == known:
        finding = f"Speed costs energy: none of the {known} targets is beaten in both"
    else:
        finding = f"{', '.join(front)} are not beaten in both by any other target (filled points)"
    left_out = f" Energy unknown, so not shown: {', '.join(missing)}." if missing else ""
    return (
        f"{finding}, going by the points. Lines: intervals; an arrow where nothing bounds them from above. Where the "
        f"intervals of two targets overlap, their order is not certain.{left_out}"
    )

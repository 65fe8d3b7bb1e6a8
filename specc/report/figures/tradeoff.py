"""Latency against energy, with the candidates that no other beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from specc.evidence import Evidence, Figure
from specc.report import style
from specc.report.numbers import quantity, unit_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_MARKS: Final[dict[Evidence, str]] = {"measured": "o", "simulated": "s", "predicted": "^", "published": "D"}
_HEIGHT: Final = 3.4  # inches
_SPREAD: Final = 20.0  # figures farther apart than this factor stand on a logarithmic axis
_ARROW: Final = 22  # points: the arrow of a figure that nothing bounds from above
# Where the name of a point may stand, in points from it, and which end of it: the first place that is free is taken.
_PLACES: Final = (
    (7, 4, "left"),
    (7, -10, "left"),
    (-7, 4, "right"),
    (-7, -10, "right"),
    (0, 9, "center"),
    (0, -15, "center"),
)


@dataclass(frozen=True)
class Point:
    """A candidate in the figure: its name, what its latency rests on, and both figures."""

    name: str
    evidence: Evidence
    latency: Figure
    energy: Figure

    @property
    def known(self) -> bool:
        return self.latency.value is not None and self.energy.value is not None

    @property
    def label(self) -> str:
        return f"{self.name} ({self.evidence})"


def pareto(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points (x, y) no other point beats: is at most equal to in both and below in one."""
    return [not any(a <= x and b <= y and (a < x or b < y) for a, b in points) for x, y in points]


def latency_energy(points: Sequence[Point]) -> style.Image | None:
    """Scatter with intervals, a mark for each class of evidence. One point would be a sentence, not a chart.

    Points whose latency or energy is unknown are named in the caption.
    """
    shown = [point for point in points if point.known]
    if len(shown) < 2:
        return None
    places = [(point.latency.value or 0.0, point.energy.value or 0.0) for point in shown]
    front = pareto(places)
    time, time_scale = unit_for([x for x, _ in places], "s")
    energy, energy_scale = unit_for([y for _, y in places], "J")
    with style.figure(_HEIGHT) as canvas:
        axes = canvas.add_subplot()
        for point, best in zip(shown, front, strict=True):
            _draw(axes, point, best, time_scale, energy_scale)
        for axis, values in (("x", [x for x, _ in places]), ("y", [y for _, y in places])):
            _scale(axes, axis, values)
        axes.set_xlabel(f"latency of one inference, {time}")
        axes.set_ylabel(f"energy of one inference, {energy}")
        axes.grid(color=style.HAIRLINE, linewidth=0.4)
        axes.set_axisbelow(True)
        for evidence in dict.fromkeys(point.evidence for point in shown):
            axes.plot([], [], _MARKS[evidence], color=style.INK, markerfacecolor="none", markersize=5, label=evidence)
        canvas.legend(loc="outside upper left", ncols=len(_MARKS), handlelength=1.0)
        scaled = [(x / time_scale, y / energy_scale) for x, y in places]
        _write_names(canvas, axes, shown, scaled, front)
        missing = [point.label for point in points if not point.known]
        return style.image(canvas, "tradeoff", _alternative(shown), _caption(shown, front, missing))


def _draw(axes: Axes, point: Point, best: bool, time_scale: float, energy_scale: float) -> None:
    """One point with its intervals; an arrow where nothing bounds it from above."""
    x, y = (point.latency.value or 0.0) / time_scale, (point.energy.value or 0.0) / energy_scale
    colour = style.BLUE if best else style.MUTED
    x_low, x_high = _reach(point.latency, time_scale)
    y_low, y_high = _reach(point.energy, energy_scale)
    axes.plot([x_low, x_high], [y, y], color=colour, linewidth=0.8, alpha=0.8)
    axes.plot([x, x], [y_low, y_high], color=colour, linewidth=0.8, alpha=0.8)
    for figure, across, up in ((point.latency, _ARROW, 0), (point.energy, 0, _ARROW)):
        if figure.high is None:
            axes.annotate(
                "", (x, y), xytext=(across, up), textcoords="offset points",
                arrowprops={"arrowstyle": "<-", "color": colour, "lw": 0.8, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
    mark = _MARKS[point.evidence]
    axes.plot([x], [y], mark, color=colour, markerfacecolor=colour if best else "white", markersize=6, zorder=3)


def _scale(axes: Axes, axis: str, values: Sequence[float]) -> None:
    if min(values) > 0 and max(values) / min(values) > _SPREAD:
        axes.set(**{f"{axis}scale": "log"})
        from matplotlib.ticker import FuncFormatter, NullFormatter

        which = axes.xaxis if axis == "x" else axes.yaxis
        which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        which.set_minor_formatter(NullFormatter())
        axes.set(**{f"{axis}margin": 0.12})
    else:
        axes.set(**{f"{axis}margin": 0.15, f"{axis}lim": (0, None)})


def _write_names(
    canvas: Canvas, axes: Axes, shown: Sequence[Point], at: Sequence[tuple[float, float]], front: Sequence[bool]
) -> None:
    """Each name beside its point, where it hides no other name and no mark as far as there is room."""
    canvas.draw_without_rendering()
    spots = [tuple(axes.transData.transform(place) * 72 / canvas.dpi) for place in at]
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in spots]
    left, right = (float(x) * 72 / canvas.dpi for x in axes.get_window_extent().intervalx)
    for point, (x, y), best in zip(shown, spots, front, strict=True):
        name = style.plain(point.name)
        wide = len(name) * style.SIZE * 0.55
        boxes = []
        for across, up, side in _PLACES:
            start = x + across - {"left": 0.0, "right": wide, "center": wide / 2}[side]
            boxes.append((start, y + up, start + wide, y + up + style.SIZE))
        hidden = [sum(_overlap(box, other) for other in taken) + _outside(box, left, right) for box in boxes]
        chosen = hidden.index(min(hidden))
        across, up, side = _PLACES[chosen]
        taken.append(boxes[chosen])
        axes.annotate(
            name, (at[shown.index(point)]), xytext=(across, up), textcoords="offset points", ha=side,
            color=style.INK if best else style.MUTED,
        )  # fmt: skip


_Box = tuple[float, float, float, float]  # left, bottom, right, top, in points


def _overlap(one: _Box, other: _Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _outside(box: _Box, left: float, right: float) -> float:
    return (max(0.0, left - box[0]) + max(0.0, box[2] - right)) * style.SIZE


def _reach(figure: Figure, scale: float) -> tuple[float, float]:
    value = (figure.value or 0.0) / scale
    low = value if figure.low is None else figure.low / scale
    return low, value if figure.high is None else figure.high / scale


def _alternative(shown: Sequence[Point]) -> str:
    parts = [
        f"{p.label} {quantity(p.latency.value or 0.0, 's')} and {quantity(p.energy.value or 0.0, 'J')}" for p in shown
    ]
    return "Latency and energy of one inference: " + "; ".join(parts) + "."


def _caption(shown: Sequence[Point], front: Sequence[bool], missing: Sequence[str]) -> str:
    best = [point.label for point, unbeaten in zip(shown, front, strict=True) if unbeaten]
    if len(best) == 1:
        finding = f"{best[0]} is both the fastest and the most frugal of the {len(shown)} whose energy is known"
    elif len(best) == len(shown):
        finding = f"Speed costs energy: none of the {len(shown)} is beaten in both"
    else:
        finding = f"{', '.join(best)} are not beaten in both by any other (filled)"
    left_out = f" Energy unknown, so not shown: {', '.join(missing)}." if missing else ""
    return (
        f"{finding}, going by the points. Mark: what the latency rests on. Lines: intervals; an arrow where nothing "
        f"bounds them from above. Where intervals overlap, the order is not certain.{left_out}"
    )

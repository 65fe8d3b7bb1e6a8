"""The candidates side by side: a radar for each, and bars of the share of every limit that is used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from specc.guide.candidates import DIMENSIONS, NAMES, Candidate
from specc.measure.verdict import Verdict
from specc.report import style
from specc.report.numbers import percent, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_PANELS = 8


def radar(pool: Sequence[Candidate], most: int = _MOST_PANELS) -> style.Image | None:
    """A panel for each of the first `most` candidates; the rim is the best of all, each ring inwards half as good.

    Figures are the ends that a candidate can be held to. A dimension in which fewer than two have one is left out.
    """
    used = [d for d in DIMENSIONS if sum(c.bound(d) is not None for c in pool) >= 2]
    shown = pool[:most]
    if len(used) < 3 or len(shown) < 2:
        return None
    best = {d: min(bound for c in pool if (bound := c.bound(d)) is not None) for d in used}
    columns = min(3, len(shown))
    rows = math.ceil(len(shown) / columns)
    rings = 4
    with style.figure(1.75 * rows) as canvas:
        for place, candidate in enumerate(shown):
            axes = canvas.add_subplot(rows, columns, place + 1, aspect="equal")
            axes.set_axis_off()
            axes.set_xlim(-2.0, 2.0)
            axes.set_ylim(-1.3, 1.3)
            title = "\n".join(style.plain(text, 24) for text in (candidate.part, candidate.name) if text)
            axes.set_title(title, fontsize=style.SIZE, pad=4)
            corners = [_corner(i, len(used), 1.0) for i in range(len(used))]
            for ring in range(1, rings + 1):
                _closed(axes, [(x * ring / rings, y * ring / rings) for x, y in corners], style.HAIRLINE, 0.5)
            points: list[tuple[float, float] | None] = []
            for index, dimension in enumerate(used):
                bound = candidate.bound(dimension)
                x, y = corners[index]
                axes.plot([0, x], [0, y], color=style.HAIRLINE, linewidth=0.5)
                known = candidate.figures[dimension].value is not None
                label = NAMES[dimension] + ("" if bound is not None else "\nunbounded" if known else "\nunknown")
                side = "left" if x > 0.1 else "right" if x < -0.1 else "center"
                axes.text(
                    x * 1.16, y * 1.16, label, ha=side, va="center", linespacing=0.95, fontsize=style.SIZE - 1.5,
                    color=style.INK if bound is not None else style.MUTED,
                )  # fmt: skip
                if bound is None:
                    points.append(None)
                    continue
                radius = max(0.0, 1 - math.log2(bound / best[dimension]) / rings) if bound > 0 else 1.0
                points.append((x * radius, y * radius))
                axes.plot([x * radius], [y * radius], "o", color=style.BLUE, markersize=3.2)
            drawn = [point for point in points if point is not None]
            if len(drawn) == len(used):
                axes.fill([x for x, _ in drawn], [y for _, y in drawn], color=style.SKY, alpha=0.35, linewidth=0)
                _closed(axes, drawn, style.BLUE, 1.1)
            else:  # an outline through an unknown figure would be invented
                for one, other in zip(points, points[1:] + points[:1], strict=True):
                    if one and other:
                        axes.plot([one[0], other[0]], [one[1], other[1]], color=style.BLUE, linewidth=1.1)
        wins = {c.name: [NAMES[d] for d in used if c.bound(d) == best[d]] for c in pool}
        named = "; ".join(f"{name}: {', '.join(won)}" for name, won in wins.items() if won and len(won) < len(used))
        more = f" The first {len(shown)} of {len(pool)} candidates are drawn." if len(shown) < len(pool) else ""
        caption = (
            f"Best in each dimension, alone or level with others: {named or next(n for n, w in wins.items() if w)}. "
            f"The rim is the best figure of all; each ring inwards is twice as much, the centre 16 times or more.{more}"
        )
        alternative = "Candidates by dimension, as multiples of the best: " + "; ".join(
            f"{c.name} " + ", ".join(f"{NAMES[d]} {_multiple(c.bound(d), best[d])}" for d in used) for c in shown
        )
        return style.image(canvas, "radar", f"{alternative}.", caption)


def _multiple(bound: float | None, best: float) -> str:
    return "unknown" if bound is None else f"{significant(bound / best, 2)} times" if best else "equal"


def _corner(index: int, corners: int, radius: float) -> tuple[float, float]:
    angle = math.pi / 2 - 2 * math.pi * index / corners
    return radius * math.cos(angle), radius * math.sin(angle)


def _closed(axes: Axes, points: list[tuple[float, float]], colour: str, width: float) -> None:
    around = [*points, points[0]]
    axes.plot([x for x, _ in around], [y for _, y in around], color=colour, linewidth=width)


def limits_used(verdicts: list[Verdict]) -> style.Image | None:
    """Bars of figure over limit at the end of the interval that decides; a line at the limit. One row per contract."""
    shown = [(v, _used(v)) for v in verdicts if v.relation in ("<=", "<") and v.figure.value is not None and v.limit]
    if not shown:
        return None
    with style.figure(0.6 + 0.17 * len(shown)) as canvas:
        axes = canvas.add_subplot()
        farthest = min(2.0, max(1.15, *(high or low for _, (low, high) in shown)))
        for y, (verdict, (low, high)) in enumerate(shown):
            colour, mark = _OUTCOME[verdict.outcome]
            axes.barh(y, min(low, farthest), height=0.62, color=colour)
            if high is None:
                axes.annotate(
                    "", (min(low, farthest), y), xytext=(18, 0), textcoords="offset points",
                    arrowprops={"arrowstyle": "<-", "color": style.INK, "lw": 0.8},
                )  # fmt: skip
            elif high > low:
                axes.barh(
                    y, min(high, farthest) - min(low, farthest), left=min(low, farthest), height=0.62, color="none",
                    edgecolor=style.INK, hatch="////", linewidth=0.5,
                )  # fmt: skip
            end = min(high or low, farthest)
            text = percent(high if high is not None else low)
            axes.annotate(
                f"{mark} {text}" if high is not None else f"{mark} at least {text}", (end, y),
                xytext=(4 if high is not None else 22, 0), textcoords="offset points", va="center",
                fontsize=style.SIZE - 1.5,
            )  # fmt: skip
        axes.axvline(1.0, color=style.INK, linewidth=1.2)
        axes.set_xlim(0, farthest * 1.14)
        axes.xaxis.set_major_formatter(lambda value, _: percent(value))
        labels = [f"{style.plain(v.target, 14)}  {style.plain(v.label, 22)}" for v, _ in shown]
        axes.set_yticks(range(len(shown)), labels)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel("share of the limit that is used")
        style.quiet(axes)
        tight, (low, high) = max(shown, key=lambda pair: pair[1][1] if pair[1][1] is not None else pair[1][0])
        caption = (
            f"{tight.target} uses the most of a limit: {tight.label}, {percent(low if high is None else high)}. "
            "Hatched: the interval; an arrow where nothing bounds the figure from above; upright line: the limit."
        )
        alternative = "Share of each limit that is used: " + "; ".join(
            f"{v.target} {v.label} {percent(high if high is not None else low)} {v.outcome}" for v, (low, high) in shown
        )
        return style.image(canvas, "limits", f"{alternative}.", caption)


_OUTCOME = {"pass": (style.SKY, "pass"), "undecided": (style.PALE, "undecided"), "fail": (style.VERMILION, "fail")}


def _used(verdict: Verdict) -> tuple[float, float | None]:
    figure = verdict.figure
    low = (figure.value if figure.low is None else figure.low) or 0.0
    return low / verdict.limit, None if figure.high is None else figure.high / verdict.limit

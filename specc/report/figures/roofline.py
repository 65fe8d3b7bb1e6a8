"""Rooflines: layers by intensity and rate under the peaks that were measured on their target."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from specc.explain.roofline import Bottleneck, Placed
from specc.explain.rooflines import Roofline
from specc.report import style
from specc.report.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS: Final[dict[Bottleneck, tuple[str, str]]] = {
    "compute": ("o", style.BLUE),
    "memory": ("s", style.VERMILION),
    "latency": ("^", style.GREEN),
    "overhead": ("D", style.MUTED),
}
_PANEL: Final = 2.15  # inches high
_ACROSS: Final = 2
_MOST: Final = 6  # panels that a page holds
_REACH: Final = 2.0  # axes reach this factor beyond what is drawn
_MEMORIES: Final = {"mac": "multiply-accumulates", "sram_read": "SRAM", "flash_read": "flash", "l1_read": "L1",
                    "l2_read": "L2", "ram_read": "RAM"}  # fmt: skip


def rooflines(found: Sequence[Roofline]) -> style.Image | None:
    """A panel for each target with peaks: a dot for each layer, a line from it to its own roof.

    The sloping lines are reads of each memory: as many multiply-accumulates as its bandwidth feeds at an intensity. A
    layer's own roof is that of the memories its bytes come from, so it may lie above the slower one's line.
    """
    able = [one for one in found if _drawn(one)]
    if not able:
        return None
    shown = able[:_MOST]
    rows = math.ceil(len(shown) / _ACROSS)
    with style.figure(0.3 + _PANEL * rows) as canvas:
        for place, roofline in enumerate(shown):
            _panel(canvas.add_subplot(rows, min(_ACROSS, len(shown)), place + 1), roofline)
        first = canvas.axes[0]
        for kind in dict.fromkeys(layer.bottleneck for one in shown for layer in _drawn(one)):
            mark, colour = _MARKS[kind]
            first.plot([], [], mark, color=colour, markersize=4.5, label=f"bound by {kind}")
        canvas.legend(loc="outside upper left", ncols=len(_MARKS), handlelength=1.0)
        return style.image(canvas, "roofline", _alternative(shown), _caption(shown, len(able)))


def _drawn(roofline: Roofline) -> list[Placed]:
    return [layer for layer in roofline.layers if layer.intensity and layer.macs]


def _panel(axes: Axes, roofline: Roofline) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    layers, peaks = _drawn(roofline), roofline.peaks
    scale = 1e9
    peak = (peaks.mac.value or 0.0) / scale
    xs = [layer.intensity or 0.0 for layer in layers]
    slopes = {n: (rate.value or 0.0) / scale for n, rate in peaks.rates.items() if n.endswith("_read") and rate.value}
    knee = min((peak / slope for slope in slopes.values()), default=xs[0])
    left, right = min(knee, *xs) / _REACH, max(xs) * _REACH
    axes.plot([left, right], [peak, peak], color=style.INK, linewidth=1.0)
    for slope in slopes.values():
        knee = min(right, peak / slope)
        axes.plot([left, knee], [slope * left, slope * knee], color=style.INK, linewidth=0.6, linestyle=(0, (4, 2)))
    for layer in layers:
        x, y = layer.intensity or 0.0, layer.achieved / scale
        mark, colour = _MARKS[layer.bottleneck]
        axes.plot([x, x], [y, y / layer.reached], color=colour, linewidth=0.6, alpha=0.8)
        axes.plot([x], [y], mark, color=colour, markersize=4.5, zorder=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(left, right)
    axes.set_ylim(min(layer.achieved for layer in layers) / scale / _REACH, peak * _REACH)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_title(style.plain(roofline.measurement.target, 24), fontsize=style.SIZE, loc="left", pad=4)
    axes.set_xlabel("MACs per byte")
    axes.set_ylabel("GMAC/s")
    small = style.SIZE - 1.5
    axes.annotate("peak", (right, peak), xytext=(-2, 3), textcoords="offset points", ha="right", fontsize=small)
    lowest, _ = axes.get_ylim()
    for name, slope in _distinct(slopes):
        start = max(left, 2 * lowest / slope)
        axes.annotate(
            name,
            (start, slope * start),
            xytext=(8, 0),
            textcoords="offset points",
            va="top",
            fontsize=small,
            color=style.MUTED,
        )
    axes.grid(color=style.HAIRLINE, linewidth=0.3)
    axes.set_axisbelow(True)


def _distinct(slopes: dict[str, float]) -> list[tuple[str, float]]:
    """Names of the sloping lines; those that fall on one another share a name."""
    found: list[tuple[str, float]] = []
    for key, slope in slopes.items():
        name = _MEMORIES.get(key, key)
        same = next((i for i, (_, other) in enumerate(found) if abs(slope / other - 1) < 0.25), None)
        if same is None:
            found.append((name, slope))
        else:
            found[same] = (f"{found[same][0]}, {name}", found[same][1])
    return found


def _caption(shown: Sequence[Roofline], able: int) -> str:
    heaviest = [max(_drawn(one), key=lambda layer: layer.seconds) for one in shown]
    said = "; ".join(
        f"on {one.measurement.target} the longest layer, {layer.layer}, reaches {percent(layer.reached)} of its roof "
        f"and is bound by {layer.bottleneck}"
        for one, layer in list(zip(shown, heaviest, strict=True))[:_ACROSS]
    )
    evidence = ", ".join(dict.fromkeys(one.peaks.evidence for one in shown))
    more = f" The first {len(shown)} of {able} targets with peaks are drawn." if len(shown) < able else ""
    return (
        f"{said[0].upper()}{said[1:]}. Level line: the most multiply-accumulates; broken lines: what reading each "
        f"memory feeds; from each layer a line to its own roof. Peaks are {evidence}.{more}"
    )


def _alternative(shown: Sequence[Roofline]) -> str:
    parts = []
    for one in shown:
        kinds = Counter(layer.bottleneck for layer in _drawn(one))
        parts.append(
            f"{one.measurement.target}: {', '.join(f'{n} layers bound by {kind}' for kind, n in kinds.items())}"
        )
    return f"Rooflines. {'; '.join(parts)}."

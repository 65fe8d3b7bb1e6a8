"""Cycles from the whole to the parts: a sunburst by kind of operator, and a flame graph by layer and cause."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specc.explain.attribution import attribute
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.report import style
from specc.report.figures.looks import CAUSE_LOOK, Look, ink_on, kind_look
from specc.report.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NARROWEST = 0.003  # of the whole; what is narrower is not drawn


@dataclass(frozen=True)
class _Layer:
    name: str
    kind: str
    share: float  # of the whole inference


def _shares(measurement: Measurement, network: Network) -> list[_Layer]:
    """Layers by their share of an inference's time."""
    total = measurement.total.best.value
    if not total:
        return []
    kinds = {layer.name: layer.kind for layer in network.layers}
    return [_Layer(r.name, kinds[r.name], (r.latency.best.value or 0.0) / total) for r in measurement.layers]


def sunburst(measurement: Measurement, network: Network) -> style.Image | None:
    """Inner ring: kinds of operator. Outer ring: their layers. Angles are shares of the time of an inference."""
    from matplotlib.patches import Wedge

    layers = _shares(measurement, network)
    if not layers:
        return None
    by_kind: dict[str, list[_Layer]] = {}
    for layer in layers:
        by_kind.setdefault(layer.kind, []).append(layer)
    order = sorted(by_kind, key=lambda kind: -sum(layer.share for layer in by_kind[kind]))
    with style.figure(3.6) as canvas:
        axes = canvas.add_subplot(aspect="equal")
        axes.set_axis_off()
        axes.set_xlim(-2.6, 2.6)
        axes.set_ylim(-1.45, 1.45)
        turn = 0.0
        for kind in order:
            share = sum(layer.share for layer in by_kind[kind])
            colour, hatch = kind_look(kind)
            start, end = _angle(turn + share), _angle(turn)
            axes.add_patch(
                Wedge((0, 0), 0.86, start, end, width=0.46, facecolor=colour, hatch=hatch, edgecolor="white", lw=0.8)
            )
            if share > 0.06:
                x, y = _at(turn + share / 2, 0.63)
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
                axes.text(x, y, f"{kind}\n{percent(share)}", ha="center", va="center", bbox=box, linespacing=1.0)
            inner = turn
            for layer in by_kind[kind]:
                if layer.share >= _NARROWEST:
                    start, end = _angle(inner + layer.share), _angle(inner)
                    axes.add_patch(
                        Wedge((0, 0), 1.08, start, end, width=0.2, facecolor=colour, alpha=0.45, edgecolor="white")
                    )
                if layer.share >= 0.02:
                    (x, y), (tip_x, tip_y) = _at(inner + layer.share / 2, 1.22), _at(inner + layer.share / 2, 1.09)
                    axes.plot([tip_x, x], [tip_y, y], color=style.MUTED, linewidth=0.4)
                    side = "left" if x >= 0 else "right"
                    text = f"{style.plain(layer.name, 18)} {percent(layer.share)}"
                    axes.text(x + math.copysign(0.03, x), y, text, ha=side, va="center")
                inner += layer.share
            turn += share
        axes.text(0, 0, f"{style.plain(measurement.target, 12)}\none inference", ha="center", va="center")
        most = order[0]
        share = sum(layer.share for layer in by_kind[most])
        work = _work_share(network, most)
        outside = 1 - sum(layer.share for layer in layers)
        caption = (
            f"On {measurement.target} {most} layers take {percent(share)} of an inference and do {percent(work)} of "
            "its multiply-accumulates."
            + (f" The gap, {percent(outside)}, is time outside the layers." if outside > _NARROWEST else "")
        )
        alternative = f"Time of an inference on {measurement.target} by kind of operator and layer: " + ", ".join(
            f"{kind} {percent(sum(layer.share for layer in by_kind[kind]))}" for kind in order
        )
        return style.image(canvas, "sunburst", f"{alternative}.", caption)


def _work_share(network: Network, kind: str) -> float:
    return sum(layer.macs for layer in network.layers if layer.kind == kind) / network.macs if network.macs else 0.0


def _angle(turn: float) -> float:
    """Degrees of a share of the circle, clockwise from the top."""
    return 90 - 360 * turn


def _at(turn: float, radius: float) -> tuple[float, float]:
    angle = math.radians(_angle(turn))
    return radius * math.cos(angle), radius * math.sin(angle)


def flame_graph(measurement: Measurement, network: Network) -> style.Image | None:
    """Boxes as wide as their cycles: the inference at the bottom, its layers in order above it, their causes on top."""
    found = [(layer.name, attribute(layer.counters)) for layer in measurement.layers]
    split = [(name, parts) for name, parts in found if parts is not None]
    cycles = measurement.counters.get("cycles")
    if not split or cycles is None or not cycles.value:
        return None
    whole = cycles.value
    with style.figure(2.0) as canvas:
        axes = canvas.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(-0.02, 3.0)
        _box(axes, (0.0, 1.0, 0), (style.PALE, ""), f"{style.plain(network.name)}: one inference")
        left = 0.0
        for name, parts in split:
            width = parts.whole / whole
            _box(axes, (left, width, 1), (style.HAIRLINE, ""), style.plain(name, 20), percent(width))
            inner = left
            for part in sorted(parts.parts, key=lambda part: -part.cycles):
                share = part.cycles / whole
                _box(axes, (inner, share, 2), CAUSE_LOOK[part.cause], part.cause)
                inner += share
            left += width
        widest, parts = max(split, key=lambda pair: max(part.cycles for part in pair[1].parts))
        caption = (
            f"Read from the bottom: inference, layers in order, causes. The widest box on top is {parts.largest.cause} "
            f"in {widest}, {percent(parts.largest.cycles / whole)} of all cycles on {measurement.target}."
        )
        alternative = f"Flame graph of an inference on {measurement.target}: " + ", ".join(
            f"{name} {percent(parts.whole / whole)}" for name, parts in split
        )
        return style.image(canvas, "flame", f"{alternative}.", caption)


def _box(axes: Axes, place: tuple[float, float, int], look: Look, name: str, detail: str = "") -> None:
    """A box at (left, width, row) and, where it fits, its name: across if it is wide enough, else upright."""
    left, width, row = place
    if width < _NARROWEST:
        return
    colour, hatch = look
    axes.bar(
        left, 0.94, width=width, bottom=row, align="edge", color=colour, hatch=hatch, edgecolor="white", linewidth=0.6
    )
    text = f"{name}\n{detail}" if detail else name
    letters = max(len(line) for line in text.split("\n"))
    across = letters * 0.0088 < width  # width of a letter of the face below, over the width of the figure
    if not across and (letters > 14 or width < 0.02):
        return
    axes.text(
        left + width / 2, row + 0.47, text if across else name, ha="center", va="center", linespacing=1.05,
        rotation=0 if across else 90, fontsize=style.SIZE - 1, color=ink_on(colour),
    )  # fmt: skip

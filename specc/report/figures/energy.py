"""Where the energy of an inference goes, on every target that has a figure: by kind of layer, and by cause."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from specc.explain.energy import ENERGY_CAUSES, EnergyAttribution
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.report import style
from specc.report.figures.looks import ENERGY_LOOK, Look, kind_look
from specc.report.numbers import percent, quantity, unit_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

Shares = Mapping[str, Mapping[str, float]]  # by target, fractions of its energy by part

_ABREAST: Final = 6  # names in a line of the legend
_LINES: Final = "Lines: intervals; an arrow where nothing bounds the energy from above."


def energy_shares(network: Network, measurements: Sequence[Measurement]) -> style.Image | None:
    """By kind of layer. A layer without energy of its own has its part by time."""
    shown = [m for m in measurements if m.energy.value and m.total.best.value and m.layers]
    if not shown:
        return None
    split = {m.target: shares(network, m) for m in shown}
    kinds = sorted({kind for found in split.values() for kind in found}, key=lambda kind: -_most(split, kind))
    with style.figure(_height(shown, kinds)) as canvas:
        _draw(canvas, shown, split, kinds, kind_look)
        alternative = f"Energy of an inference by kind of layer: {_words(shown, split)}."
        return style.image(canvas, "energy", alternative, _caption(shown, split, kinds[0]))


def energy_causes(measurements: Sequence[Measurement], found: Mapping[str, EnergyAttribution]) -> style.Image | None:
    """By cause. `found` are the splits by target; None where there are none."""
    shown = [m for m in measurements if m.target in found]
    if not shown:
        return None
    split = {m.target: {part.cause: found[m.target].share(part.cause) for part in found[m.target].parts} for m in shown}
    causes = [cause for cause in ENERGY_CAUSES if any(cause in own for own in split.values())]
    with style.figure(_height(shown, causes)) as canvas:
        _draw(canvas, shown, split, causes, lambda cause: ENERGY_LOOK[cause])
        by_cause: dict[str, list[str]] = {}
        for m in shown:
            largest = found[m.target].largest
            by_cause.setdefault(largest.cause, []).append(f"{m.target} ({percent(split[m.target][largest.cause])})")
        first = "; ".join(f"on {', '.join(targets)} it is {cause}" for cause, targets in by_cause.items())
        classes = sorted({part.evidence for m in shown for part in found[m.target].parts})
        caption = f"The largest cause: {first}. Parts are {' or '.join(classes)}. {_LINES}"
        alternative = f"Energy of an inference by cause: {_words(shown, split)}."
        return style.image(canvas, "energy-causes", alternative, caption)


def _height(shown: Sequence[Measurement], parts: Sequence[str]) -> float:
    """Inches: the axis, a row for each target, and the lines of the legend."""
    return 0.6 + 0.26 * len(shown) + 0.2 * math.ceil(len(parts) / _ABREAST)


def _draw(
    canvas: Canvas,
    shown: Sequence[Measurement],
    split: Shares,
    parts: Sequence[str],
    look: Callable[[str], Look],
) -> None:
    """Stacked bars with the interval of the whole."""
    symbol, scale = unit_for([m.energy.value or 0.0 for m in shown], "J")
    axes = canvas.add_subplot()
    left = [0.0] * len(shown)
    for part in parts:
        widths = [split[m.target].get(part, 0.0) * (m.energy.value or 0.0) / scale for m in shown]
        colour, hatch = look(part)
        axes.barh(
            range(len(shown)), widths, left=left, height=0.6, color=colour, hatch=hatch, edgecolor="white",
            linewidth=0.4, label=part,
        )  # fmt: skip
        left = [a + b for a, b in zip(left, widths, strict=True)]
    for y, m in enumerate(shown):
        value = (m.energy.value or 0.0) / scale
        low = value if m.energy.low is None else m.energy.low / scale
        if m.energy.high is None:
            axes.annotate(
                "", (value, y), xytext=(24, 0), textcoords="offset points",
                arrowprops={"arrowstyle": "<-", "color": style.INK, "lw": 0.9},
            )  # fmt: skip
        else:
            axes.plot([low, m.energy.high / scale], [y, y], color=style.INK, linewidth=0.9, marker="|")
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    axes.set_yticks(range(len(shown)), [style.plain(m.target) for m in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel(f"energy of one inference, {symbol}")
    style.quiet(axes)
    canvas.legend(loc="outside upper left", ncols=min(_ABREAST, len(parts)), handlelength=1.2, columnspacing=1.2)


def _words(shown: Sequence[Measurement], split: Shares) -> str:
    return "; ".join(
        f"{m.target} {quantity(m.energy.value or 0.0, 'J')}, of which "
        + ", ".join(f"{part} {percent(share)}" for part, share in split[m.target].items())
        for m in shown
    )


def shares(network: Network, measurement: Measurement) -> dict[str, float]:
    """Fraction of the energy by kind of layer; what no layer has is `outside the layers`."""
    kinds = {layer.name: layer.kind for layer in network.layers}
    own = all(layer.energy is not None and layer.energy.value is not None for layer in measurement.layers)
    whole = measurement.energy.value if own else measurement.total.best.value
    found: dict[str, float] = {}
    for layer in measurement.layers:
        figure = layer.energy if own and layer.energy else layer.latency.best
        found[kinds[layer.name]] = found.get(kinds[layer.name], 0.0) + (figure.value or 0.0) / (whole or 1.0)
    rest = 1 - sum(found.values())
    return found | ({"outside the layers": rest} if rest > 0.001 else {})


def _most(split: Shares, kind: str) -> float:
    return max(found.get(kind, 0.0) for found in split.values())


def _caption(shown: Sequence[Measurement], split: Shares, kind: str) -> str:
    low, high = (f(split[m.target].get(kind, 0.0) for m in shown) for f in (min, max))
    share = percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
    least = min(shown, key=lambda m: m.energy.value or 0.0).target
    by_time = [m.target for m in shown if any(layer.energy is None for layer in m.layers)]
    split_note = f" No layer of {', '.join(by_time)} has energy of its own: split as the time is." if by_time else ""
    return (
        f"{kind} layers take {share} of the energy; {least} needs the least, going by the values. {_LINES}{split_note}"
    )

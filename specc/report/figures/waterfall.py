"""The attribution waterfall: causes one below the other, each beginning where the one before it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specc.explain.attribution import Attribution, attribute
from specc.measure.result import Measurement
from specc.report import style
from specc.report.figures.looks import CAUSE_LOOK
from specc.report.numbers import decimals, fixed, percent, quantity, significant, unit_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLASH_WAITS = "flash waits, at most"


def waterfall(measurement: Measurement, name: str) -> style.Image | None:
    """From no cycles to all of them, in time on this target; what a model only bounds stands behind the total, open.

    Args:
        measurement: a target that tells causes apart and whose clock is known.
        name: of the image.
    """
    found, clock = attribute(measurement.counters), measurement.provenance.clock_hz
    if found is None or not clock:
        return None
    parts = sorted(found.parts, key=lambda part: -part.cycles)
    waits = _waits(measurement)
    ends = [found.whole / clock] + ([(found.whole + waits) / clock] if waits else [])
    symbol, scale = unit_for([ends[0]], "s")
    places = decimals([ends[0] / scale])
    rows = [part.cause for part in parts] + ["all cycles"] + ([FLASH_WAITS] if waits else [])
    with style.figure(0.55 + 0.19 * len(rows)) as canvas:
        axes = canvas.add_subplot()
        left = 0.0
        for y, part in enumerate(parts):
            width = part.cycles / clock / scale
            colour, hatch = CAUSE_LOOK[part.cause]
            edge = style.INK if hatch else colour
            axes.barh(y, width, left=left, height=0.7, color=colour, hatch=hatch, edgecolor=edge, linewidth=0.3)
            left += width
            axes.plot([left, left], [y - 0.35, y + 1.35], color=style.MUTED, linewidth=0.5)
            _label(axes, y, left, f"{fixed(width, places)} ({_share(part.cycles / found.whole)})")
        whole = ends[0] / scale
        axes.barh(len(parts), whole, height=0.7, color=style.INK)
        _label(axes, len(parts), whole, significant(whole, 3))
        if waits:
            axes.barh(
                len(parts) + 1, waits / clock / scale, left=whole, height=0.7, color="none", edgecolor=style.INK,
                linewidth=0.7, linestyle=(0, (2, 2)),
            )  # fmt: skip
            _label(axes, len(parts) + 1, ends[-1] / scale, f"up to {significant(waits / clock / scale, 3)}")
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, max(ends) / scale * 1.16)
        axes.set_xlabel(symbol)
        style.quiet(axes)
        return style.image(canvas, name, _alternative(measurement, found), _caption(measurement, found, waits, clock))


def _label(axes: Axes, y: float, x: float, text: str) -> None:
    axes.annotate(text, (x, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=style.SIZE - 1)


def _share(fraction: float) -> str:
    return f"{fixed(fraction * 100, 1)}\u00a0%"


def _waits(measurement: Measurement) -> float:
    waits = measurement.counters.get("flash_waits_at_most")
    return waits.high or 0.0 if waits else 0.0


def _alternative(measurement: Measurement, found: Attribution) -> str:
    parts = ", ".join(f"{part.cause} {percent(part.cycles / found.whole)}" for part in found.parts)
    return f"Cycles of an inference on {measurement.target} by cause, one after the other: {parts}."


def _caption(measurement: Measurement, found: Attribution, waits: float, clock: float) -> str:
    most = found.largest
    text = (
        f"Of the {quantity(found.whole / clock, 's')} of an inference on {measurement.target}, {most.cause} take "
        f"{quantity(most.cycles / clock, 's')}. The parts add up to the whole exactly"
    )
    bound = f"; waiting for flash adds {quantity(waits / clock, 's')} at most (dashed)." if waits else "."
    return text + bound

"""The utilisation timeline: what the core does while an inference runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specc.explain.attribution import ARRAY, CAUSES, MULTIPLY, attribute
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.report import style
from specc.report.figures.looks import CAUSE_LOOK
from specc.report.numbers import percent, significant, unit_for

if TYPE_CHECKING:
    from matplotlib.patches import Patch


def utilisation(measurement: Measurement, network: Network) -> style.Image | None:
    """Time from left to right; each layer a column as wide as its time, split by cause; MACs per cycle above."""
    found = [(layer, attribute(layer.counters)) for layer in measurement.layers]
    split = [(layer, parts) for layer, parts in found if parts is not None and layer.latency.best.value]
    if not split:
        return None
    macs = {layer.name: layer.macs for layer in network.layers}
    total = sum(layer.latency.best.value or 0.0 for layer, _ in split)
    symbol, scale = unit_for([total], "s")
    with style.figure(3.1) as canvas:
        rate_axes, axes = canvas.subplots(2, 1, sharex=True, height_ratios=[1, 1.7])
        left, edges, rates = 0.0, [0.0], []
        for layer, parts in split:
            width = (layer.latency.best.value or 0.0) / scale
            bottom = 0.0
            for cause in CAUSES:
                share = parts.share(cause) * 100
                if not share:
                    continue
                colour, hatch = CAUSE_LOOK[cause]
                axes.bar(
                    left, share, width=width, bottom=bottom, align="edge", color=colour, hatch=hatch,
                    edgecolor="white", linewidth=0.4,
                )  # fmt: skip
                bottom += share
            rates.append(macs[layer.name] / parts.whole)
            if width > total / scale * 0.045:
                place = (left + width / 2, 1.0)
                label = style.plain(layer.name, 14)
                rate_axes.annotate(
                    label, place, xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
                    ha="center", va="bottom", fontsize=style.SIZE - 1.5, rotation=30 if len(split) > 6 else 0,
                )  # fmt: skip
            left += width
            edges.append(left)
        rate_axes.stairs(rates, edges, color=style.INK, linewidth=1.2, fill=False, baseline=0)
        rate_axes.set_ylabel("MACs\nper cycle")
        rate_axes.set_ylim(bottom=0)
        rate_axes.grid(axis="y", color=style.HAIRLINE, linewidth=0.4)
        axes.set_ylabel("% of cycles")
        axes.set_ylim(0, 100)
        axes.set_xlim(0, left)
        axes.set_xlabel(f"time since the start of an inference on {style.plain(measurement.target)}, {symbol}")
        seen = [cause for cause in CAUSES if any(parts.share(cause) for _, parts in split)]
        handles = [_patch(cause) for cause in seen]
        canvas.legend(handles=handles, loc="outside lower left", ncols=4, handlelength=1.0, columnspacing=1.2)
        worst = min(range(len(split)), key=lambda i: rates[i] if rates[i] else float("inf"))
        best = max(range(len(split)), key=lambda i: rates[i])
        unit = ARRAY if any(parts.share(ARRAY) for _, parts in split) else MULTIPLY
        busy = sum(p.share(unit) * p.whole for _, p in split) / sum(p.whole for _, p in split)
        works = "The array sets the pace" if unit == ARRAY else "The multiplier works"
        caption = (
            f"{works} in {percent(busy)} of the cycles. {split[best][0].name} does the most per cycle, "
            f"{significant(rates[best], 2)} multiply-accumulates; {split[worst][0].name} the fewest of the layers that "
            f"multiply, {significant(rates[worst], 2)}."
        )
        alternative = f"MACs per cycle over the time of an inference on {measurement.target}: " + ", ".join(
            f"{layer.name} {significant(rate, 2)}" for (layer, _), rate in zip(split, rates, strict=True)
        )
        return style.image(canvas, "timeline", f"{alternative}.", caption)


def _patch(cause: str) -> Patch:
    from matplotlib.patches import Patch

    colour, hatch = CAUSE_LOOK[cause]
    return Patch(facecolor=colour, hatch=hatch, edgecolor=style.INK if hatch else colour, label=cause, linewidth=0.3)

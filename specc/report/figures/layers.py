"""Where the time of an inference goes: by layer, and by cause within each layer."""

from __future__ import annotations

import math
from typing import Final

from specc.explain.attribution import CAUSES, UNATTRIBUTED, Attribution, attribute
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.report import style
from specc.report.figures.looks import CAUSE_LOOK
from specc.report.numbers import percent, unit_for

_PANELS_ABREAST: Final = 6


def layer_times(network: Network, measurements: list[Measurement]) -> style.Image | None:
    """Small multiples, one panel for each target, layers in order of execution; each panel has its own axis."""
    shown = [m for m in measurements if m.layers and m.total.best.value]
    if not shown:
        return None
    names = [layer.name for layer in network.layers]
    heaviest: dict[str, tuple[str, float]] = {}
    lines = math.ceil(len(shown) / _PANELS_ABREAST)
    abreast = math.ceil(len(shown) / lines)
    with style.figure((0.72 + 0.165 * len(names)) * lines) as canvas:
        panels = canvas.subplots(lines, abreast, sharey=True, squeeze=False).flat
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        for axes, measurement in zip(panels[: len(shown)], shown, strict=True):
            times = {layer.name: layer.latency.best.value or 0.0 for layer in measurement.layers}
            symbol, scale = unit_for([max(times.values())], "s")
            top = max(times, key=lambda name: times[name])
            heaviest[measurement.target] = (top, times[top] / (measurement.total.best.value or 1.0))
            values = [times.get(name, 0.0) / scale for name in names]
            axes.barh(range(len(names)), values, height=0.72, color=[_shade(name == top) for name in names])
            axes.set_title(
                style.plain(measurement.target, max(6, 64 // abreast)), fontsize=style.SIZE, loc="left", pad=4
            )
            axes.set_xlabel(symbol)
            axes.locator_params(axis="x", nbins=3)
            style.quiet(axes)
        panels[0].set_yticks(range(len(names)), [style.plain(name, 18) for name in names])
        panels[0].set_ylim(len(names) - 0.4, -0.6)
        alternative = "Time of every layer by target; " + "; ".join(
            f"on {target} {name} takes most, {percent(share)} of an inference"
            for target, (name, share) in heaviest.items()
        )
        return style.image(canvas, "layers", alternative + ".", _layers_caption(heaviest))


def _shade(heaviest: bool) -> str:
    return style.BLUE if heaviest else style.SKY


def _layers_caption(heaviest: dict[str, tuple[str, float]]) -> str:
    by_layer: dict[str, list[str]] = {}
    for target, (name, _) in heaviest.items():
        by_layer.setdefault(name, []).append(target)
    if len(by_layer) == 1:
        name = next(iter(by_layer))
        low, high = min(s for _, s in heaviest.values()), max(s for _, s in heaviest.values())
        share = percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
        where = "every target" if len(heaviest) > 1 else next(iter(heaviest))
        return f"{name} is the heaviest layer on {where}, with {share} of an inference. Each panel has its own scale."
    parts = [f"{name} on {', '.join(targets)}" for name, targets in by_layer.items()]
    return f"The heaviest layer (dark) is {'; '.join(parts)}. Each panel has its own scale."


def cycle_causes(measurement: Measurement) -> style.Image | None:
    """Stacked bars: the cycles of every layer by cause, in thousands."""
    split: list[tuple[str, Attribution]] = [
        (layer.name, found) for layer in measurement.layers if (found := attribute(layer.counters)) is not None
    ]
    whole = attribute(measurement.counters)
    if not split or whole is None:
        return None
    causes = [cause for cause in CAUSES if any(part.cause == cause for _, found in split for part in found.parts)]
    largest = max(found.whole for _, found in split)
    scale, unit = (1e6, "million cycles") if largest >= 2e6 else (1e3, "thousand cycles")
    with style.figure(0.85 + 0.165 * len(split)) as canvas:
        axes = canvas.add_subplot()
        left = [0.0] * len(split)
        for cause in causes:
            widths = [found.share(cause) * found.whole / scale for _, found in split]
            colour, hatch = CAUSE_LOOK[cause]
            axes.barh(
                range(len(split)),
                widths,
                left=left,
                height=0.74,
                color=colour,
                hatch=hatch,
                edgecolor=style.INK if hatch else colour,
                linewidth=0.3 if hatch else 0.0,
                label=cause,
            )
            left = [a + b for a, b in zip(left, widths, strict=True)]
        axes.set_yticks(range(len(split)), [style.plain(name, 18) for name, _ in split])
        axes.set_ylim(len(split) - 0.4, -0.6)
        axes.set_xlabel(unit)
        style.quiet(axes)
        canvas.legend(loc="outside upper left", ncols=len(causes), handlelength=1.0, columnspacing=1.2)
        shares = sorted(whole.parts, key=lambda part: -part.cycles)
        named = ", ".join(f"{part.cause} {percent(part.cycles / whole.whole)}" for part in shares)
        unexplained = whole.share(UNATTRIBUTED)
        model = " (at zero wait states)" if measurement.evidence == "simulated" else ""
        caption = (
            f"On {measurement.target}{model} {shares[0].cause} take the largest part of the cycles, "
            f"{percent(shares[0].cycles / whole.whole)}. The parts add up to the whole; "
            + (f"{percent(unexplained)} remain unattributed." if unexplained else "nothing remains unattributed.")
        )
        return style.image(canvas, "causes", f"Cycles by cause on {measurement.target}: {named}.", caption)

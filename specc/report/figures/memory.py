"""Memory maps: what fills flash and SRAM on every target, against the budget."""

from __future__ import annotations

from specc.measure.result import Measurement
from specc.report import style
from specc.report.inputs import ReportInputs
from specc.report.numbers import quantity
from specc.units import quantity as parse

_COLOURS = (style.BLUE, style.SKY, style.ORANGE, style.PURPLE, style.GREEN, style.PALE)
_KINDS = ("flash", "sram")
_NAMES = {"flash": "flash", "sram": "SRAM"}


def memory_map(inputs: ReportInputs) -> style.Image | None:
    """Two panels, flash and SRAM: stacked bars of the regions, the budget as a bar across."""
    shown = [inputs.measurements[t.name] for t in inputs.spec.targets if t.name in inputs.measurements]
    shown = [m for m in shown if m.memory.regions]
    if not shown:
        return None
    with style.figure(0.95 + 0.24 * len(shown)) as canvas:
        panels = canvas.subplots(1, 2, sharey=True)
        for axes, kind in zip(panels, _KINDS, strict=True):
            regions = list(dict.fromkeys(n for m in shown for n in m.memory.regions if n.startswith(f"{kind}:")))
            left = [0.0] * len(shown)
            for place, region in enumerate(regions):
                widths = [m.memory.regions.get(region, 0) / 1024 for m in shown]
                colour = _COLOURS[place % len(_COLOURS)]
                name = style.plain(region.partition(": ")[2])
                axes.barh(
                    range(len(shown)), widths, left=left, height=0.66, color=colour, edgecolor="white", linewidth=0.4,
                    label=name,
                )  # fmt: skip
                left = [a + b for a, b in zip(left, widths, strict=True)]
            for y, measurement in enumerate(shown):
                limit = _limit(inputs, measurement.target, kind)
                if limit is not None:
                    axes.plot([limit / 1024] * 2, [y - 0.5, y + 0.5], color=style.INK, linewidth=1.2)
            axes.set_xlabel(f"{_NAMES[kind]}, KiB")
            axes.set_xlim(left=0)
            style.quiet(axes)
            if regions:
                axes.legend(
                    loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=min(3, len(regions)), handlelength=0.9,
                    columnspacing=1.0, handletextpad=0.5, borderpad=0.1,
                )  # fmt: skip
        panels[0].set_yticks(range(len(shown)), [style.plain(m.target) for m in shown])
        panels[0].set_ylim(len(shown) - 0.5, -0.5)
        return style.image(canvas, "memory", _alternative(shown), _caption(shown))


def _limit(inputs: ReportInputs, target: str, kind: str) -> float | None:
    found = next((v for v in inputs.verdicts if v.target == target and v.label == f"memory {kind}"), None)
    return None if found is None else float(parse(found.limit, found.unit).base)


def _alternative(shown: list[Measurement]) -> str:
    parts = [
        f"{m.target} flash {quantity(m.memory.flash.value or 0, 'B')}, SRAM {quantity(m.memory.sram.value or 0, 'B')}"
        for m in shown
    ]
    return "Memory by target: " + "; ".join(parts) + "."


def _caption(shown: list[Measurement]) -> str:
    largest = {
        kind: max(
            ((size, name, m.target) for m in shown for name, size in m.memory.regions.items() if name.startswith(kind)),
            key=lambda found: found[0],
            default=None,
        )
        for kind in _KINDS
    }
    parts = []
    for kind, found in largest.items():
        if found:
            size, name, target = found
            same = {m.memory.regions.get(name) for m in shown} == {size}
            where = "on every target" if same else f"on {target}"
            parts.append(f"of the {_NAMES[kind]} it is {name.partition(': ')[2]} ({quantity(size, 'B')} {where})")
    return f"The largest part: {', '.join(parts)}. Upright line: the limit."

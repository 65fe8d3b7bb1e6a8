"""Work and cost: the share of MACs beside the share of time, counters for each MAC, and what flash may add."""

from __future__ import annotations

from collections.abc import Mapping

from specc.evidence import Figure
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.report import style
from specc.report.numbers import count, percent, significant

_PER_MAC = (
    ("cycles", "cycles"),
    ("instructions", "instructions"),
    ("loads", "loads"),
    ("stores", "stores"),
    ("branches", "branches"),
    ("load_stalls", "load stalls"),
    ("flash_fetch_misses", "fetch misses"),
    ("flash_data_misses", "data misses"),
    ("mispredictions", "mispredictions"),
)


def work_and_time(network: Network, measurement: Measurement) -> style.Image | None:
    """Dumbbells: for each layer its share of the MACs and its share of the time."""
    total = measurement.total.best.value
    if not total or not network.macs or not measurement.layers:
        return None
    times = {layer.name: (layer.latency.best.value or 0.0) / total for layer in measurement.layers}
    rows = [(layer.name, layer.macs / network.macs, times.get(layer.name, 0.0)) for layer in network.layers]
    with style.figure(0.7 + 0.17 * len(rows)) as canvas:
        axes = canvas.add_subplot()
        for y, (_, work, time) in enumerate(rows):
            axes.plot([work * 100, time * 100], [y, y], color=style.HAIRLINE, linewidth=1.6, zorder=1)
        places = range(len(rows))
        axes.plot(
            [work * 100 for _, work, _ in rows], places, "o", color=style.INK, markerfacecolor="white", markersize=5,
            label="share of the MACs",
        )  # fmt: skip
        axes.plot(
            [time * 100 for _, _, time in rows], places, "s", color=style.BLUE, markersize=5, label="share of the time"
        )
        axes.set_yticks(places, [style.plain(name, 18) for name, _, _ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=-0.5)
        axes.set_xlabel("%")
        style.quiet(axes)
        canvas.legend(loc="outside upper left", ncols=2, handlelength=1.0)
        name, work, time = max(rows, key=lambda row: row[2] - row[1])
        caption = (
            f"On {measurement.target}, {name} costs the most beyond its work: {percent(work)} of the "
            f"multiply-accumulates, {percent(time)} of the time."
        )
        alternative = "; ".join(f"{name} {percent(work)} of MACs, {percent(time)} of time" for name, work, time in rows)
        return style.image(canvas, "work", f"Work and time by layer on {measurement.target}: {alternative}.", caption)


def counter_map(network: Network, measurement: Measurement) -> style.Image | None:
    """A heat map of counters for each MAC: rows are layers, columns counters, each column shaded by its own largest."""
    layers = [
        (result, layer.macs)
        for layer in network.layers
        for result in measurement.layers
        if result.name == layer.name and layer.macs
    ]
    names = [(key, title) for key, title in _PER_MAC if any(_count(r.counters, key) for r, _ in layers)]
    if len(layers) < 2 or len(names) < 2:
        return None
    from matplotlib.patches import Rectangle

    with style.figure(0.55 + 0.2 * len(layers)) as canvas:
        axes = canvas.add_subplot()
        for x, (key, _) in enumerate(names):
            values = [_count(result.counters, key) / macs for result, macs in layers]
            for y, value in enumerate(values):
                shade = value / max(values)
                axes.add_patch(Rectangle((x, y), 1, 1, facecolor=_tint(shade), edgecolor="white", linewidth=1.2))
                ink = "white" if shade > 0.62 else style.INK
                text = significant(value, 2) if value >= 0.001 else "0" if not value else "<\u20090.001"
                axes.text(x + 0.5, y + 0.52, text, ha="center", va="center", color=ink, fontsize=style.SIZE - 1)
        axes.set_xlim(0, len(names))
        axes.set_ylim(len(layers), 0)
        axes.set_xticks([x + 0.5 for x in range(len(names))], [title for _, title in names])
        axes.xaxis.tick_top()
        axes.set_yticks([y + 0.5 for y in range(len(layers))], [style.plain(r.name, 18) for r, _ in layers])
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        key, title = names[0]
        rates = [(_count(result.counters, key) / macs, result.name) for result, macs in layers]
        (low, least), (high, most) = min(rates), max(rates)
        caption = (
            f"For each multiply-accumulate on {measurement.target}: {most} needs {significant(high, 2)} {title}, "
            f"{least} {significant(low, 2)}. Darker is more, column by column."
        )
        alternative = f"{title} for each multiply-accumulate: " + ", ".join(
            f"{n} {significant(v, 2)}" for v, n in rates
        )
        return style.image(canvas, f"per-mac-{measurement.target}", f"{alternative}.", caption)


def _tint(shade: float) -> tuple[float, float, float]:
    """From white to the blue of the style, in steps that a grey print keeps."""
    blue = (0x00 / 255, 0x4B / 255, 0x7A / 255)
    low, high, part = blue, (0.96, 0.97, 0.98), shade
    return (
        high[0] + (low[0] - high[0]) * part,
        high[1] + (low[1] - high[1]) * part,
        high[2] + (low[2] - high[2]) * part,
    )


def _count(counters: Mapping[str, Figure], key: str) -> float:
    found = counters.get(key)
    return found.value or 0.0 if found else 0.0


def flash_waits(measurements: list[Measurement]) -> style.Image | None:
    """Lines from the lower to the upper bound of every layer's cycles: what waiting for flash may add."""
    shown = [m for m in measurements if m.layers and any(_bounds(layer.counters) for layer in m.layers)]
    if not shown:
        return None
    names = [layer.name for layer in shown[0].layers]
    with style.figure(0.75 + 0.165 * len(names)) as canvas:
        panels = canvas.subplots(1, len(shown), sharey=True, sharex=True, squeeze=False)[0]
        most = (0.0, 1.0, "", "")
        for axes, m in zip(panels, shown, strict=True):
            for y, layer in enumerate(m.layers):
                bounds = _bounds(layer.counters)
                if not bounds:
                    continue
                low, high = bounds
                axes.plot([low / 1e3, high / 1e3], [y, y], color=style.SKY, linewidth=3.2, solid_capstyle="butt")
                axes.plot([low / 1e3], [y], "o", color=style.INK, markersize=3)
                axes.plot([high / 1e3], [y], "|", color=style.INK, markersize=7, markeredgewidth=1.2)
                most = max(most, (high - low, low, layer.name, m.target))
            axes.set_title(style.plain(m.target, max(6, 64 // len(shown))), fontsize=style.SIZE, loc="left", pad=4)
            axes.set_xlim(left=0)
            axes.set_xlabel("thousand cycles")
            axes.locator_params(axis="x", nbins=4)
            style.quiet(axes)
        panels[0].set_yticks(range(len(names)), [style.plain(name, 18) for name in names])
        panels[0].set_ylim(len(names) - 0.4, -0.6)
        caption = (
            f"Waiting for flash may add {count(most[0])} cycles ({percent(most[0] / most[1])}) to {most[2]} on "
            f"{most[3]}, more than to any other layer. "
            "Dot: no waits; upright line: every miss of the simulated flash cache waits in full."
        )
        alternative = "Bounds of the cycles of an inference: " + "; ".join(
            f"{m.target} {count(m.counters['cycles'].value or 0)} to {count(m.counters['cycles'].high or 0)}"
            for m in shown
        )
        return style.image(canvas, "flash-waits", f"{alternative}.", caption)


def _bounds(counters: Mapping[str, Figure]) -> tuple[float, float] | None:
    cycles = counters.get("cycles")
    if cycles is None or cycles.value is None or cycles.high is None or cycles.high <= cycles.value:
        return None
    return cycles.value, cycles.high

"""How measured latency varies: percentiles, the order in which runs were taken, and other runtimes beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from specc.measure.result import Measurement
from specc.measure.statistics import percentile
from specc.report import style
from specc.report.numbers import figure_text, percent, quantity, significant, unit_for

if TYPE_CHECKING:
    from matplotlib.patches import PathPatch

_FEWEST = 20  # samples below which a percentile plot is an invention
_MARKS = ("o", "s", "D", "^", "v")
_LINES = (("-", style.BLUE), ("--", style.ORANGE), (":", style.GREEN), ("-.", style.PURPLE), ("-", style.MUTED))
_TICKS = (1, 10, 25, 50, 75, 90, 95, 99, 99.9)


def percentiles(measurements: Sequence[Measurement]) -> style.Image | None:
    """Latency over percentile on the scale on which a normal distribution is a straight line; baselines beside it."""
    series: list[tuple[str, Sequence[float]]] = []
    for m in measurements:
        if m.evidence == "measured" and len(m.total.samples) >= _FEWEST:
            series.append((m.target, m.total.samples))
            series += [(f"{b.name} on {m.target}", b.latency.samples) for b in m.baselines]
    series = [(name, samples) for name, samples in series if len(samples) >= _FEWEST][: len(_LINES)]
    if not series:
        return None
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    symbol, scale = unit_for([percentile(samples, 50) for _, samples in series], "s")
    normal = NormalDist()
    with style.figure(2.6) as canvas:
        axes = canvas.add_subplot()
        for (name, samples), (line, colour), mark in zip(series, _LINES, _MARKS, strict=False):
            axes.plot([], [], f"{line}{mark}", color=colour, markersize=4, label=style.plain(name, 30))
            ordered = sorted(samples)
            shares = [(i + 0.5) / len(ordered) for i in range(len(ordered))]
            values = [value / scale for value in ordered]
            axes.plot([normal.inv_cdf(s) for s in shares], values, line, color=colour, linewidth=1.4)
            marked = [p for p in _TICKS if shares[0] <= p / 100 <= shares[-1]]
            axes.plot(
                [normal.inv_cdf(p / 100) for p in marked], [percentile(samples, p) / scale for p in marked], mark,
                color=colour, markersize=4, linestyle="none",
            )  # fmt: skip
        axes.set_xticks([normal.inv_cdf(p / 100) for p in _TICKS], [f"p{p:g}" for p in _TICKS])
        axes.set_xlim(normal.inv_cdf(0.0005), normal.inv_cdf(0.9995))
        every = [value / scale for _, samples in series for value in samples]
        if spread := max(every) > 8 * min(every) > 0:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: significant(value, 1)))
        else:
            axes.set_ylim(bottom=0)
        axes.set_ylabel(f"latency, {symbol}" + (" (logarithmic)" if spread else ""))
        canvas.legend(loc="outside upper left", ncols=3, handlelength=2.6)
        axes.grid(color=style.HAIRLINE, linewidth=0.4)
        axes.set_axisbelow(True)
        name, samples = series[0]
        p50, p99 = percentile(samples, 50), percentile(samples, 99)
        caption = (
            f"On {name} half of the runs take {quantity(p50, 's')} or less, and one in a hundred "
            f"{significant(p99 / p50, 3)} times that or more. A straight line would be a normal distribution."
        )
        alternative = "Latency by percentile: " + "; ".join(
            f"{name} p50 {quantity(percentile(s, 50), 's')}, p99 {quantity(percentile(s, 99), 's')}"
            for name, s in series
        )
        return style.image(canvas, "percentiles", f"{alternative}.", caption)


def runs(measurement: Measurement) -> style.Image | None:
    """Every warm run in the order in which it was taken, with the median and the 95th percentile."""
    samples = measurement.total.samples
    if measurement.evidence != "measured" or len(samples) < _FEWEST:
        return None
    symbol, scale = unit_for([measurement.total.p50], "s")
    with style.figure(1.9) as canvas:
        axes = canvas.add_subplot()
        axes.add_patch(_dots([(run, sample / scale) for run, sample in enumerate(samples, 1)]))
        # Names in a legend: outliers press the two lines together, and names beside them onto each other.
        for name, value, line in (("median", measurement.total.p50, "-"), ("p95", measurement.total.p95, "--")):
            label = f"{name}, {quantity(value, 's')}"
            axes.axhline(value / scale, color=style.INK, linewidth=0.8, linestyle=line, label=label)
        canvas.legend(loc="outside upper left", ncols=2, handlelength=2.6)
        axes.autoscale_view()
        axes.set_xlim(0, len(samples) + 1)
        axes.set_xlabel("run")
        axes.set_ylabel(f"latency, {symbol}")
        slow = sum(s > 1.1 * measurement.total.p50 for s in samples)
        third = len(samples) // 3
        first, last = percentile(samples[:third], 50), percentile(samples[-third:], 50)
        caption = (
            f"{slow} of {len(samples)} runs on {measurement.target} take more than 1.1 times the median. The median of "
            f"the last third is {percent(abs(last / first - 1))} {'above' if last >= first else 'below'} that of the "
            "first."
        )
        alternative = (
            f"Latency of {len(samples)} runs on {measurement.target} in order: from {quantity(min(samples), 's')} to "
            f"{quantity(max(samples), 's')}, median {quantity(measurement.total.p50, 's')}."
        )
        return style.image(canvas, f"runs-{measurement.target}", alternative, caption)


def _dots(points: Sequence[tuple[float, float]]) -> PathPatch:
    """Many small dots as one path, of strokes without a length and with round ends: a marker each takes an element."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    strokes = Path([point for point in points for _ in range(2)], [Path.MOVETO, Path.LINETO] * len(points))
    strokes.should_simplify = False  # strokes without a length would go
    return PathPatch(strokes, edgecolor=style.BLUE, fill=False, linewidth=2.1, capstyle="round")


def baselines(measurements: Sequence[Measurement]) -> style.Image | None:
    """Bars: the generated code and each other runtime on the same machine and inputs, medians with intervals."""
    shown = [m for m in measurements if m.baselines and m.total.best.value]
    if not shown:
        return None
    rows = [
        (f"{name}, {m.target}" if len(shown) > 1 else name, figure, name == "specc")
        for m in shown
        for name, figure in [("specc", m.total.best), *((f"{b.name} {b.version}", b.latency.best) for b in m.baselines)]
        if figure.value
    ]
    symbol, scale = unit_for([figure.value or 0.0 for _, figure, _ in rows], "s")
    with style.figure(0.5 + 0.24 * len(rows)) as canvas:
        axes = canvas.add_subplot()
        for y, (_, figure, ours) in enumerate(rows):
            value = (figure.value or 0.0) / scale
            axes.barh(
                y, value, height=0.6, color=style.BLUE if ours else style.PALE, edgecolor=style.INK, linewidth=0.4
            )
            if figure.low is not None and figure.high is not None:
                axes.plot([figure.low / scale, figure.high / scale], [y, y], color=style.INK, marker="|", linewidth=0.9)
            axes.annotate(significant(value, 3), (value, y), xytext=(8, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(rows)), [style.plain(name, 34) for name, _, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.margins(x=0.1)
        axes.set_xlim(left=0)
        axes.set_xlabel(f"median latency of one inference, {symbol}")
        style.quiet(axes)
        parts = []
        for m in shown:
            own = m.total.best.value or 1.0
            for b in m.baselines:
                ratio = (b.latency.best.value or 0.0) / own
                word = (
                    f"{significant(1 / ratio, 2)} times as fast as"
                    if ratio < 1
                    else f"{significant(ratio, 2)} times as slow as"
                )
                parts.append(f"{b.name} is {word} the generated C on {m.target}")
        alternative = "; ".join(f"{name} {figure_text(figure)}" for name, figure, _ in rows)
        return style.image(canvas, "baselines", f"Median latency by runtime: {alternative}.", f"{'; '.join(parts)}.")

"""Latency intervals of all targets against their budgets."""

from __future__ import annotations

from specc.evidence import Figure
from specc.guide.candidates import percentile
from specc.measure.statistics import percentile_figure
from specc.measure.verdict import Verdict
from specc.report import style
from specc.report.inputs import ReportInputs
from specc.report.numbers import quantity, significant, unit_for

_MARK = {"pass": "o", "undecided": "D", "fail": "s"}
_COLOUR = {"pass": style.GREEN, "undecided": style.ORANGE, "fail": style.VERMILION}


def latency_against_budget(inputs: ReportInputs) -> style.Image | None:
    """One row for each target: its interval, and the limit as a bar across. A logarithmic axis where they spread."""
    from matplotlib.ticker import FuncFormatter, NullFormatter
    from matplotlib.transforms import offset_copy

    percent = percentile(inputs.spec)
    rows = [
        (
            target.name,
            percentile_figure(inputs.measurements[target.name].total, percent),
            _verdict(inputs, target.name, percent),
        )
        for target in inputs.spec.targets
        if target.name in inputs.measurements
    ]
    rows = [row for row in rows if row[1].value is not None]
    if not rows:
        return None
    limits = {name: _seconds(verdict) for name, _, verdict in rows if verdict}
    values = [value for _, f, _ in rows for value in (f.value, f.low, f.high) if value] + list(limits.values())
    symbol, scale = unit_for(values, "s")
    spread = max(values) / min(values)
    with style.figure(0.62 + 0.27 * len(rows)) as canvas:
        axes = canvas.add_subplot()
        for y, (name, figure, verdict) in enumerate(rows):
            outcome = verdict.outcome if verdict else None
            colour = _COLOUR[outcome] if outcome else style.MUTED
            value = (figure.value or 0.0) / scale
            if figure.high is not None and figure.low is not None:
                axes.plot([figure.low / scale, figure.high / scale], [y, y], color=colour, linewidth=2.2, zorder=2)
            elif figure.high is None:
                head = offset_copy(axes.transData, canvas, 26, 0, "points")
                style_of = {"arrowstyle": "->", "color": colour, "lw": 1.2}
                axes.annotate("", (value, y), (value, y), xycoords=head, textcoords="data", arrowprops=style_of)
            axes.plot([value], [y], _MARK[outcome] if outcome else "o", color=colour, markersize=5.5, zorder=3)
            if name in limits:
                axes.plot([limits[name] / scale] * 2, [y - 0.5, y + 0.5], color=style.INK, linewidth=1.2, zorder=4)
        axes.margins(x=0.08)  # room for the arrows
        axes.set_yticks(range(len(rows)), [style.plain(name) for name, _, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        if spread > 8:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: significant(value, 1)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_xlim(left=0)
        kind = "median latency" if percent == 50 else f"latency (p{percent})"
        axes.set_xlabel(f"{kind} of one inference, {symbol}" + (" (logarithmic)" if spread > 8 else ""))
        style.quiet(axes)
        return style.image(canvas, "latency", _alternative(rows), _caption(rows, limits))


def _verdict(inputs: ReportInputs, target: str, percent: float) -> Verdict | None:
    """The tightest verdict on the latency of a warm inference at a percentile."""
    label = "latency total" if percent == 50 else f"latency total p{percent}"
    found = [verdict for verdict in inputs.verdicts if verdict.target == target and verdict.label == label]
    return min(found, key=_seconds, default=None)


def _seconds(verdict: Verdict) -> float:
    from specc.units import quantity as parse

    return float(parse(verdict.limit, verdict.unit).base)


def _alternative(rows: list[tuple[str, Figure, Verdict | None]]) -> str:
    parts = [f"{name} {quantity(figure.value or 0.0, 's')}" for name, figure, _ in rows]
    return "Latency of one inference by target: " + ", ".join(parts) + "."


def _caption(rows: list[tuple[str, Figure, Verdict | None]], limits: dict[str, float]) -> str:
    fastest = min(rows, key=lambda row: row[1].value or 0.0)[0]
    within = [name for name, _, verdict in rows if verdict and verdict.outcome == "pass"]
    key = (
        "Circle: pass; diamond: undecided; square: fail; upright line: the limit; line: the interval, an arrow where "
        "nothing bounds it from above."
    )
    if not limits:
        return f"{fastest} is the fastest; no budget limits the latency. {key}"
    verb = "stays" if len(within) == 1 else "stay"
    finding = (
        f"{', '.join(within)} {verb} within the limit for certain"
        if within
        else "No target is certain to meet the limit"
    )
    return f"{finding}; {fastest} is the fastest. {key}"

"""Energy shares: which kinds of layer the energy of an inference goes to, on every target that has a figure."""

from __future__ import annotations

from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.report import style
from specc.report.figures.looks import kind_look
from specc.report.numbers import percent, quantity, unit_for


def energy_shares(network: Network, measurements: list[Measurement]) -> style.Image | None:
    """Stacked bars with the interval of the whole. A layer without energy of its own has its part by time."""
    shown = [m for m in measurements if m.energy.value and m.total.best.value and m.layers]
    if not shown:
        return None
    split = {m.target: shares(network, m) for m in shown}
    kinds = sorted({kind for found in split.values() for kind in found}, key=lambda kind: -_most(split, kind))
    symbol, scale = unit_for([m.energy.value or 0.0 for m in shown], "J")
    with style.figure(0.8 + 0.3 * len(shown)) as canvas:
        axes = canvas.add_subplot()
        left = [0.0] * len(shown)
        for kind in kinds:
            widths = [split[m.target].get(kind, 0.0) * (m.energy.value or 0.0) / scale for m in shown]
            colour, hatch = kind_look(kind)
            axes.barh(
                range(len(shown)), widths, left=left, height=0.6, color=colour, hatch=hatch, edgecolor="white",
                linewidth=0.4, label=kind,
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
        canvas.legend(loc="outside upper left", ncols=min(6, len(kinds)), handlelength=1.2, columnspacing=1.2)
        alternative = "Energy of an inference by kind of layer: " + "; ".join(
            f"{m.target} {quantity(m.energy.value or 0.0, 'J')}, of which "
            + ", ".join(f"{kind} {percent(share)}" for kind, share in split[m.target].items())
            for m in shown
        )
        return style.image(canvas, "energy", f"{alternative}.", _caption(shown, split, kinds[0]))


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


def _most(split: dict[str, dict[str, float]], kind: str) -> float:
    return max(found.get(kind, 0.0) for found in split.values())


def _caption(shown: list[Measurement], split: dict[str, dict[str, float]], kind: str) -> str:
    low, high = (f(split[m.target].get(kind, 0.0) for m in shown) for f in (min, max))
    share = percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
    least = min(shown, key=lambda m: m.energy.value or 0.0).target
    by_time = [m.target for m in shown if any(layer.energy is None for layer in m.layers)]
    split_note = f" No layer of {', '.join(by_time)} has energy of its own: split as the time is." if by_time else ""
    return (
        f"{kind} layers take {share} of the energy; {least} needs the least, going by the values. Lines: intervals; an "
        f"arrow where nothing bounds the energy from above.{split_note}"
    )

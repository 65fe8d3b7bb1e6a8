"""Rooflines as text and as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from specc.evidence import Figure
from specc.explain.roofline import Placed, movement_share
from specc.explain.rooflines import Roofline
from specc.report.numbers import percent, quantity, significant
from specc.report.terminal import table

FORMAT_VERSION: Final = 1
DASH: Final = "\u2014"


def roofline_text(roofline: Roofline) -> str:
    """Peaks, and a line for each layer: work, traffic, the roof, how much of it is reached, what bounds it."""
    measurement, peaks = roofline.measurement, roofline.peaks
    header = (measurement.target, "MACs", "bytes", "MAC/B", "time", "roof", "set by", "reached", "bound by", "margin")
    rows = [_row(layer) for layer in roofline.layers]
    lines = [table(header, rows, right=(1, 2, 3, 4, 5, 7, 9)), ""]
    rates = ", ".join(f"{name} {_rate(rate, peaks.clock_hz)}" for name, rate in peaks.rates.items())
    lines.append(f"Peaks ({peaks.evidence}): {rates}.")
    moved = movement_share(measurement.counters)
    if moved is not None:
        lines.append(f"{percent(moved)} of all cycles load and store.")
    if not any(layer.counted for layer in roofline.layers):
        lines.append("No counters tell the causes apart: bounds are by the peaks alone.")
    return "\n".join([*lines, ""])


def roofline_json(found: Sequence[Roofline], failures: Mapping[str, str]) -> dict[str, Any]:
    """Plain data for `--json`."""
    return {
        "format_version": FORMAT_VERSION,
        "rooflines": [
            {
                "target": one.measurement.target,
                "peaks": one.peaks.model_dump(mode="json"),
                "layers": [
                    asdict(layer)
                    | {
                        "intensity": layer.intensity,
                        "achieved": layer.achieved,
                        "reached": layer.reached,
                        "bottleneck": layer.bottleneck,
                        "margin": layer.margin,
                    }
                    for layer in one.layers
                ],
            }
            for one in found
        ],
        "failures": dict(failures),
    }


def _row(layer: Placed) -> tuple[str, ...]:
    return (
        layer.layer,
        f"{layer.macs:,}",
        f"{layer.traffic.total:,}",
        DASH if layer.intensity is None else significant(layer.intensity, 2),
        quantity(layer.seconds, "s"),
        quantity(layer.roof, "s"),
        layer.by,
        percent(layer.reached),
        layer.bottleneck,
        percent(layer.margin),
    )


def _rate(figure: Figure, clock: float | None) -> str:
    """A rate per second, and per cycle where the clock is known."""
    value = figure.value or 0.0
    unit = "GMAC/s" if figure.unit == "MAC/s" else "GB/s"
    text = f"{significant(value / 1e9, 3)} {unit}"
    return (
        text if clock is None else f"{text} ({significant(value / clock, 3)} {'MAC' if unit[1] == 'M' else 'B'}/cycle)"
    )

"""Rooflines as text and as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from specc.evidence import Figure
from specc.explain.roofline import Placed, movement_share
from specc.explain.rooflines import Roofline
from specc.explain.working_set import Memory, WorkingSet
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
    lines += _working_set(roofline)
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
                "working_sets": [asdict(own) | {"total": own.total} for own in one.working_sets],
                "memories": [
                    asdict(memory) | {"fitting": [own.layer for own in one.working_sets if memory.holds(own)]}
                    for memory in one.memories
                ],
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


def _working_set(roofline: Roofline) -> list[str]:
    """The largest working set, and how many layers fit each memory."""
    largest = max(roofline.working_sets, key=lambda one: one.total)
    lines = [f"{largest.layer} touches the most, {largest.total:,} B in an inference."]
    for memory in roofline.memories:
        concerned, fitting = _fitting(memory, roofline.working_sets)
        what = {"weights": "weights", "activations": "inputs and output", "all of it": "whole working set"}
        lines.append(
            f"{memory.kind}, {memory.size:,} B: the {what[memory.contents]} of {fitting} of {concerned} layers fit."
        )
    return lines if roofline.memories else [*lines, "No size of a cache or of SRAM is declared."]


def _fitting(memory: Memory, sets: Sequence[WorkingSet]) -> tuple[int, int]:
    """Layers that a memory concerns, and those of them that fit it."""
    concerned = [one for one in sets if memory.concerns(one)]
    return len(concerned), sum(memory.holds(one) for one in concerned)


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

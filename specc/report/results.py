"""Tables for the terminal about stored results: comparisons, recorded energy, tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specc.measure.compare import Difference, Judgement, Mismatch
from specc.measure.doctor import Tool
from specc.measure.energy.ina import Reading
from specc.measure.energy.inferences import InferenceEnergy
from specc.measure.energy.scan import Found
from specc.measure.result import Measurement
from specc.report.numbers import figure_text, percent
from specc.report.terminal import table

_WORDS: Final[dict[Judgement, str]] = {
    "lower": "B is lower",
    "higher": "B is higher",
    "equal": "equal",
    "no clear difference": "no clear difference",
    "unknown": "not decided",
}
_LONGEST: Final = 60  # characters of a metadata value


def comparison_table(
    first: Measurement, second: Measurement, differences: Sequence[Difference], mismatches: Sequence[Mismatch]
) -> str:
    """Who is compared, what metadata differs, every figure."""
    rows = [
        (
            difference.what,
            figure_text(difference.first),
            figure_text(difference.second),
            _change(difference),
            _WORDS[difference.judgement],
        )
        for difference in differences
    ]
    lines = [
        f"A: {first.target}, {first.provenance.hardware}, {first.evidence}, {first.key[:12]}",
        f"B: {second.target}, {second.provenance.hardware}, {second.evidence}, {second.key[:12]}",
        "",
    ]
    if mismatches:
        lines.append("These differ too, so a difference below may have more than one cause:")
        lines += [f"  {one.meaning}: {_shortened(one.first)} | {_shortened(one.second)}" for one in mismatches]
        lines.append("")
    lines.append(table(("figure", "A", "B", "change from A to B", "verdict"), rows, right=(1, 2, 3)))
    return "\n".join(lines)


def energy_table(measurement: Measurement, result: InferenceEnergy) -> str:
    """Energy of an inference and of its layers, and what to know about it."""
    rows = [("total", figure_text(result.total))]
    rows += [(name, figure_text(figure)) for name, figure in result.layers.items()]
    idle = "unknown" if result.idle_watts is None else f"{result.idle_watts * 1e3:.4g} mW"
    lines = [
        table(("energy per inference", measurement.target), rows, right=(1,)),
        "",
        f"{result.inferences} inferences, idle {idle}; {result.total.basis}",
    ]
    return "\n".join([*lines, *(f"{measurement.target}: {note}" for note in measurement.notes)])


def tools_table(tools: Sequence[Tool]) -> str:
    """What is there, and what is lost without the rest."""
    rows = [
        (tool.name, "✓" if tool.found else "✗ missing", tool.found or f"{tool.cost}; {tool.repair}") for tool in tools
    ]
    return table(("tool", "", "found, or what is lost without it"), rows)


def sensors_table(found: Sequence[Found]) -> str:
    """What answers on a bus, and what flows there."""
    rows = [
        (
            f"0x{one.address:02x}",
            {"ina226": "INA226"}.get(one.chip, "does not say; an INA219, perhaps"),
            *(_sensed(one.reading) if one.reading else ("", "", "")),
            one.trouble,
        )
        for one in found
    ]
    return table(("address", "device", "voltage", "current", "power", ""), rows, right=(2, 3, 4))


def _sensed(reading: Reading) -> tuple[str, str, str]:
    return f"{reading.bus_volts:.4g} V", f"{reading.amperes * 1e3:.4g} mA", f"{reading.watts * 1e3:.4g} mW"


def _change(difference: Difference) -> str:
    if difference.judgement == "equal" or difference.change is None:
        return ""
    low, high = difference.change
    if percent(low) == percent(high):
        return f"{low:+.1%}"
    return f"{low:+.1%} to {high:+.1%}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

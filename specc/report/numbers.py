"""Numbers as text: no more digits than the evidence supports, aligned at the decimal point."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from specc.evidence import Figure
from specc.measure.result import Measurement
from specc.measure.statistics import variability

# Widths in the text face: a figure space is as wide as a digit, a punctuation space as wide as a full stop.
FIGURE_SPACE: Final = "\u2007"
PUNCTUATION_SPACE: Final = "\u2008"
MINUS: Final = "\u2212"
DASH: Final = "\u2013"
NO_BREAK: Final = "\u00a0"
UNKNOWN: Final = "unknown"

_PREFIXES: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "s": (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)),
    "J": (("J", 1.0), ("mJ", 1e-3), ("µJ", 1e-6), ("nJ", 1e-9)),
    "W": (("W", 1.0), ("mW", 1e-3), ("µW", 1e-6)),
    "Hz": (("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3), ("Hz", 1.0)),
    "B": (("MiB", 1048576.0), ("KiB", 1024.0), ("B", 1.0)),
}


def unit_for(values: Sequence[float], base: str) -> tuple[str, float]:
    """Symbol and scale of the unit in which the geometric mean of the values is at least 1.

    Units without prefixes stay as they are.
    """
    sizes = [abs(value) for value in values if value]
    choices = _PREFIXES.get(base)
    if not choices:
        return base, 1.0
    if not sizes:
        return choices[-1] if base == "B" else choices[0]
    middle = math.exp(sum(math.log(size) for size in sizes) / len(sizes))
    for symbol, scale in choices:
        if middle >= scale:
            return symbol, scale
    return choices[-1]


def digits(figure: Figure) -> int:
    """Significant digits that a figure's interval supports: 2 to 4.

    An interval of half width h around v leaves about log10(v / h) certain digits; one uncertain digit is shown too.
    A figure without an interval, or with an open one, gets 3; an exact one 4.
    """
    if figure.value is None or not figure.value:
        return 3
    if figure.low is None or figure.high is None:
        return 3
    half = (figure.high - figure.low) / 2
    if half == 0:
        return 4
    certain = math.log10(abs(figure.value) / half)
    return min(4, max(2, math.floor(certain) + 2))


def significant(value: float, count: int) -> str:
    """A value with `count` significant digits, thousands separated: `31.2`, `1,240`, `0.00518`.

    Digits before the decimal point are always written out: 31,234 with 3 digits stays 31,234.
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(value)
    exponent = math.floor(math.log10(abs(value)))
    decimals = max(0, count - 1 - exponent)
    if round(abs(value), decimals) >= 10 ** (exponent + 1):
        decimals = max(0, decimals - 1)
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def percent(fraction: float) -> str:
    """A fraction as a percentage: whole from 10 % up, one decimal below, two below 1 %."""
    size = abs(fraction) * 100
    decimals = 0 if size >= 9.95 or size == 0 else 1 if size >= 0.995 else 2
    return f"{fraction * 100:,.{decimals}f}{NO_BREAK}%".replace("-", MINUS)


def fidelity(fraction: float) -> str:
    """A fraction close to one as a percentage with one decimal; only a whole is 100 %."""
    return f"{min(fraction * 100, 99.9 if fraction < 1 else 100.0):.1f}{NO_BREAK}%"


def unit_text(symbol: str) -> str:
    """A unit as it is set: `us` becomes `µs`."""
    return "µ" + symbol[1:] if symbol in ("us", "uJ", "uW", "uA", "uV") else symbol


def relation_text(relation: str) -> str:
    """A relation as it is set: `<=` becomes `≤`."""
    return {"<=": "≤", ">=": "≥"}.get(relation, relation)


def count(value: float) -> str:
    """A whole number with separated thousands."""
    return f"{round(value):,}".replace("-", MINUS)


def quantity(value: float, base: str, places: int = 3) -> str:
    """A value with the unit that suits it: `31.2 ms`, `812 µJ`."""
    symbol, scale = unit_for([value], base)
    return f"{significant(value / scale, places)}{NO_BREAK}{symbol}"


def figure_text(figure: Figure) -> str:
    """A figure in running text, with its interval: `31.2 ms (31.2 to 48.9)`, `at least 31.2 ms`, `unknown`."""
    if figure.value is None:
        return UNKNOWN
    symbol, scale = unit_for([figure.value], figure.unit)
    places = digits(figure)
    value = significant(figure.value / scale, places)
    if figure.evidence == "predicted" and figure.high is None and figure.low != figure.value:
        return f"about {value}{NO_BREAK}{symbol}"  # an estimate without a stated error is no lower bound
    if figure.high is None:
        return f"at least {value}{NO_BREAK}{symbol}"
    if figure.low is None or figure.low == figure.high:
        return f"{value}{NO_BREAK}{symbol}"
    low, high = significant(figure.low / scale, places), significant(figure.high / scale, places)
    return f"{value}{NO_BREAK}{symbol}" + (f" ({low} to {high})" if low != high else "")


def variability_text(measurement: Measurement) -> str:
    """p95 / p50 of an inference, two decimals; a dash where nothing was timed: a simulation does not vary."""
    ratio = variability(measurement.total) if measurement.evidence == "measured" else None
    return "\u2014" if ratio is None else f"{ratio:.2f}"


def interval(figure: Figure, scale: float = 1.0, most: int = 4) -> str:
    """The interval alone, in the unit of a column: `31.2–48.9`, `≥ 31.2`, or nothing where there is none.

    `most` is the greatest number of significant digits.
    """
    if figure.value is None or figure.low is None or figure.low == figure.high:
        return ""
    places = min(most, digits(figure))
    low = significant(figure.low / scale, places)
    if figure.high is None:
        return f"≥ {low}"
    high = significant(figure.high / scale, places)
    return f"{low}{DASH}{high}" if low != high else ""


def decimals(values: Sequence[float], places: int = 3) -> int:
    """Decimals of a column whose largest value is to be shown with `places` significant digits."""
    largest = max((abs(value) for value in values), default=0.0)
    return max(0, places - 1 - math.floor(math.log10(largest))) if largest else 0


def fixed(value: float, places: int) -> str:
    """A value with a fixed number of decimals; one that would round to zero is shown as less than the last place."""
    if value and abs(value) < 0.5 * 10**-places:
        return f"<{NO_BREAK}{10**-places:.{places}f}"
    return f"{value:,.{places}f}".replace("-", MINUS)


def align(texts: Sequence[str]) -> list[str]:
    """Pad numbers on the right so that their decimal points stand in one line when the column is right aligned.

    Texts that are no numbers (`unknown`, empty) are left alone.
    """
    fractions = [len(text.partition(".")[2]) if _is_number(text) else 0 for text in texts]
    widest = max(fractions, default=0)
    if not widest:
        return list(texts)
    return [
        text
        if not _is_number(text)
        else text + (PUNCTUATION_SPACE if not held else "") + FIGURE_SPACE * (widest - held)
        for text, held in zip(texts, fractions, strict=True)
    ]


def _is_number(text: str) -> bool:
    return re.fullmatch(rf"{MINUS}?[\d,]+(\.\d+)?", text) is not None

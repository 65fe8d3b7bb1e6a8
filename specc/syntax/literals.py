"""Numbers as they are written: exact values, units of the fixed table, bounded digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import Final

from specc.units import AMBIGUOUS_UNITS, UNITS, Quantity

# Bounds that no honest figure reaches; they keep hostile input from costing time or memory.
DIGITS_LIMIT: Final = 40
EXPONENT_LIMIT: Final = 30

# Units as they are called in speech, in the singular.
_SPELT_OUT: Final[dict[str, str]] = {
    **{"sec": "s", "msec": "ms", "usec": "us", "nsec": "ns", "hr": "h"},
    **{"second": "s", "millisecond": "ms", "microsecond": "us", "nanosecond": "ns", "minute": "min", "hour": "h"},
    **{"hertz": "Hz", "kilohertz": "kHz", "megahertz": "MHz", "gigahertz": "GHz"},
    **{"joule": "J", "millijoule": "mJ", "microjoule": "uJ", "watt": "W", "milliwatt": "mW", "microwatt": "uW"},
    **{"volt": "V", "millivolt": "mV", "byte": "B", "kilobyte": "KiB", "megabyte": "MiB", "percent": "%"},
    **{"dollar": "USD", "euro": "EUR"},
}
_MULTIPLES: Final = frozenset({"k", "K", "M", "G"})
_NUMBER: Final = re.compile(r"(-?[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE]([+-]?[0-9]+))?[ \t]*(.*)", re.DOTALL)


@dataclass
class LiteralError(ValueError):
    """A number that means nothing; `code` is the diagnostic for it, `replacement` a spelling that would do."""

    code: str
    message: str
    replacement: str | None = None


@lru_cache(maxsize=1024)  # a spec repeats its numbers, and exact ones take a while to make
def parse_number(text: str) -> Fraction:
    """Exact value of a number without unit: `10_000`, `0.0003`, `1e-3`.

    Raises:
        LiteralError: not a number, or one beyond the bounds of this module.
    """
    match = _NUMBER.fullmatch(text)
    if match is None or match[3]:
        raise LiteralError("E0020", f"`{text[:DIGITS_LIMIT]}` is not a number")
    mantissa, exponent = match[1], match[2]
    if len(mantissa) > DIGITS_LIMIT:
        raise LiteralError("E0020", f"a number of {len(mantissa)} characters; the limit is {DIGITS_LIMIT}")
    if exponent and (len(exponent) > 4 or abs(int(exponent)) > EXPONENT_LIMIT):
        raise LiteralError("E0020", f"an exponent beyond ±{EXPONENT_LIMIT}")
    if mantissa.endswith((".", "_")) or "__" in mantissa or "_." in mantissa or "._" in mantissa:
        raise LiteralError("E0020", f"`{mantissa}` is not a number: a digit must follow every `.` and `_`")
    return Fraction(mantissa.replace("_", "")) * Fraction(10) ** int(exponent or 0)


@lru_cache(maxsize=1024)
def parse_quantity(text: str) -> Quantity:
    """A number with an optional unit: `168 MHz`, `5%`, `0.01`.

    Raises:
        LiteralError: the number or the unit does not exist.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise LiteralError("E0020", f"`{text[:DIGITS_LIMIT]}` is not a number")
    symbol = match[3].replace("μ", "µ")  # the Greek letter and the micro sign look the same
    number = parse_number(text[: match.start(3)].rstrip())
    if not symbol:
        return Quantity(number)
    unit = UNITS.get(symbol)
    if unit is None:
        if symbol in _MULTIPLES:
            raise LiteralError("E1009", f"`{symbol}` is not a unit, and numbers are written in full: 10_000")
        raise LiteralError("E1009", f"`{symbol}` is not a unit", similar_unit(symbol))
    return Quantity(number, unit)


def similar_unit(symbol: str) -> str | None:
    """The unit most like a misspelt one: by letters alone (`mhz`), else by spelling (`msec`)."""
    folded = [unit for unit in UNITS if unit.lower() == symbol.lower()]
    if folded:
        return AMBIGUOUS_UNITS.get(folded[0], folded[0])
    name = symbol.lower()
    if name in _SPELT_OUT or name.removesuffix("s") in _SPELT_OUT:
        return _SPELT_OUT.get(name) or _SPELT_OUT[name.removesuffix("s")]
    close = get_close_matches(symbol, list(UNITS), n=1, cutoff=0.5) if len(symbol) <= 8 else []
    return close[0] if close else None


def parse_interval(text: str) -> tuple[Quantity, Quantity]:
    """Both ends of `40.6..48.0 mW`; a unit written once belongs to both.

    Raises:
        LiteralError: an end is no number, the unit is unknown, or the ends are not in order.
    """
    low_text, high_text = (part.strip() for part in text.split("..", 1))
    high = parse_quantity(high_text)
    low = Quantity(parse_number(low_text), high.unit)
    if low.number > high.number:
        raise LiteralError("E0020", f"the range {text} runs from the larger to the smaller value")
    return low, high


def parse_size(text: str) -> tuple[int, ...]:
    """Extents of `32x32x16`.

    Raises:
        LiteralError: an extent has too many digits.
    """
    parts = text.split("x")
    if any(len(part) > DIGITS_LIMIT for part in parts):
        raise LiteralError("E0020", f"an extent of more than {DIGITS_LIMIT} digits")
    return tuple(int(part.replace("_", "")) for part in parts)


def unescape(text: str) -> str:
    """Contents of a string: `\\"` is a quote and `\\\\` a backslash.

    Raises:
        LiteralError: a backslash before anything else.
    """
    for match in re.finditer(r"\\(.)", text):
        if match[1] not in '"\\':
            raise LiteralError("E0017", f'`\\{match[1]}` is no escape; a string knows `\\"` and `\\\\`')
    return re.sub(r"\\(.)", r"\1", text)

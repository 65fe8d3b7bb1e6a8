"""Units and quantities: a fixed table, exact scales, and dimensions that must agree.

A library (pint, unyt) would cost more start-up time than all of `specc check`; the table is closed on purpose, so that
a misspelt unit is an error and never a new unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

# Exponents of second, joule, coulomb, byte, operation, dollar, euro. A volt is J/C, a watt is J/s. Each currency is a
# dimension of its own, so that no two are ever added or compared: no rate between them is known.
Dimension = tuple[int, int, int, int, int, int, int]

NONE: Final[Dimension] = (0, 0, 0, 0, 0, 0, 0)
TIME: Final[Dimension] = (1, 0, 0, 0, 0, 0, 0)
FREQUENCY: Final[Dimension] = (-1, 0, 0, 0, 0, 0, 0)
ENERGY: Final[Dimension] = (0, 1, 0, 0, 0, 0, 0)
POWER: Final[Dimension] = (-1, 1, 0, 0, 0, 0, 0)
CHARGE: Final[Dimension] = (0, 0, 1, 0, 0, 0, 0)
CURRENT: Final[Dimension] = (-1, 0, 1, 0, 0, 0, 0)
VOLTAGE: Final[Dimension] = (0, 1, -1, 0, 0, 0, 0)
RESISTANCE: Final[Dimension] = (1, 1, -2, 0, 0, 0, 0)
INFORMATION: Final[Dimension] = (0, 0, 0, 1, 0, 0, 0)
BANDWIDTH: Final[Dimension] = (-1, 0, 0, 1, 0, 0, 0)
DOLLARS: Final[Dimension] = (0, 0, 0, 0, 0, 1, 0)
EUROS: Final[Dimension] = (0, 0, 0, 0, 0, 0, 1)
PRICES: Final = (DOLLARS, EUROS)
CURRENT_PER_FREQUENCY: Final[Dimension] = (0, 0, 1, 0, 0, 0, 0)

DIMENSION_NAMES: Final[dict[Dimension, str]] = {
    NONE: "a plain number",
    TIME: "a time",
    FREQUENCY: "a frequency",
    ENERGY: "an energy",
    POWER: "a power",
    CHARGE: "a charge",
    CURRENT: "a current",
    VOLTAGE: "a voltage",
    RESISTANCE: "a resistance",
    INFORMATION: "an amount of memory",
    BANDWIDTH: "a bandwidth",
    DOLLARS: "a price in USD",
    EUROS: "a price in EUR",
}


@dataclass(frozen=True)
class Unit:
    """A unit of the fixed table: `scale` times the base unit of its dimension."""

    symbol: str
    scale: Fraction
    dimension: Dimension


def _table() -> dict[str, Unit]:
    rows: list[tuple[str, str, Dimension]] = [
        ("s", "1", TIME),
        ("ms", "1e-3", TIME),
        ("us", "1e-6", TIME),
        ("µs", "1e-6", TIME),
        ("ns", "1e-9", TIME),
        ("min", "60", TIME),
        ("h", "3600", TIME),
        ("d", "86400", TIME),
        ("day", "86400", TIME),
        ("days", "86400", TIME),
        ("year", "31557600", TIME),
        ("years", "31557600", TIME),
        ("Hz", "1", FREQUENCY),
        ("kHz", "1e3", FREQUENCY),
        ("MHz", "1e6", FREQUENCY),
        ("GHz", "1e9", FREQUENCY),
        ("J", "1", ENERGY),
        ("mJ", "1e-3", ENERGY),
        ("uJ", "1e-6", ENERGY),
        ("µJ", "1e-6", ENERGY),
        ("nJ", "1e-9", ENERGY),
        ("pJ", "1e-12", ENERGY),
        ("Wh", "3600", ENERGY),
        ("mWh", "3.6", ENERGY),
        ("W", "1", POWER),
        ("mW", "1e-3", POWER),
        ("uW", "1e-6", POWER),
        ("µW", "1e-6", POWER),
        ("A", "1", CURRENT),
        ("mA", "1e-3", CURRENT),
        ("uA", "1e-6", CURRENT),
        ("µA", "1e-6", CURRENT),
        ("nA", "1e-9", CURRENT),
        ("mAh", "3.6", CHARGE),
        ("Ah", "3600", CHARGE),
        ("C", "1", CHARGE),
        ("uA/MHz", "1e-12", CURRENT_PER_FREQUENCY),
        ("µA/MHz", "1e-12", CURRENT_PER_FREQUENCY),
        ("V", "1", VOLTAGE),
        ("mV", "1e-3", VOLTAGE),
        ("uV", "1e-6", VOLTAGE),
        ("µV", "1e-6", VOLTAGE),
        ("ohm", "1", RESISTANCE),
        ("mohm", "1e-3", RESISTANCE),
        ("B", "1", INFORMATION),
        ("KiB", "1024", INFORMATION),
        ("MiB", "1048576", INFORMATION),
        ("GiB", "1073741824", INFORMATION),
        ("KB", "1024", INFORMATION),
        ("MB", "1048576", INFORMATION),
        ("B/s", "1", BANDWIDTH),
        ("MiB/s", "1048576", BANDWIDTH),
        ("MB/s", "1e6", BANDWIDTH),
        ("GB/s", "1e9", BANDWIDTH),
        ("%", "1e-2", NONE),
        ("USD", "1", DOLLARS),
        ("EUR", "1", EUROS),
    ]
    return {symbol: Unit(symbol, Fraction(scale), dimension) for symbol, scale, dimension in rows}


UNITS: Final[dict[str, Unit]] = _table()
# Read as binary multiples with a warning and a fix: the field writes KB for both 1000 and 1024 bytes.
AMBIGUOUS_UNITS: Final[dict[str, str]] = {"KB": "KiB", "MB": "MiB"}


@dataclass(frozen=True, order=False)
class Quantity:
    """A number with the unit it was written in. `base` is the exact value in base units."""

    number: Fraction
    unit: Unit | None = None

    @property
    def base(self) -> Fraction:
        return self.number * (self.unit.scale if self.unit else 1)

    @property
    def dimension(self) -> Dimension:
        return self.unit.dimension if self.unit else NONE

    def to(self, symbol: str) -> float:
        """Value in another unit of the same dimension.

        Raises:
            ValueError: the dimensions differ.
        """
        unit = UNITS[symbol]
        if unit.dimension != self.dimension:
            raise ValueError(f"{self} is {describe(self.dimension)}, {symbol} measures {describe(unit.dimension)}")
        return float(self.base / unit.scale)

    def __str__(self) -> str:
        return f"{format_number(self.number)} {self.unit.symbol}" if self.unit else format_number(self.number)


def quantity(number: int | float | str | Fraction, symbol: str | None = None) -> Quantity:
    """A quantity from Python values; `quantity("0.4", "ms")`. Floats are read by their shortest decimal form."""
    return Quantity(Fraction(repr(number) if isinstance(number, float) else number), UNITS[symbol] if symbol else None)


def describe(dimension: Dimension) -> str:
    """Name of a dimension for a message: 'a time', 'an energy'."""
    return DIMENSION_NAMES.get(dimension, "a quantity of another kind")


def suits(found: Dimension, wanted: Dimension) -> bool:
    """Whether a quantity may stand where another dimension is asked for: any currency is a price."""
    return found == wanted or (found in PRICES and wanted in PRICES)


def describe_wanted(wanted: Dimension) -> str:
    """Name of what is asked for: `describe`, but a price in any currency."""
    return "a price" if wanted in PRICES else describe(wanted)


def format_number(number: Fraction) -> str:
    """Shortest decimal text of an exact number: no exponent for everyday sizes, no trailing zeros."""
    if number.denominator == 1:
        return str(number.numerator)
    text = f"{float(number):.10g}"
    return text

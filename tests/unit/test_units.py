"""Units: exact conversion, against an oracle that reads SI prefixes on its own."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.units import (
    AMBIGUOUS_UNITS,
    DIMENSION_NAMES,
    PRICES,
    UNITS,
    Quantity,
    describe,
    describe_wanted,
    format_number,
    quantity,
    suits,
)

PREFIXES = {"p": -12, "n": -9, "u": -6, "µ": -6, "m": -3, "k": 3, "M": 6, "G": 9}
BASES = ("s", "Hz", "J", "W", "A", "V")
SI_UNITS = [(prefix, base) for prefix in PREFIXES for base in BASES if prefix + base in UNITS]


@pytest.mark.parametrize(("prefix", "base"), SI_UNITS)
def test_si_prefixes(prefix: str, base: str) -> None:
    unit = UNITS[prefix + base]
    assert unit.scale == Fraction(10) ** PREFIXES[prefix] * UNITS[base].scale
    assert unit.dimension == UNITS[base].dimension


def test_the_oracle_covers_most_units() -> None:
    assert len(SI_UNITS) >= 20


@pytest.mark.parametrize(("symbol", "power"), [("B", 0), ("KiB", 1), ("MiB", 2), ("GiB", 3), ("KB", 1), ("MB", 2)])
def test_memory_is_binary(symbol: str, power: int) -> None:
    assert UNITS[symbol].scale == 1024**power


@pytest.mark.parametrize(
    ("number", "symbol", "other", "expected"),
    [
        ("1", "Wh", "J", 3600.0),
        ("225", "mAh", "C", 810.0),
        ("1", "year", "d", 365.25),
        ("100", "uA/MHz", "µA/MHz", 100.0),
        ("5", "%", "%", 5.0),
        ("168", "MHz", "Hz", 168e6),
    ],
)
def test_conversions(number: str, symbol: str, other: str, expected: float) -> None:
    assert quantity(number, symbol).to(other) == expected


def test_energy_is_power_times_time() -> None:
    watt, second, joule = UNITS["W"].dimension, UNITS["s"].dimension, UNITS["J"].dimension
    assert tuple(a + b for a, b in zip(watt, second, strict=True)) == joule
    volt, ampere = UNITS["V"].dimension, UNITS["A"].dimension
    assert tuple(a + b for a, b in zip(volt, ampere, strict=True)) == watt


NUMBERS = st.fractions(min_value=0, max_value=10**9, max_denominator=10**6)


@given(NUMBERS, st.sampled_from(sorted(UNITS)))
def test_base_is_exact(number: Fraction, symbol: str) -> None:
    assert Quantity(number, UNITS[symbol]).base == number * UNITS[symbol].scale
    assert Quantity(number).base == number


@given(NUMBERS, st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_only_equal_dimensions_convert(number: Fraction, symbol: str, other: str) -> None:
    value = Quantity(number, UNITS[symbol])
    if UNITS[symbol].dimension == UNITS[other].dimension:
        assert value.to(other) == float(number * UNITS[symbol].scale / UNITS[other].scale)
    else:
        with pytest.raises(ValueError, match="measures"):
            value.to(other)


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_print_in_full(number: int) -> None:
    assert format_number(Fraction(number)) == str(number)


@pytest.mark.parametrize(
    ("number", "text"), [("0.4", "0.4"), ("0.0003", "0.0003"), ("1/3", "0.3333333333"), ("-2.5", "-2.5")]
)
def test_fractions_print_short(number: str, text: str) -> None:
    assert format_number(Fraction(number)) == text


def test_floats_are_read_by_their_decimal_text() -> None:
    assert quantity(0.1).number == Fraction(1, 10)


def test_every_dimension_has_a_name() -> None:
    assert {unit.dimension for unit in UNITS.values()} - set(DIMENSION_NAMES) <= {UNITS["uA/MHz"].dimension}
    assert describe((9, 9, 9, 9, 9, 9)) == "a quantity of another kind"


def test_ambiguous_units_have_an_exact_twin() -> None:
    for symbol, twin in AMBIGUOUS_UNITS.items():
        assert UNITS[symbol].scale == UNITS[twin].scale


def test_no_currency_is_another() -> None:
    dollars, euros = quantity(1, "USD"), quantity(1, "EUR")
    assert dollars.dimension != euros.dimension
    with pytest.raises(ValueError, match="1 EUR is a price in EUR, USD measures a price in USD"):
        euros.to("USD")
    for wanted in PRICES:
        assert suits(dollars.dimension, wanted) and suits(euros.dimension, wanted)
        assert not suits(quantity(1, "s").dimension, wanted)
        assert describe_wanted(wanted) == "a price"

"""Numbers, units and sizes as text, against exact fractions worked out independently."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.syntax.literals import LiteralError, parse_interval, parse_number, parse_quantity, parse_size, similar_unit
from specc.units import UNITS


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12, places=6))
def test_decimal_text_is_exact(value: Decimal) -> None:
    assert parse_number(f"{value:f}") == Fraction(value)


@given(st.integers(0, 10**9), st.integers(-30, 30))
def test_exponent_is_exact(mantissa: int, exponent: int) -> None:
    assert parse_number(f"{mantissa}e{exponent}") == mantissa * Fraction(10) ** exponent


@given(st.integers(0, 10**15))
def test_grouped_digits(value: int) -> None:
    assert parse_number(f"{value:_}") == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1.",
        "1_",
        "1__0",
        "1_.5",
        "1._5",
        "1e31",
        "1e-31",
        "1e9999999999",
        "9" * 41,
        "1.5.5",
        "--1",
        "1e",
        "±1",
    ],
)
def test_no_number(text: str) -> None:
    with pytest.raises(LiteralError):
        parse_number(text)


@pytest.mark.parametrize("symbol", sorted(UNITS))
@pytest.mark.parametrize("blank", ["", " ", "  "])
def test_every_unit(symbol: str, blank: str) -> None:
    quantity = parse_quantity(f"2.5{blank}{symbol}")
    assert quantity.number == Fraction(5, 2)
    assert quantity.unit is UNITS[symbol]


def test_greek_mu_is_the_micro_sign() -> None:
    assert parse_quantity("3 μs") == parse_quantity("3 µs")


@pytest.mark.parametrize(
    ("symbol", "meant"),
    [("Mhz", "MHz"), ("mhz", "MHz"), ("msec", "ms"), ("usec", "us"), ("percent", "%"), ("kib", "KiB"), ("Kib", "KiB")],
)
def test_misspelt_unit(symbol: str, meant: str) -> None:
    with pytest.raises(LiteralError) as caught:
        parse_quantity(f"5{symbol}")
    assert caught.value.code == "E1009"
    assert caught.value.replacement == meant


def test_nothing_is_like_a_long_word() -> None:
    assert similar_unit("m" * 10_000) is None


def test_interval() -> None:
    low, high = parse_interval("40.6..48.0 mW")
    assert (low.base, high.base) == (Fraction("0.0406"), Fraction("0.048"))
    assert low.unit is high.unit is UNITS["mW"]


def test_interval_needs_order() -> None:
    with pytest.raises(LiteralError):
        parse_interval("2..1 mW")


def test_size() -> None:
    assert parse_size("32x32x16") == (32, 32, 16)
    assert parse_size("1_024x1") == (1024, 1)

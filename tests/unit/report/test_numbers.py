"""Numbers as text."""

import pytest

from specc.evidence import Figure
from specc.report.numbers import (
    align,
    count,
    decimals,
    digits,
    figure_text,
    fixed,
    interval,
    percent,
    quantity,
    significant,
    unit_for,
)


def figure(value: float | None, low: float | None = None, high: float | None = None, unit: str = "s") -> Figure:
    return Figure(value=value, low=low, high=high, unit=unit, evidence="simulated")


def spaces(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (31.25, 3, "31.2"),
        (0.005184, 3, "0.00518"),
        (1240.4, 3, "1,240"),
        (31234.0, 3, "31,234"),
        (9.996, 3, "10.0"),
        (0.9999, 2, "1.0"),
        (0, 3, "0"),
        (-1.5, 2, "−1.5"),
        (float("inf"), 3, "inf"),
    ],
)
def test_significant_digits(value: float, places: int, text: str) -> None:
    assert significant(value, places) == text


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (10.0, 10.0, 4),
        (9.99, 10.01, 4),
        (9.9, 10.1, 4),
        (9.0, 11.0, 3),
        (5.0, 20.0, 2),
        (None, None, 3),
        (10.0, None, 3),
    ],
)
def test_a_wide_interval_supports_few_digits(low: float | None, high: float | None, expected: int) -> None:
    assert digits(figure(10.0, low, high)) == expected


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.25, "25 %"),
        (0.0996, "10 %"),
        (0.083, "8.3 %"),
        (0.0024, "0.24 %"),
        (0.0, "0 %"),
        (-0.213, "−21 %"),
        (1, "100 %"),
    ],
)
def test_percent(fraction: float, text: str) -> None:
    assert spaces(percent(fraction)) == text


def test_units_suit_the_middle_of_the_values() -> None:
    assert unit_for([0.1, 0.2], "s") == ("ms", 1e-3)
    assert unit_for([2048, 4096], "B") == ("KiB", 1024)
    assert unit_for([0, 0], "s") == ("s", 1.0)
    assert unit_for([5e-12], "J") == ("nJ", 1e-9)
    assert unit_for([3.0], "furlong") == ("furlong", 1.0)


def test_quantities_and_figures() -> None:
    assert spaces(quantity(0.0312, "s")) == "31.2 ms"
    assert spaces(figure_text(figure(0.0312, 0.0312, 0.0312))) == "31.20 ms"
    assert spaces(figure_text(figure(0.0312, 0.0300, 0.0320))) == "31.2 ms (30.0 to 32.0)"
    assert spaces(figure_text(figure(0.0312, 0.0312, None))) == "at least 31.2 ms"
    assert figure_text(figure(None)) == "unknown"


def test_intervals() -> None:
    assert interval(figure(0.0312, 0.0300, 0.0320), 1e-3) == "30.0–32.0"
    assert interval(figure(0.0312, 0.0312, None), 1e-3) == "≥ 31.2"
    assert interval(figure(0.0312, 0.0312, 0.0312), 1e-3) == ""
    assert interval(figure(None)) == ""


def test_fixed_decimals_never_show_something_as_nothing() -> None:
    assert decimals([26.53, 0.3]) == 1
    assert decimals([1234.0]) == 0
    assert decimals([]) == 0
    assert fixed(0.3, 1) == "0.3"
    assert spaces(fixed(0.03, 1)) == "< 0.1"
    assert fixed(0.0, 1) == "0.0"
    assert fixed(12345.6, 1) == "12,345.6"


def test_count() -> None:
    assert count(2656768) == "2,656,768"


def test_decimal_points_stand_in_one_line() -> None:
    shown = align(["142", "2.105", "unknown", "99.9", "−1.25", ""])
    assert shown == ["142\u2008\u2007\u2007\u2007", "2.105", "unknown", "99.9\u2007\u2007", "−1.25\u2007", ""]
    assert align(["1", "20"]) == ["1", "20"]

"""Arithmetic on quantities, against Python's own arithmetic on fractions of base units."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.diagnostics.model import Sink
from specc.elaborate.expressions import fold
from specc.source import SourceFile
from specc.syntax.nodes import Number
from specc.syntax.parser import parse


def result(expression: str) -> tuple[Number | None, list[str]]:
    sink = Sink()
    tree = parse(SourceFile("test", f"x {expression}\n"), sink)
    assert tree is not None and not sink.diagnostics
    values = fold(tree.items[0].values, sink)
    codes = [diagnostic.code for diagnostic in sink.diagnostics]
    return (values[1] if isinstance(values[1], Number) and not codes else None), codes


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 / 2 Hz", "500 ms"),
        ("1 / 2 Hz * 40 %", "200 ms"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 4 - 3", "3"),
        ("16 / 4 / 2", "2"),
        ("1 ms + 200 us", "1.2 ms"),
        ("200 us + 1 ms", "1200 us"),
        ("220 mAh * 3 V", "2376 J"),
        ("8 mJ * 2 Hz", "16 mW"),
        ("16 mW / 2 Hz", "8 mJ"),
        ("1 MiB / 4 KiB", "256"),
        ("3 × 4 ÷ 2", "6"),
        ("1 / 4 us", "250 kHz"),
        ("1 KiB + 512 B", "1.5 KiB"),
        ("5 % + 5 %", "0.1"),
        ("2 ms - 3 ms", "-1 ms"),
    ],
)
def test_result_and_its_unit(expression: str, expected: str) -> None:
    number, codes = result(expression)
    assert not codes
    assert number is not None
    assert str(number.quantity) == expected
    assert number.span.text == expression


def test_a_third_is_exact() -> None:
    number, _ = result("1 ms / 3 * 3")
    assert number is not None
    assert number.quantity.base == Fraction(1, 1000)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 ms + 1 MHz", "E1008"),
        ("1 - 1 B", "E1008"),
        ("1 mJ * 1 mJ", "E1008"),
        ("1 USD + 1 EUR", "E1008"),
        ("1 / 0", "E1010"),
        ("1 / (2 - 2)", "E1010"),
        ("1 *", "E1005"),
        ("(1 + 2", "E1005"),
        ("1 + word", "E1007"),
        ("2 ms -1 ms", "E1014"),
        ("(" * 17 + "1" + ")" * 17, "E0015"),
        (" * ".join(["1e30"] * 6), "E1010"),
        (" * ".join(["1 s"] * 12), "E1008"),
    ],
)
def test_what_means_nothing_is_reported_once(expression: str, code: str) -> None:
    assert result(expression)[1] == [code]


def test_both_places_of_a_wrong_sum_are_shown() -> None:
    sink = Sink()
    tree = parse(SourceFile("test", "x 1 ms + 2 MHz\n"), sink)
    assert tree is not None
    fold(tree.items[0].values, sink)
    (diagnostic,) = sink.diagnostics
    assert diagnostic.message == "a frequency cannot be added to a time"
    assert [(label.span.text, label.text) for label in diagnostic.secondary] == [
        ("1 ms", "a time"),
        ("2 MHz", "a frequency"),
    ]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.booleans()):
        return str(draw(st.integers(0, 999)))
    left, right = draw(expressions(depth=depth - 1)), draw(expressions(depth=depth - 1))
    text = f"{left} {draw(st.sampled_from('+-*/'))} {right}"
    return f"({text})" if draw(st.booleans()) else text


@given(expressions())
def test_plain_numbers_as_python_computes_them(expression: str) -> None:
    python = "".join(f"Fraction({word})" if word.isdigit() else word for word in _words(expression))
    number, codes = result(expression)
    try:
        expected = eval(python, {"Fraction": Fraction})
    except ZeroDivisionError:
        assert codes == ["E1010"]
        return
    assert number is not None
    assert number.quantity.base == expected


def _words(expression: str) -> list[str]:
    return expression.replace("(", " ( ").replace(")", " ) ").split()


def test_names_and_patterns_are_left_alone() -> None:
    sink = Sink()
    tree = parse(SourceFile("test", "latency mlp*1+conv <= 1 ms\nfrom a + b\n"), sink)
    assert tree is not None
    for item in tree.items:
        assert fold(item.values, sink) == item.values
    assert not sink.diagnostics

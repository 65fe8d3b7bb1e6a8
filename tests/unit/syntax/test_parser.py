"""The parser: what the tree holds, and where each piece stands."""

from __future__ import annotations

from fractions import Fraction

import pytest

from specc.diagnostics.model import Sink
from specc.source import SourceFile
from specc.syntax.nodes import Interval, Item, Number, PlusMinus, Size, Symbol, SyntaxTree, Text, Value, Word
from specc.syntax.parser import parse
from specc.units import AMBIGUOUS_UNITS, UNITS


def tree_of(text: str) -> SyntaxTree:
    sink = Sink()
    tree = parse(SourceFile("test", text), sink)
    assert not sink.diagnostics
    assert tree is not None
    return tree


def values_of(text: str) -> tuple[Value, ...]:
    (item,) = tree_of(text).items
    return item.values


def test_each_kind_of_value() -> None:
    word, text, number, around, interval, size, symbol = values_of('a "b\\"c" 168 MHz ±3.2 1..2 mW 3x4 ≤')
    assert isinstance(word, Word) and word.text == "a"
    assert isinstance(text, Text) and text.text == 'b"c'
    assert isinstance(number, Number) and number.quantity.base == 168_000_000
    assert isinstance(around, PlusMinus) and around.quantity.number == Fraction("3.2")
    assert isinstance(interval, Interval) and interval.high.base == Fraction("0.002")
    assert isinstance(size, Size) and size.extents == (3, 4)
    assert isinstance(symbol, Symbol) and symbol.text == "<="


@pytest.mark.parametrize("text", ["a 5 ms", "a 5ms", "a <= 5 µs", "±  2 x", "cortex-m0+", "a+b", "x 3x3 4"])
def test_spans_cover_the_words_exactly(text: str) -> None:
    assert " ".join(value.span.text for value in values_of(text)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("symbol", sorted(UNITS.keys() - AMBIGUOUS_UNITS.keys()))
@pytest.mark.parametrize("blank", ["", " "])
def test_a_number_and_its_unit_are_one_token(symbol: str, blank: str) -> None:
    (_, number) = values_of(f"a 5{blank}{symbol}")
    assert isinstance(number, Number)
    assert number.quantity.unit is UNITS[symbol]


@pytest.mark.parametrize("symbol", sorted(AMBIGUOUS_UNITS))
def test_ambiguous_units_are_binary_with_a_warning(symbol: str) -> None:
    sink = Sink()
    tree = parse(SourceFile("test", f"a 5 {symbol}"), sink)
    assert tree is not None
    (_, number) = tree.items[0].values
    assert isinstance(number, Number)
    assert number.quantity.base == 5 * {"KB": 1024, "MB": 1024**2}[symbol]
    (warning,) = sink
    assert warning.code == "W0101"
    assert warning.fix is not None and warning.fix.safe
    ((span, replacement),) = warning.fix.edits
    assert (span.text, replacement) == (symbol, AMBIGUOUS_UNITS[symbol])


def test_the_next_line_is_never_a_unit() -> None:
    first, second = tree_of("x 5\ns 3").items
    assert [value.span.text for value in first.values] == ["x", "5"]
    assert [value.span.text for value in second.values] == ["s", "3"]


def test_a_word_behind_a_number_is_no_unit_by_its_first_letters() -> None:
    assert [value.span.text for value in values_of("limit 1 MiB per core")] == ["limit", "1 MiB", "per", "core"]
    assert [value.span.text for value in values_of("a 3 seconds")] == ["a", "3", "seconds"]


def texts(items: tuple[Item, ...]) -> list[str]:
    return [item.head.text for item in items]


@pytest.mark.parametrize(
    "text",
    ["a 1, b 2, c", "a 1\nb 2\nc", "a 1,\nb 2,\n\n# note\nc,", "\n\n a 1 # x\n b 2, # y\n c\n", "a 1\r\nb 2\r\nc"],
)
def test_items_end_at_newline_or_comma(text: str) -> None:
    assert texts(tree_of(text).items) == ["a 1", "b 2", "c"]


def test_blocks_nest() -> None:
    (item,) = tree_of("a { b { c 1 }, d\n e }").items
    assert item.block is not None
    assert texts(item.block.items) == ["b", "d", "e"]
    assert item.block.items[0].block is not None
    assert item.span.text == "a { b { c 1 }, d\n e }"
    assert item.block.span.text == "{ b { c 1 }, d\n e }"


def test_table_cells_and_their_places() -> None:
    (item,) = tree_of("t {\n  | a | b |\n  |---|:-:|\n  | x y |  | # comment\n}").items
    assert item.block is not None
    assert [[cell.text for cell in row.cells] for row in item.block.rows] == [["a", "b"], ["---", ":-:"], ["x y", ""]]
    assert item.block.rows[2].cells[0].span.text == "x y"
    assert item.block.rows[2].cells[1].span.text == ""


def test_comment_sign_in_a_string_is_text() -> None:
    word, text = values_of('a "b # c" # d')
    assert isinstance(text, Text) and text.text == "b # c"
    assert word.span.text == "a"

"""The syntax tree: what the text says, word by word, every piece with its place. Meaning comes in `specc.elaborate`."""

from __future__ import annotations

from dataclasses import dataclass

from specc.source import SourceFile, Span
from specc.units import Quantity


@dataclass(frozen=True)
class Word:
    """A bare word: a name, a keyword, a flag."""

    text: str
    span: Span


@dataclass(frozen=True)
class Text:
    """A string in double quotes; `text` has the escapes resolved."""

    text: str
    span: Span


@dataclass(frozen=True)
class Number:
    """A number, with its unit if it has one: `168 MHz`, `10_000`, `5 %`."""

    quantity: Quantity
    span: Span


@dataclass(frozen=True)
class PlusMinus:
    """A range symmetric about zero: `±3.2`."""

    quantity: Quantity
    span: Span


@dataclass(frozen=True)
class Interval:
    """A value stated as a range: `40.6..48.0 mW`. Both ends carry the unit."""

    low: Quantity
    high: Quantity
    span: Span


@dataclass(frozen=True)
class Size:
    """Extents: `32x32x16`."""

    extents: tuple[int, ...]
    span: Span


@dataclass(frozen=True)
class Symbol:
    """A relation or sign, in its ASCII spelling: `<=`, `<`, `>=`, `>`, `+`, `-`, `*`, `/`, `(`, `)`, `=`."""

    text: str
    span: Span


@dataclass(frozen=True)
class Malformed:
    """A value that was reported and has no meaning; whoever meets it stays silent."""

    span: Span


Value = Word | Text | Number | PlusMinus | Interval | Size | Symbol | Malformed


@dataclass(frozen=True)
class Cell:
    """One cell of a table row, stripped of blanks; an empty cell has an empty span at its place."""

    text: str
    span: Span


@dataclass(frozen=True)
class Row:
    """One row of a pipe table."""

    cells: tuple[Cell, ...]
    span: Span


@dataclass(frozen=True)
class Block:
    """What stands between braces: items and table rows, each in their order."""

    items: tuple[Item, ...]
    rows: tuple[Row, ...]
    span: Span


@dataclass(frozen=True)
class Item:
    """A run of values (at least one) and perhaps a block."""

    values: tuple[Value, ...]
    block: Block | None
    span: Span

    @property
    def head(self) -> Span:
        """The values without the block: what a caret should underline."""
        return self.values[0].span.to(self.values[-1].span)


@dataclass(frozen=True)
class SyntaxTree:
    """A whole file. `damaged_lines` are the lines (from 1) with a syntax error: what follows from them is not news."""

    source: SourceFile
    items: tuple[Item, ...]
    rows: tuple[Row, ...]  # a table outside any section; always an error later
    damaged_lines: frozenset[int] = frozenset()
    truncated: bool = False  # the file ends inside a block or a part is lost: what that would have declared is unknown
    imported: tuple[SyntaxTree, ...] = ()  # files whose items were worked in

    @property
    def is_plain(self) -> bool:
        """Whether nothing has to be worked out before names mean something: no import, parameter, sum or repetition."""
        return not any(_needs_work(item) for item in self.items)


def _needs_work(item: Item) -> bool:
    number = False
    for value in item.values:
        if isinstance(value, Word):
            if "$" in value.text:
                return True
            number = False
        elif isinstance(value, Symbol):
            if number or value.text == "(":
                return True
        else:
            number = isinstance(value, Number)
    head = item.values[0]
    if isinstance(head, Word) and head.text in ("import", "let", "repeat"):
        return True
    block = item.block
    return block is not None and (
        any(map(_needs_work, block.items)) or any("$" in cell.text for row in block.rows for cell in row.cells)
    )

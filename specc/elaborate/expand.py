"""What is settled before names mean anything: imports, parameters, arithmetic, repetition.

The result is a syntax tree in which only plain items are left. Every piece keeps the place where it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from specc.diagnostics.model import Label, Sink
from specc.elaborate.edition import check_edition, edition_item
from specc.elaborate.expressions import fold
from specc.elaborate.imports import Imports
from specc.elaborate.reader import Reader, RejectedError, suggestion
from specc.source import Span
from specc.syntax.nodes import Block, Cell, Item, Malformed, Number, Row, SyntaxTree, Value, Word
from specc.units import Quantity, format_number

REPEAT_LIMIT: Final = 4096
ENTRIES_LIMIT: Final = 50_000  # items and rows of the whole spec, repetitions counted

_WHOLE: Final = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_HOLE: Final = re.compile(r"\$[A-Za-z][A-Za-z0-9]*")


class _TooLargeError(Exception):
    """The limit of entries is passed, and reported."""


@dataclass
class _Parameter:
    """A value with a name, and whether anything reads it."""

    value: Value
    place: Span
    used: bool = False


def expand(tree: SyntaxTree, sink: Sink, syntax: Sink) -> SyntaxTree | None:
    """The tree with its imports, parameters and repetitions worked in. None if it grows beyond any sense.

    Args:
        tree: the file named on the command line.
        sink: takes what is wrong with imports, parameters and repetitions.
        syntax: takes the syntax errors of imported files.
    """
    expansion = _Expansion(tree, sink, syntax)
    try:
        items, rows = expansion.file(tree)
    except _TooLargeError:
        return None
    if not sink.has_errors:  # a name that was misspelt is not read, either
        expansion.report_unused()
    return replace(
        tree,
        items=items,
        rows=rows,
        truncated=tree.truncated or expansion.imports.failed or expansion.lost,
        imported=tuple(expansion.imports.trees),
    )


class _Expansion:
    """One pass over a file and all that it imports."""

    def __init__(self, main: SyntaxTree, sink: Sink, syntax: Sink) -> None:
        self.main, self.sink = main, sink
        self.imports = Imports(main, sink, syntax)
        self.parameters: dict[str, _Parameter] = {}
        self.entries = 0
        self.lost = False  # a repetition was rejected, and with it what it would have declared

    def file(self, tree: SyntaxTree) -> tuple[tuple[Item, ...], tuple[Row, ...]]:
        """The items and rows of a file, those of its imports in their place."""
        items: list[Item] = []
        rows = list(tree.rows)
        for item in tree.items:
            head = item.values[0]
            keyword = head.text if isinstance(head, Word) else ""
            if keyword == "import":
                for imported in self.imports.follow(item):
                    if check_edition(imported, self.sink) is None:
                        continue
                    more_items, more_rows = self.file(without_edition(imported))
                    items += more_items
                    rows += more_rows
            elif keyword == "let":
                self.define(item)
            else:
                items += self.entry(item)
        return tuple(items), tuple(rows)

    def define(self, item: Item) -> None:
        """`let frame_rate = 2 Hz`."""
        reader = Reader(replace(item, values=(*item.values[:3], *self.values(item.values[3:]))), self.sink)
        reader.position = 1
        try:
            name = reader.name("the name of a parameter")
            reader.symbol("`=`", ("=",))
            value = reader.next("a value")
            reader.finish()
        except RejectedError:
            if len(item.values) > 1 and isinstance(item.values[1], Word):  # known, so that its readers are not news
                self.parameters.setdefault(item.values[1].text, _Parameter(Malformed(item.head), item.head, True))
            return
        if name.text in self.parameters:
            there = Label(self.parameters[name.text].place, "first given here")
            self.sink.add("E1006", f"parameter `{name.text}` is given twice", name.span, secondary=(there,))
            return
        self.parameters[name.text] = _Parameter(value, name.span)

    def count(self, place: Span) -> None:
        self.entries += 1
        if self.entries > ENTRIES_LIMIT:
            self.sink.add("E1020", f"with its repetitions the spec has more than {ENTRIES_LIMIT:,} lines", place)
            raise _TooLargeError

    def entry(self, item: Item) -> list[Item]:
        """An item with its values worked out, or the items that a `repeat` stands for."""
        self.count(item.head)
        if isinstance(item.values[0], Word) and item.values[0].text == "repeat":
            return [made for block in self.repeat(item) for made in block.items]
        block = self.block(item.block) if item.block else None
        values = self.values(item.values)
        if values is item.values and block is item.block:
            return [item]
        return [replace(item, values=values, block=block)]

    def block(self, block: Block) -> Block:
        """A block with its entries worked out."""
        items: list[Item] = []
        rows = [self.row(row) for row in block.rows]
        for item in block.items:
            head = item.values[0]
            if isinstance(head, Word) and head.text in ("import", "let"):
                self.sink.add("E1003", f"`{head.text}` stands at the top of a file, outside of every block", item.head)
            elif isinstance(head, Word) and head.text == "repeat":
                self.count(item.head)
                for repeated in self.repeat(item):
                    items += repeated.items
                    rows += repeated.rows
            else:
                items += self.entry(item)
        return Block(tuple(items), tuple(rows), block.span)

    def repeat(self, item: Item) -> Iterable[Block]:
        """`repeat 4 as i { … }`: the block once for each i from 1 to 4."""
        reader = Reader(replace(item, values=self.values(item.values)), self.sink)
        reader.position = 1
        try:
            times = int(reader.integer("the number of repetitions", 1, REPEAT_LIMIT).quantity.number)
            reader.expect("as")
            name = reader.name("the name of the counter")
            block = reader.block("a repetition")
            reader.finish()
        except RejectedError:
            self.lost = True
            return
        if name.text in self.parameters:
            there = Label(self.parameters[name.text].place, "first given here")
            self.sink.add("E1006", f"the name `${name.text}` is taken", name.span, secondary=(there,))
            return
        counter = _Parameter(Malformed(name.span), name.span)
        self.parameters[name.text] = counter
        for number in range(1, times + 1):
            counter.value = Number(_plain(number), name.span)
            yield self.block(block)
        del self.parameters[name.text]

    def row(self, row: Row) -> Row:
        self.count(row.span)
        if not any("$" in cell.text for cell in row.cells):
            return row
        return Row(tuple(self.cell(cell) for cell in row.cells), row.span)

    def cell(self, cell: Cell) -> Cell:
        return replace(cell, text=self.filled(cell.text, cell.span)) if "$" in cell.text else cell

    def values(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """Values with parameters and arithmetic worked out; the same object where there are none."""
        plain = True
        for index, value in enumerate(values):
            if isinstance(value, Word):
                plain &= "$" not in value.text
            elif not isinstance(value, Number):
                continue
            elif index + 1 < len(values):
                plain &= isinstance(values[index + 1], Word)
        if plain:
            return values
        return fold([self.value(value) for value in values], self.sink)

    def value(self, value: Value) -> Value:
        """A word that holds `$` as what it stands for."""
        if not isinstance(value, Word) or "$" not in value.text:
            return value
        if _WHOLE.fullmatch(value.text):
            parameter = self.parameter(value.text[1:], value.span)
            return replace(parameter.value, span=value.span) if parameter else Malformed(value.span)
        text = self.filled(value.text, value.span)
        return Word(text, value.span) if text else Malformed(value.span)

    def filled(self, text: str, place: Span) -> str:
        """A text with the values of its parameters put in; empty if one of them has none that fits."""
        parts: list[str] = []
        end = 0
        hole = _WHOLE if _WHOLE.fullmatch(text) else _HOLE  # a cell may be a parameter as a whole
        for match in hole.finditer(text):
            parameter = self.parameter(match[0][1:], place)
            if parameter is None:
                return ""
            word = _as_text(parameter.value)
            if word is None:
                if not isinstance(parameter.value, Malformed):
                    message = f"`{match[0]}` is part of a name or a cell, and only a word or a plain number can be"
                    self.sink.add("E1007", message, place, secondary=(Label(parameter.place, "its value"),))
                return ""
            parts += [text[end : match.start()], word]
            end = match.end()
        return "".join([*parts, text[end:]])[:200]

    def parameter(self, name: str, place: Span) -> _Parameter | None:
        found = self.parameters.get(name)
        if found is None:
            notes, fix = suggestion(f"${name}", place, [f"${known}" for known in self.parameters])
            fix = fix if place.text == f"${name}" else None  # in a longer word, the whole of it would be replaced
            self.sink.add("E1011", f"there is no parameter `${name}` above this line", place, notes=notes, fix=fix)
            return None
        found.used = True
        return found

    def report_unused(self) -> None:
        """Parameters of the main file that nothing reads; those of an imported file may be for others."""
        for name, parameter in self.parameters.items():
            if not parameter.used and parameter.place.source is self.main.source:
                self.sink.add("W1103", f"nothing reads the parameter `{name}`", parameter.place)


def without_edition(tree: SyntaxTree) -> SyntaxTree:
    """A file without the item that names its edition."""
    first = edition_item(tree)
    return replace(tree, items=tuple(item for item in tree.items if item is not first))


def _plain(number: int) -> Quantity:
    return Quantity(Fraction(number))


def _as_text(value: Value) -> str | None:
    """A value as part of a name or as a cell: a word, or a number without unit that has a short decimal form."""
    if isinstance(value, Word):
        return value.text
    if isinstance(value, Number) and value.quantity.unit is None and value.quantity.number >= 0:
        text = format_number(value.quantity.number)
        return text if Fraction(text) == value.quantity.number else None
    return None

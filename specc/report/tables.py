"""Tables as data: what the templates set, with numbers already aligned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from specc.measure.verdict import Outcome
from specc.report.numbers import align

_ABREAST: Final = 85  # letters and gaps that are certain to fit in a line of a table
_GAP: Final = 2  # letters that the space between columns takes


@dataclass(frozen=True)
class Column:
    """A column: its heading, the unit of its numbers, and whether it holds numbers (right aligned)."""

    title: str
    unit: str = ""
    number: bool = False
    noted: bool = False  # some cell of it refers to a note
    flush: bool = False  # numbers end at the right edge: they differ in unit, or stand above their intervals


@dataclass(frozen=True)
class Cell:
    """A cell: its text, a smaller line below it, and a mark before it. `notes` are numbers of notes."""

    text: str
    detail: str = ""
    outcome: Outcome | None = None
    notes: tuple[int, ...] = ()
    muted: bool = False


@dataclass(frozen=True)
class Row:
    """A row; `anchor` is what sentences link to, `detail` a line below the row across the table."""

    cells: tuple[Cell, ...]
    anchor: str = ""
    detail: str = ""
    total: bool = False


@dataclass(frozen=True)
class Table:
    """A table with the finding or the content its title names. `notes` are printed below, numbered from 1.

    `kind` is its class in the style sheet.
    """

    form: ClassVar = "table"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    kind: str = ""

    @property
    def crammed(self) -> bool:
        """Whether the longest words of the columns may not fit beside each other, so that words have to be broken.

        Where they do fit, a page is set a quarter faster: nobody has to try where each word could be broken.
        """
        widest = [max(map(_longest_word, (column.title, column.unit))) for column in self.columns]
        for row in self.rows:
            widest = [
                max(wide, _longest_word(cell.text), _longest_word(cell.detail))
                for wide, cell in zip(widest, row.cells, strict=True)
            ]
        return sum(widest) + _GAP * len(widest) > _ABREAST


def _longest_word(text: str) -> int:
    return max(map(len, text.split(" ")))


def table(
    title: str, columns: Sequence[Column], rows: Sequence[Row], notes: Sequence[str] = (), kind: str = ""
) -> Table:
    """A table whose number columns are aligned at the decimal point, but for those set flush.

    Raises:
        ValueError: a row has more or fewer cells than there are columns.
    """
    if any(len(row.cells) != len(columns) for row in rows):
        raise ValueError(f"a row of the table {title!r} does not have {len(columns)} cells")
    cells = [list(row.cells) for row in rows]
    for index, column in enumerate(columns):
        if column.number and not column.flush:
            texts = align([row[index].text for row in cells])
            for row, text in zip(cells, texts, strict=True):
                row[index] = replace(row[index], text=text)
    aligned = tuple(replace(row, cells=tuple(line)) for row, line in zip(rows, cells, strict=True))
    noted = [any(row[index].notes for row in cells) for index in range(len(columns))]
    marked = tuple(replace(column, noted=some) for column, some in zip(columns, noted, strict=True))
    return Table(title, marked, aligned, tuple(notes), kind)


def identifier(name: str) -> str:
    """A name of any kind as part of an identifier: letters and digits stay, the rest becomes its number."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else f".{ord(c):x}" for c in name)


def anchor(*parts: str) -> str:
    """An identifier for a link target, from names of any kind."""
    return f"at-{identifier('-'.join(parts))}"

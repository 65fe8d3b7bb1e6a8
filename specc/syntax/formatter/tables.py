"""Pipe tables: every column as wide as its widest cell."""

from __future__ import annotations

import unicodedata
from typing import Final

from specc.syntax.formatter.lines import Line
from specc.syntax.formatter.spelling import canonical_range

_FREE_TEXT: Final = "notes"  # the column whose cells are the author's own words


def align_tables(lines: list[Line]) -> None:
    """Set the text of every table row. Rows of one block are one table, whatever stands between them."""
    table: list[Line] = []
    for line in lines:
        if line.cells is not None and table and line.depth != table[0].depth:
            _align(table)
            table = []
        if line.cells is not None:
            table.append(line)
        elif line.tokens:
            _align(table)
            table = []
    _align(table)


def width(text: str) -> int:
    """Columns that a text takes on a terminal: two for wide characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _align(table: list[Line]) -> None:
    if not table:
        return
    rows = [list(line.cells or ()) for line in table]
    header = rows[0]
    for row in rows[1:]:
        for index, cell in enumerate(row):
            if index >= len(header) or header[index] != _FREE_TEXT:
                row[index] = canonical_range(cell)
    rules = [line.is_rule for line in table]
    widths: dict[int, int] = {}
    for row, rule in zip(rows, rules, strict=True):
        for index, cell in enumerate(row):
            widths[index] = max(widths.get(index, 3), 3 if rule else width(cell))
    for line, row, rule in zip(table, rows, rules, strict=True):
        line.cells = row
        cells = [_rule(cell, widths[i]) if rule else _padded(cell, widths[i]) for i, cell in enumerate(row)]
        line.text = "| " + " | ".join(cells) + " |"


def _rule(cell: str, columns: int) -> str:
    left, right = cell.startswith(":"), cell.endswith(":")
    return ":" * left + "-" * (columns - left - right) + ":" * right


def _padded(cell: str, columns: int) -> str:
    return cell + " " * (columns - width(cell))

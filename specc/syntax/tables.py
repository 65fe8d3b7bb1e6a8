"""Pipe tables: taking a row apart into cells."""

from __future__ import annotations

import re
from typing import Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.source import Span
from specc.syntax.nodes import Cell, Row

_RULE: Final = re.compile(r":?-+:?")


def parse_row(span: Span, sink: Sink) -> Row:
    """Cells of the row text at `span`, which reaches to the end of its line.

    Behind the last `|` only a comment may stand. A row without that last `|` is reported and read as if it had one.
    """
    text = span.text.rstrip()
    last = text.rindex("|")
    rest = text[last + 1 :].strip()
    if last == 0 or (rest and not rest.startswith("#")):
        end = Span(span.source, span.start + len(text), span.start + len(text))
        sink.add(
            "E0018",
            "this table row does not end with `|`",
            Label(Span(span.source, span.start, end.end)),
            fix=Fix("add `|`", ((end, " |"),)),
        )
        last = len(text)
    cells, start = [], 1
    for part in text[1:last].split("|"):
        stripped = part.strip()
        offset = span.start + start + (len(part) - len(part.lstrip()) if stripped else min(1, len(part)))
        cells.append(Cell(stripped, Span(span.source, offset, offset + len(stripped))))
        start += len(part) + 1
    return Row(tuple(cells), Span(span.source, span.start, span.start + min(last + 1, len(text))))


def is_rule(row: Row) -> bool:
    """Whether a row is the line of dashes between header and body."""
    return all(_RULE.fullmatch(cell.text) for cell in row.cells)

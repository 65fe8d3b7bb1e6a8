"""The layout of a spec file: `format_source` gives a text that says the same, laid out as every spec is.

Line ends stay where the author put them; only what stands within a line moves. The result is read back with the
language's own lexer before anyone sees it: a text whose tokens or comments differ is never returned.
"""

from __future__ import annotations

from specc.diagnostics.model import Sink
from specc.source import SourceFile
from specc.syntax.formatter.columns import align
from specc.syntax.formatter.lines import Line, read_lines
from specc.syntax.formatter.tables import align_tables

__all__ = ["FormatError", "format_source"]


class FormatError(Exception):
    """The text has no layout, because it does not parse; or its layout could not be changed without changing it."""


def format_source(source: SourceFile, sink: Sink) -> str:
    """The text of a spec in canonical layout and spelling, with `\\n` at the end of every line.

    Raises:
        FormatError: the text has syntax errors, which are in the sink; or the result would not say the same.
    """
    from specc.syntax.parser import parse

    if parse(source, sink) is None or sink.has_errors:
        raise FormatError(f"{source.name} has syntax errors and is left as it is")
    lines = read_lines(source)
    text = layout(lines)
    again = SourceFile(source.name, text)
    if meaning(lines) != meaning(read_lines(again)) or parse(again, Sink()) is None:
        raise FormatError(f"{source.name} cannot be laid out without changing what it says; it is left as it is")
    return text


def layout(lines: list[Line]) -> str:
    """The text of lines in canonical layout."""
    align_tables(lines)
    align(lines)
    texts: list[str] = []
    blank = False
    previous: Line | None = None
    for line in lines:
        if line.is_blank:
            blank = True
            continue
        if blank and previous is not None and not previous.opens_block and not line.closes_block:
            texts.append("")
        texts.append("  " * line.depth + line.text)
        blank, previous = False, line
    return "\n".join(texts) + "\n"


def meaning(lines: list[Line]) -> list[tuple[str, ...]]:
    """What lines say, whatever their layout: tokens in canonical spelling, cells, and comments, in their order."""
    said: list[tuple[str, ...]] = []
    for line in lines:
        if line.cells is not None:
            said.append(("rule",) if line.is_rule else ("row", *line.cells))
        said += [(token.kind, token.text) for token in line.tokens]
        if line.comment is not None:
            said.append(("comment", line.comment))
        if said and said[-1] != ("end",):
            said.append(("end",))
    return said

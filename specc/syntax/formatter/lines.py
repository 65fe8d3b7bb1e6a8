"""Text to lines of tokens that still know their comments and blanks, which the parser drops."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile

from specc.diagnostics.model import Sink
from specc.source import SourceFile, Span
from specc.syntax.formatter.spelling import canonical
from specc.syntax.parser import lex
from specc.syntax.tables import is_rule, parse_row


@dataclass
class LayoutToken:
    """A token in its canonical spelling.

    `gap` is the number of blanks the author left before it, `column` the number of characters between it and the
    indentation of its line.
    """

    kind: str
    text: str
    gap: int
    column: int


@dataclass
class Line:
    """One line: tokens or the cells of a table row, then perhaps a comment.

    `comment_column` is the number of characters between indentation and comment. `text` is the line as laid out,
    without its indentation; the passes of the formatter set it.
    """

    depth: int = 0
    tokens: list[LayoutToken] = field(default_factory=list)
    cells: list[str] | None = None
    is_rule: bool = False  # the dashes between the header of a table and its body
    comment: str | None = None
    comment_column: int = 0
    text: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.tokens and self.cells is None and self.comment is None

    @property
    def is_comment(self) -> bool:
        """Whether the line holds nothing but a comment."""
        return not self.tokens and self.cells is None and self.comment is not None

    @property
    def opens_block(self) -> bool:
        return bool(self.tokens) and self.tokens[-1].kind == "OPEN"

    @property
    def closes_block(self) -> bool:
        return bool(self.tokens) and self.tokens[0].kind == "CLOSE"

    @property
    def is_whole(self) -> bool:
        """Whether every block that the line opens ends on it, and the other way round."""
        depth = 0
        for token in self.tokens:
            depth += (token.kind == "OPEN") - (token.kind == "CLOSE")
            if depth < 0:
                return False
        return depth == 0


def read_lines(source: SourceFile) -> list[Line]:
    """The lines of a text that parses."""
    lines = [Line() for _ in source.line_starts]
    end = 0
    depth = 0
    for token in lex(source.text):
        start = token.start_pos or 0
        _comment(source, end, start, lines)
        if token.type != "_NEWLINE":
            number = source.position(start)[0] - 1
            line, line_start = lines[number], source.line_starts[number]
            if token.type == "ROW":
                _row(line, source.span(start, token.end_pos or start), start - line_start)
            else:
                gap = start - max(end, line_start)
                column = start - line_start - (line.tokens[0].gap if line.tokens else gap)
                line.tokens.append(LayoutToken(token.type, canonical(token.type, str(token)), gap, column))
        end = token.end_pos or start
    _comment(source, end, len(source.text), lines)
    for line in lines:
        kinds = [token.kind for token in line.tokens]
        closers = len(list(takewhile(lambda kind: kind == "CLOSE", kinds)))
        line.depth = depth - closers
        depth += kinds.count("OPEN") - kinds.count("CLOSE")
    return lines


def _comment(source: SourceFile, start: int, end: int, lines: list[Line]) -> None:
    """The comment in the gap between two tokens, if there is one. A gap lies on one line: line ends are tokens."""
    position = source.text.find("#", start, end)
    if position >= 0:
        number, column = source.position(position)
        indentation = _indentation(source.line(number))
        lines[number - 1].comment = source.text[position:end].rstrip()
        lines[number - 1].comment_column = column - 1 - indentation


def _row(line: Line, span: Span, column: int) -> None:
    row = parse_row(span, Sink())
    line.cells, line.is_rule = [cell.text for cell in row.cells], is_rule(row)
    rest = span.source.text[row.span.end : span.end]
    if "#" in rest:
        line.comment = rest[rest.index("#") :].rstrip()
        line.comment_column = row.span.end + rest.index("#") - span.start


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())

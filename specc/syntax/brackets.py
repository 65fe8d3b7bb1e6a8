"""Braces that do not match: find the place, say so once, and hand the parser a token stream that is balanced.

A file whose braces match is left alone. In one whose braces do not, the layout tells where a brace was lost: a block
ends before the next line that is indented no deeper than the line that opened it, and a section header opens a block.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.source import SourceFile, Span
from specc.syntax.tokens import Token
from specc.syntax.words import SECTIONS

NESTING_LIMIT: Final = 16


@dataclass
class _Open:
    """A block that is open."""

    token: Token
    column: int  # of the first token on the line that opens it


@dataclass
class Repaired:
    """Balanced tokens, and the lines where something had to be put right."""

    tokens: list[Token]
    damaged_lines: set[int] = field(default_factory=set)
    truncated: bool = False


def balance(tokens: list[Token], source: SourceFile, sink: Sink) -> Repaired | None:
    """Tokens with matching braces. None, and a diagnostic, if they nest beyond any sense."""
    depth = lowest = deepest = 0
    for token in tokens:
        depth += (token.type == "OPEN") - (token.type == "CLOSE")
        lowest = min(lowest, depth)
        if depth > deepest:
            deepest = depth
            if depth > NESTING_LIMIT:
                span = _span(source, token)
                sink.add("E0015", f"more than {NESTING_LIMIT} blocks inside one another", span)
                return None
    if depth == 0 and lowest == 0:
        return Repaired(tokens)
    return _Repair(tokens, source, sink).run()


def _span(source: SourceFile, token: Token) -> Span:
    return source.span(token.start_pos, token.end_pos)


def _virtual(kind: str, text: str, at: Token) -> Token:
    """A token that the text lacks, placed just before `at`."""
    return Token(kind, text, at.start_pos, at.line, at.column, end=at.start_pos)


class _Repair:
    """One pass over the lines of an unbalanced file."""

    def __init__(self, tokens: list[Token], source: SourceFile, sink: Sink) -> None:
        self.source, self.sink = source, sink
        self.lines = _lines(tokens)
        self.indented = any(line[0].column > 1 for line in self.lines if line[0].type != "_NEWLINE")
        surplus = sum((token.type == "OPEN") - (token.type == "CLOSE") for token in tokens)
        self.missing_closers, self.missing_openers = max(surplus, 0), max(-surplus, 0)
        self.open: list[_Open] = []
        self.out = Repaired([])

    def run(self) -> Repaired:
        for line, following in zip(self.lines, [*self.lines[1:], []], strict=True):
            if line[0].type != "_NEWLINE":
                self.close_by_layout(line[0])
            next_token = following[0] if following else None
            opener = self.needs_opener(line, next_token)
            for index, token in enumerate(line):
                if opener is not None and token.type == "_NEWLINE":
                    self.out.tokens.append(opener)
                    opener = None
                if token.type == "OPEN":
                    self.take_opener(token, line)
                elif token.type == "CLOSE":
                    self.take_closer(token, index, next_token)
                else:
                    self.out.tokens.append(token)
        self.close_at_end()
        return self.out

    def close_by_layout(self, first: Token) -> None:
        """Close blocks that a line at the depth of their header shows to have ended."""
        while self.open and self.missing_closers and (self.indented or first in SECTIONS):
            top = self.open[-1]
            # A brace at the depth of the header closes the block as it should; one further left closes another.
            if first.column >= top.column + (first.type != "CLOSE"):
                break
            self.report_unclosed(top, first)
            self.missing_closers -= 1
            self.open.pop()
            self.out.tokens += [_virtual("CLOSE", "}", first), _virtual("_NEWLINE", "\n", first)]

    def report_unclosed(self, block: _Open, following: Token) -> None:
        self.out.damaged_lines |= {block.token.line, following.line}
        place = Label(_span(self.source, following), "which must have ended before this line")
        self.sink.add(
            "E0013",
            "this block is never closed",
            Label(_span(self.source, block.token), "opened here"),
            secondary=(place,),
        )

    def needs_opener(self, line: list[Token], next_token: Token | None) -> Token | None:
        """The `{` that a section header lacks, if this line is such a header."""
        header = line[0] == "repeat" or (not self.open and line[0] in SECTIONS)
        if not header or not self.missing_openers or any(token.type in ("OPEN", "CLOSE") for token in line):
            return None
        if next_token is not None and next_token.type == "OPEN":
            return None
        self.missing_openers -= 1
        last = [token for token in line if token.type != "_NEWLINE"][-1]
        end = self.source.span(last.end_pos, last.end_pos)
        self.sink.add(
            "E0016",
            f"`{line[0]}` begins a {'repetition' if line[0] == 'repeat' else 'section'}, "
            "and the `{` of its block is missing",
            Label(_span(self.source, line[0]).to(end)),
            fix=Fix("add `{`", ((end, " {"),)),
        )
        self.out.damaged_lines.add(last.line)
        token = Token("OPEN", "{", last.end_pos, last.line, last.end_column, end=last.end_pos)
        self.open.append(_Open(token, line[0].column))
        return token

    def take_opener(self, token: Token, line: list[Token]) -> None:
        """Open a block, unless no words stand before the brace and there is one brace too many."""
        previous = self.out.tokens[-1].type if self.out.tokens else "_NEWLINE"
        if self.missing_closers and previous in ("OPEN", "CLOSE", "_NEWLINE", "_COMMA"):
            self.missing_closers -= 1
            self.out.damaged_lines.add(token.line)
            self.sink.add("E0012", "this `{` belongs to no item", Label(_span(self.source, token)))
            return
        self.open.append(_Open(token, line[0].column))
        self.out.tokens.append(token)

    def take_closer(self, token: Token, index: int, next_token: Token | None) -> None:
        """Close the innermost block, unless the layout shows that this brace is the one too many."""
        if self.open and not (self.missing_openers and self.is_stray(token, index, next_token)):
            self.open.pop()
            self.out.tokens.append(token)
            return
        self.missing_openers = max(self.missing_openers - 1, 0)
        self.out.damaged_lines.add(token.line)
        label = Label(_span(self.source, token), "no `{` belongs to it")
        self.sink.add("E0014", "this `}` closes nothing", label)

    def is_stray(self, token: Token, index: int, next_token: Token | None) -> bool:
        """Whether a brace stands behind words on a line that opened nothing, or the block visibly goes on below it."""
        block = self.open[-1]
        opened_above = block.token.line != token.line
        goes_on = next_token is not None and next_token.type != "CLOSE" and next_token.column > block.column
        return (opened_above and index > 0) or goes_on

    def close_at_end(self) -> None:
        """Close what the end of the file left open; one report, at the innermost block."""
        if not self.open:
            return
        self.out.truncated = True
        end = self.out.tokens[-1]
        innermost = self.open[-1]
        self.sink.add(
            "E0013",
            "the file ends before this block is closed",
            Label(_span(self.source, innermost.token), "opened here"),
            secondary=tuple(Label(_span(self.source, block.token), "also open") for block in self.open[:-1]),
        )
        last_line = max((token.line for token in self.out.tokens if token.type != "_NEWLINE"), default=0)
        self.out.damaged_lines |= {innermost.token.line, last_line}
        self.out.tokens += [_virtual("CLOSE", "}", end) for _ in self.open]


def _lines(tokens: list[Token]) -> list[list[Token]]:
    """Tokens by line; every line ends with its `_NEWLINE`, and blank lines are joined to the one before."""
    lines: list[list[Token]] = []
    current: list[Token] = []
    for token in tokens:
        if token.type == "_NEWLINE" and not current:
            (lines[-1] if lines else current).append(token)
            if not lines:
                lines.append(current)
                current = []
            continue
        current.append(token)
        if token.type == "_NEWLINE":
            lines.append(current)
            current = []
    if current:
        last = current[-1]
        current.append(Token("_NEWLINE", "\n", last.end_pos, last.line, last.end_column, end=last.end_pos))
        lines.append(current)
    return lines

"""Tokens, and the lexer that makes them from the terminals of the grammar file.

Lark parses; the lexer is this module, because Lark's own takes several times as long on a large file. Both read the
terminals in the grammar file, and a test holds this one against Lark's.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import lark

from specc.resources import resource

TOKENS_LIMIT: Final = 300_000  # fifteen in each of twenty thousand lines

_TERMINAL: Final = re.compile(r'^([A-Z_]+)\.([0-9]+): (?:/(.*)/|"(.*)")$', re.MULTILINE)
_IGNORED: Final = frozenset({"BLANK", "COMMENT"})


class Token(lark.Token):
    """A piece of the text, with its type and its place; lines and columns count from 1.

    A token of Lark's that is made from what the lexer knows: no token but a line end reaches beyond its line.
    """

    __slots__ = ()

    type: str
    start_pos: int
    end_pos: int
    line: int
    column: int
    end_column: int

    def __new__(cls, kind: str, text: str, start: int, line: int, column: int, *, end: int | None = None) -> Token:
        token = str.__new__(cls, text)
        token.type = kind
        token.value = text
        token.start_pos = start
        token.end_pos = start + len(text) if end is None else end
        token.line = token.end_line = line
        token.column = column
        token.end_column = column + token.end_pos - start
        return token

    @classmethod
    def at(cls, kind: str, text: str, place: Token) -> Token:
        """A token of another kind or text at the place of one that is there."""
        return cls(kind, text, place.start_pos, place.line, place.column, end=place.end_pos)


@cache
def _terminals() -> re.Pattern[str]:
    """All terminals as one expression, those of higher priority first; one of them matches any character."""
    grammar = resource("grammar", "hwspec.lark").read_text(encoding="utf-8")
    found = [
        (-int(priority), name, pattern if pattern else re.escape(text))
        for name, priority, pattern, text in _TERMINAL.findall(grammar)
    ]
    return re.compile("|".join(f"(?P<{name}>{pattern})" for _, name, pattern in sorted(found)))


def scan(text: str) -> list[Token]:
    """The tokens of a text, line ends among them; blanks and comments are what lies between.

    It stops behind the first token beyond TOKENS_LIMIT.
    """
    tokens: list[Token] = []
    line, line_start = 1, 0
    for match in _terminals().finditer(text):
        kind = match.lastgroup
        if kind is None or kind in _IGNORED:
            continue
        start = match.start()
        tokens.append(Token(kind, match[0], start, line, start - line_start + 1))
        if len(tokens) > TOKENS_LIMIT:
            break
        if kind == "_NEWLINE":
            line += 1
            line_start = start + 1
    return tokens

"""What happens to the tokens between lexer and parser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lark import Token
from lark.lark import PostLex


class GiveBackBraces(PostLex):
    """Splits the closing braces off a string without end, so that one lost quote stays one error.

    The terminals it accepts always are those that no rule uses; Lark would otherwise leave them out of the lexer.
    """

    always_accept: Any = ("UNFINISHED_STRING", "UNKNOWN")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        for token in stream:
            if token.type == "UNFINISHED_STRING":
                yield from _split(token)
            else:
                yield token


_BEHIND_STRING: Final = " \t\r}"


def _split(token: Token) -> Iterator[Token]:
    stripped = token.rstrip(_BEHIND_STRING)
    start, column = token.start_pos or 0, token.column or 1
    end = start + len(stripped)
    yield Token(token.type, stripped, start, token.line, column, token.line, column + len(stripped), end)
    for offset in range(len(stripped), len(token)):
        if token[offset] == "}":
            at, behind = column + offset, column + offset + 1
            yield Token("CLOSE", "}", start + offset, token.line, at, token.line, behind, start + offset + 1)

"""Text to the tokens that the parser is fed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from specc.syntax.tokens import Token, scan

_RELATION_SIGNS: Final = frozenset("=<>!≤≥")
# Two signs that touch and are no relation here; most texts have none, and are spared the search for them.
_FOREIGN: Final = re.compile(r"[=!≤≥][=<>!≤≥]|[<>][<>!≤≥]|[<>]=[=<>!]")


def lex(text: str) -> list[Token]:
    """The tokens of a text, with two corrections that no regular expression can make.

    They keep one mistake one error: the closing braces at the end of a string without end are split off it, and `=` is
    a sign only in `let NAME =`, `)` only behind a `(` of its line. Anywhere else both are unknown characters. Relations
    of other languages, such as `==` and `=<`, are one unknown token.
    """
    tokens = scan(text)
    return list(_corrected(_joined(tokens) if _FOREIGN.search(text) else tokens))


def _joined(tokens: Iterable[Token]) -> Iterator[Token]:
    """Relation signs that touch one another, as one token."""
    last: Token | None = None
    for token in tokens:
        if last is not None and token.start_pos == last.end_pos and _is_relation(token) and _is_relation(last):
            last = Token("UNKNOWN", f"{last}{token}", last.start_pos, last.line, last.column)
            continue
        if last is not None:
            yield last
        last = token
    if last is not None:
        yield last


def _is_relation(token: Token) -> bool:
    return token[:1] in _RELATION_SIGNS and token.type in ("SYMBOL", "UNKNOWN")


def _corrected(tokens: Iterable[Token]) -> Iterator[Token]:
    line: list[str] = []  # the first words of the current line
    brackets = 0  # open on the current line
    for token in tokens:
        if token.type == "UNFINISHED_STRING":
            yield from _split(token)
            continue
        if token.type == "_NEWLINE":
            line, brackets = [], 0
        elif len(line) < 3:
            line.append(str(token))
        if token.type == "SYMBOL":
            brackets += token == "("
            defines = len(line) == 3 and line[0] == "let" and line[2] == "="
            if (token == "=" and not defines) or (token == ")" and not brackets):
                yield Token.at("UNKNOWN", str(token), token)
                continue
            brackets -= token == ")"
        yield token


_BEHIND_STRING: Final = " \t\r}"


def _split(token: Token) -> Iterator[Token]:
    stripped = token.rstrip(_BEHIND_STRING)
    yield Token(token.type, stripped, token.start_pos, token.line, token.column)
    for offset in range(len(stripped), len(token)):
        if token[offset] == "}":
            yield Token("CLOSE", "}", token.start_pos + offset, token.line, token.column + offset)

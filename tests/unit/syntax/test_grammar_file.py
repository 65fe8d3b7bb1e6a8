"""The lexer against that of Lark, which reads the whole of the grammar file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark
from lark.lark import PostLex

from specc.resources import resource
from specc.syntax.tokens import scan

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted([*ROOT.glob("specs/**/*.hwspec"), *ROOT.glob("tests/conformance/*/*.hwspec")])
PIECES = ["a", "1", "3x3", "±1", "1..2 mW", '"t"', '"', "<=", "{", "}", "{\n", "}\n", ",", "\n", "|a|\n", ";", " "]


class KeepAll(PostLex):
    """Lark leaves terminals that no rule uses out of its lexer; these make the lexer total."""

    always_accept = ("UNFINISHED_STRING", "UNKNOWN")

    def process(self, stream):  # type: ignore[no-untyped-def]
        return stream


@cache
def lark() -> Lark:
    grammar = resource("grammar", "hwspec.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", postlex=KeepAll(), maybe_placeholders=False)


def texts() -> list[str]:
    return [path.read_bytes().decode("utf-8", "replace") for path in FILES]


def same_tokens(text: str) -> None:
    expected = [(t.type, str(t), t.start_pos, t.end_pos, t.line, t.column) for t in lark().lex(text)]
    assert [(t.type, str(t), t.start_pos, t.end_pos, t.line, t.column) for t in scan(text)] == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_have_the_tokens_that_lark_finds(path: Path) -> None:
    same_tokens(path.read_bytes().decode("utf-8", "replace"))


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_pieces_have_the_tokens_that_lark_finds(text: str) -> None:
    same_tokens(text)


@given(st.text(alphabet='ab1_.-+±≤<>=x"\\|{},#\n\t %$()/*µeEHzms', max_size=40))
def test_the_lexer_finds_what_lark_finds(text: str) -> None:
    same_tokens(text)


def test_the_corpus_is_there() -> None:
    assert len(texts()) > 100

"""The editor's grammar, run by a TextMate engine and held against the language's own lexer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from specc.diagnostics.model import Sink
from specc.source import SourceFile
from specc.syntax.nodes import Item, Word
from specc.syntax.parser import lex, parse
from specc.syntax.words import SECTIONS, STATEMENTS

textmate = pytest.importorskip("textmate_grammar.parsers.base", reason="textmate-grammar-python is not installed")

ROOT = Path(__file__).resolve().parents[3]
GRAMMAR = ROOT / "grammar" / "hwspec.tmLanguage.json"
SHIPPED = sorted((ROOT / "specs").rglob("*.hwspec"))
CORPUS = sorted((ROOT / "tests" / "conformance" / "ok").glob("*.hwspec"))
EVERY = [*SHIPPED, *CORPUS, ROOT / "templates" / "starter.hwspec"]

Piece = tuple[int, int, str, str]  # line, column, text, innermost scope without the language's suffix


@cache
def engine() -> Any:
    return textmate.LanguageParser(json.loads(GRAMMAR.read_text(encoding="utf-8")))


def pieces(text: str) -> Iterator[Piece]:
    for (line, column), part, scopes in engine().parse_string(text).flatten():
        yield line, column, part, scopes[-1].removesuffix(".hwspec")


def scopes_by_place(text: str) -> dict[tuple[int, int], str]:
    """The scope of every character."""
    return {(line, column + index): scope for line, column, part, scope in pieces(text) for index in range(len(part))}


def text_of(path: Path) -> str:
    text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def keywords(items: tuple[Item, ...]) -> Iterator[Word]:
    for item in items:
        if isinstance(item.values[0], Word):
            yield item.values[0]
        yield from keywords(item.block.items if item.block else ())


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_no_keyword_goes_untokenised(path: Path) -> None:
    text = text_of(path)
    source = SourceFile(path.name, text)
    tree = parse(source, Sink())
    assert tree is not None
    scopes = scopes_by_place(text)
    missed = [
        word.text
        for word in keywords(tree.items)
        if not scopes.get((word.span.line - 1, word.span.column - 1), "").startswith("keyword.")
    ]
    assert not missed


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_it_agrees_with_the_lexer(path: Path) -> None:
    text = text_of(path)
    source = SourceFile(path.name, text)
    scopes = scopes_by_place(text)
    expected = {"STRING": "string.quoted", "SIZE": "constant.numeric.size", "RANGE": "constant.numeric.range"}
    covered = set()
    for token in lex(text):
        line, column = source.position(token.start_pos or 0)
        covered |= {(line - 1, column - 1 + index) for index in range(len(token))}
        scope = scopes.get((line - 1, column - 1), "")
        if token.type in expected:
            assert scope.startswith(expected[token.type]), str(token)
        elif token.type in ("NUMBER", "INTERVAL"):
            assert scope.startswith("constant.numeric"), str(token)
            if str(token)[-1].isalpha() or str(token).endswith("%"):
                last = scopes[(line - 1, column - 2 + len(token))]
                assert last == "keyword.other.unit", str(token)
        elif token.type == "WORD":
            assert scope.startswith(("keyword", "variable", "entity", "constant.language")), str(token)
    for number, line_text in enumerate(text.splitlines()):
        for column, character in enumerate(line_text):
            if not character.isspace():
                assert scopes.get((number, column), "source") != "source", f"{number + 1}:{column + 1}"
            if character == "#" and (number, column) not in covered:
                assert scopes[(number, column)].startswith("comment")


SNIPPETS = {
    'compile "-O2 # {" # c': {'"-O2 # {"': "string.quoted.double", "# c": "comment.line.number-sign"},
    'title "a \\" b" , fpu': {'"a \\" b"': "string.quoted.double", "fpu": "keyword.other.item"},
    "dwconv conv { kernel 3x3 }": {
        "dwconv": "keyword.other.item",
        "conv": "variable.other",
        "kernel": "keyword.other.item",
        "3x3": "constant.numeric.size",
    },
    "latency total p99.9 <= 12.5 µs": {
        "total": "constant.language",
        "p99.9": "constant.language.percentile",
        "<=": "keyword.operator",
        "12.5": "constant.numeric",
        "µs": "keyword.other.unit",
    },
    "| c1 | 8 | ±1.27 | calibrated | # x": {
        "c1": "variable.other",
        "8": "constant.numeric",
        "±1.27": "constant.numeric.range",
        "calibrated": "constant.language",
        "# x": "comment.line.number-sign",
    },
    "clock 40.6..48.0 mW at 120 MHz": {
        "40.6..48.0": "constant.numeric.interval",
        "mW": "keyword.other.unit",
        "at": "keyword.other.connective",
    },
    "target m4 { use host }": {"target": "keyword.control.section", "m4": "entity.name.section"},
    "a model_2 5": {"model_2": "variable.other", "5": "constant.numeric"},
    "models 5": {"models": "keyword.other.item"},
    "let rate = 2 Hz": {"let": "keyword.control.statement", "=": "keyword.operator", "Hz": "keyword.other.unit"},
    "life >= 1 year at $rate": {">=": "keyword.operator", "year": "keyword.other.unit", "$rate": "variable.parameter"},
}


@pytest.mark.parametrize(("line", "expected"), SNIPPETS.items())
def test_scopes(line: str, expected: dict[str, str]) -> None:
    found = {part: scope for _, _, part, scope in pieces(line + "\n")}
    assert {part: found.get(part) for part in expected} == expected


@pytest.mark.parametrize("word", [*SECTIONS, *STATEMENTS, "import", "let", "repeat"])
def test_what_opens_a_section_stands_out(word: str) -> None:
    (scope,) = [scope for _, _, part, scope in pieces(f"{word} a 1\n") if part == word]
    assert scope.startswith("keyword.control")

"""Whatever is formatted says the same afterwards, keeps its comments, and does not change a second time."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.source import SourceFile
from specc.syntax.files import decode
from specc.syntax.formatter import FormatError, format_source
from specc.syntax.parser import lex

ROOT = Path(__file__).resolve().parents[3]
CORPUS = sorted((ROOT / "tests" / "conformance" / "ok").glob("*.hwspec"))
SHIPPED = sorted((ROOT / "specs").rglob("*.hwspec"))
# Before a comment or a table row: words and strings. A row is closed by the last `|` of its line.
COMMENT = re.compile(r'^(?:[^"#|\n]|"(?:\\.|[^"\\\n])*")*(?:\|(?:.*\|)?[^|#\n]*)?(#[^\n|]*)$', re.M)


def source_of(path: Path) -> SourceFile:
    source = decode(path.read_bytes(), str(path), path, Sink())
    assert source is not None
    return source


def formatted(text: str) -> str:
    return format_source(SourceFile("spec.hwspec", text), Sink())


def spec_json(source: SourceFile) -> str:
    """The Spec without places; the two spellings of a micro unit are one."""
    spec = load_text(source, Sink())
    return spec.model_dump_json().replace("µ", "u") if spec else "errors"


def comments(text: str) -> Counter[str]:
    """Comments by a rule of their own, from `#` to the end of the line. (None with a `|` in it, to keep it short.)"""
    return Counter(match[1].rstrip() for match in COMMENT.finditer(text.replace("\r", "\n")))


@pytest.mark.parametrize("path", [*CORPUS, *SHIPPED], ids=lambda path: path.stem)
def test_a_file_says_the_same_and_does_not_change_twice(path: Path) -> None:
    source = source_of(path)
    text = formatted(source.text)
    assert formatted(text) == text
    assert comments(text) == comments(source.text)
    assert spec_json(SourceFile(str(path), text, path)) == spec_json(source)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_specs_are_formatted(path: Path) -> None:
    assert formatted(path.read_text(encoding="utf-8")) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [ROOT / "specs" / "edge_cnn.hwspec", ROOT / "specs" / "edge_cnn_repaired.hwspec"])
def test_a_squeezed_table_gets_its_columns_back(path: Path) -> None:
    """The columns of tables, limits and targets are the formatter's work, whatever the author left."""
    text = path.read_text(encoding="utf-8")
    squeezed = re.sub(r"(?<=\S) {2,}(?=[^#\s])", " ", text)
    assert squeezed != text
    aligned = re.compile(r" *(\||latency|memory|target|instrument)")

    def lines(text: str) -> list[str]:
        return [line.split("#")[0].rstrip() for line in text.splitlines() if aligned.match(line)]

    assert lines(formatted(squeezed)) == lines(text)


def scrambled(draw: st.DrawFn, text: str) -> str:
    """The same tokens with other blanks, comments and blank lines between them."""
    pieces: list[str] = []
    end = 0
    depth_of_row = False
    for token in lex(text):
        start = token.start_pos or 0
        gap = text[end:start]
        if "#" in gap:
            pieces.append(draw(st.sampled_from(["", " ", "  ", "\t", "      "])) + gap[gap.index("#") :])
        elif gap:
            pieces.append(draw(st.sampled_from([" ", "  ", "\t", " \t "])))
        if token.type == "_NEWLINE":
            end_of_line = [" \n", "\n", "\r\n", "\n\n\n", "\n# between\n", "  # behind\n"]
            # Behind a comment or a row a further comment would be part of it.
            choices = end_of_line[:4] if "#" in gap or depth_of_row else end_of_line
            pieces.append(draw(st.sampled_from(choices)))
        else:
            pieces.append(str(token))
        depth_of_row = token.type == "ROW"
        end = token.end_pos or start
    return "".join(pieces) + text[end:]


@settings(max_examples=60)
@given(data=st.data(), path=st.sampled_from([*CORPUS, *SHIPPED]))
def test_scrambled_layout(data: st.DataObject, path: Path) -> None:
    source = source_of(path)
    text = data.draw(st.composite(lambda draw: scrambled(draw, source.text))())
    clean = decode(text.encode(), str(path), path, Sink())
    assert clean is not None
    result = formatted(clean.text)
    assert formatted(result) == result
    assert comments(result) == comments(clean.text)
    assert "\r" not in result and "\t" not in re.sub(r'#.*|".*?"|\|.*', "", result)
    assert spec_json(SourceFile(str(path), result, path)) == spec_json(SourceFile(str(path), clean.text, path))


@settings(max_examples=80)
@given(data=st.data(), path=st.sampled_from(CORPUS))
def test_a_mutated_file_is_refused_or_says_the_same(data: st.DataObject, path: Path) -> None:
    text = source_of(path).text
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 8))
    inserted = data.draw(st.text(st.sampled_from('ab1 .,{}|#"\\±+-=<≤µ%\n\t\x00é😀'), max_size=6))
    mutated = SourceFile("spec.hwspec", text[:start] + inserted + text[start + length :])
    try:
        result = format_source(mutated, Sink())
    except FormatError:
        return
    assert formatted(result) == result
    assert comments(result) == comments(mutated.text)
    assert spec_json(SourceFile("spec.hwspec", result)) == spec_json(mutated)

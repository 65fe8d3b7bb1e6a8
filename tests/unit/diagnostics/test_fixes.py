"""Fixes made to texts: which go together, line ends, and diffs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.diagnostics.fixes import applicable, apply, difference, normalised
from specc.diagnostics.model import Diagnostic, Fix
from specc.source import SourceFile

SOURCE = SourceFile("a.hwspec", "0123456789")


def finding(*edits: tuple[int, int, str], safe: bool = True, source: SourceFile = SOURCE) -> Diagnostic:
    return Diagnostic(
        "W0101", "m", None, fix=Fix("f", tuple((source.span(a, b), text) for a, b, text in edits), safe=safe)
    )


def result(*diagnostics: Diagnostic, unsafe: bool = False) -> str:
    return apply(SOURCE.text, applicable(diagnostics, SOURCE, unsafe=unsafe))


def test_several_edits() -> None:
    assert result(finding((2, 4, "xyz")), finding((0, 1, ""), (9, 10, "!"))) == "1xyz45678!"


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ((3, 6, "B"), "01A56789"),  # overlap: the first wins
        ((2, 5, "B"), "01A56789"),  # the same place
        ((5, 7, "B"), "01AB789"),  # side by side
        ((5, 5, "B"), "01A56789"),  # an insertion where the other ends
        ((2, 2, "B"), "01A56789"),  # and where it begins
        ((6, 6, "B"), "01A5B6789"),
    ],
)
def test_overlap(second: tuple[int, int, str], expected: str) -> None:
    assert result(finding((2, 5, "A")), finding(second)) == expected


def test_a_fix_is_made_whole_or_not_at_all() -> None:
    assert result(finding((2, 5, "A")), finding((0, 1, "B"), (4, 6, "B"))) == "01A56789"


def test_unsafe_fixes_need_consent() -> None:
    guess = finding((0, 1, "x"), safe=False)
    assert result(guess) == SOURCE.text
    assert result(guess, unsafe=True) == "x123456789"


def test_another_file_is_left_alone() -> None:
    library = SourceFile("library.hwspec", "0123456789")
    assert result(finding((0, 1, "x"), source=library), unsafe=True) == SOURCE.text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\r\nb\r\nc\r\n", "a\r\nX\r\nY\r\nc\r\n"),
        ("a\nb\nc", "a\nX\nY\nc"),
        ("a\rb\rc", "a\rX\nY\rc"),
        ("a\r\nb\nc\r", "a\r\nX\r\nY\nc\r"),
    ],
)
def test_line_ends_are_kept(raw: str, expected: str) -> None:
    source = SourceFile("a.hwspec", normalised(raw))
    assert source.text.startswith("a\nb\nc")
    assert apply(raw, [Fix("f", ((source.span(2, 3), "X\nY"),))]) == expected


@given(st.text(alphabet="ab\r\n", max_size=12), st.data())
def test_an_edit_of_the_raw_text_is_the_edit_of_the_normalised_one(raw: str, data: st.DataObject) -> None:
    text = normalised(raw)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    source = SourceFile("a.hwspec", text)
    edited = apply(raw, [Fix("f", ((source.span(start, end), "x"),))])
    assert normalised(edited) == text[:start] + "x" + text[end:]


@pytest.mark.parametrize(
    ("before", "after"),
    [("a\nb\n", "a\nc\n"), ("a\nb", "a\nc"), ("a", "a\n"), ("a\r\nb\r\n", "a\r\nc\r\n"), ("a\x0cb\n", "a\x0cc\n")],
)
def test_a_diff_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    assert patched(before, difference(before, after, "f.hwspec")) == after


def patched(text: str, diff: str) -> str:
    """A text with a unified diff applied, by the rules of the format: only `\n` ends a line."""
    lines, result, position = text.split("\n"), [], 0
    body = diff.split("\n")[:-1]
    assert body[:2] == ["--- f.hwspec", "+++ f.hwspec"]
    complete = {"-": True, "+": True}
    for index, line in enumerate(body[2:], start=2):
        if match := re.fullmatch(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@", line):
            result += lines[position : int(match[1]) - 1]
            position = max(int(match[1]) - 1, 0)
        elif line.startswith("\\"):
            complete |= {sign: False for sign in ("-", "+") if body[index - 1][0] in (sign, " ")}
        else:
            if line[0] in " -":
                assert lines[position] == line[1:]
                position += 1
            if line[0] in " +":
                result.append(line[1:])
    assert complete["-"] == text.endswith("\n")
    rest = lines[position:]
    return "\n".join(result + rest if any(rest) else result) + ("\n" if complete["+"] else "")


def test_no_difference() -> None:
    assert difference("a\n", "a\n", "f") == ""

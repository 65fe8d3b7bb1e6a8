"""Diagnostics as people see them: exact pictures."""

from __future__ import annotations

import pytest

from specc.diagnostics.model import Diagnostic, Fix, Label, Sink
from specc.diagnostics.render_text import render, summary
from specc.source import SourceFile, Span


def at(source: SourceFile, text: str) -> Span:
    start = source.text.index(text)
    return source.span(start, start + len(text))


def test_all_parts() -> None:
    source = SourceFile("a.hwspec", "one\ntwo three\n\n\nfour five\n")
    diagnostic = Diagnostic(
        "E1006",
        "given twice",
        Label(at(source, "five"), "again"),
        secondary=(Label(at(source, "three"), "first"),),
        notes=("a note", "two\nlines"),
        fix=Fix("remove it", ((at(source, "five"), ""),)),
    )
    assert render([diagnostic]) == (
        "error[E1006]: given twice\n"
        " --> a.hwspec:5:6\n"
        "  |\n"
        "2 | two three\n"
        "  |     ----- first\n"
        "...\n"
        "5 | four five\n"
        "  |      ^^^^ again\n"
        "  |\n"
        "  = note: a note\n"
        "  = note: two\n"
        "          lines\n"
        "  = fix: remove it\n"
    )


def test_two_files() -> None:
    own, other = SourceFile("own", "use x\n"), SourceFile("library", "\nsram 1 B\n")
    diagnostic = Diagnostic("E1010", "no", Label(at(own, "x")), secondary=(Label(at(other, "1 B"), "stated here"),))
    assert render([diagnostic]) == (
        "error[E1010]: no\n"
        " --> own:1:5\n"
        "  |\n"
        "1 | use x\n"
        "  |     ^\n"
        "  |\n"
        " ::: library:2:6\n"
        "  |\n"
        "2 | sram 1 B\n"
        "  |      --- stated here\n"
        "  |\n"
    )


def test_without_place() -> None:
    assert render([Diagnostic("E0001", "x does not exist", None)]) == "error[E0001]: x does not exist\n"


def caret_column(line: str, marked: str) -> tuple[str, str]:
    source = SourceFile("f", line)
    lines = render([Diagnostic("E1010", "m", Label(at(source, marked)))]).splitlines()
    return lines[3].removeprefix("1 | "), lines[4].removeprefix("  | ")


@pytest.mark.parametrize(
    ("line", "shown", "carets"),
    [
        ("a\tb X", "a   b X", "      ^"),
        ("\tX", "    X", "    ^"),
        ("日本 X", "日本 X", "     ^"),
        ("e\u0301 X", "e\u0301 X", "  ^"),
        ("± X", "± X", "  ^"),
        ("\x1b[31m X", "\ufffd[31m X", "      ^"),
        ("\u202e X", "\ufffd X", "  ^"),
    ],
)
def test_carets_point_right(line: str, shown: str, carets: str) -> None:
    assert caret_column(line, "X") == (shown, carets)


def test_wide_characters_are_underlined_in_full() -> None:
    assert caret_column("x 日本語", "日本語")[1] == "  ^^^^^^"


def test_long_lines_are_cut_around_the_caret() -> None:
    shown, carets = caret_column("a" * 5000 + "X" + "b" * 5000, "X")
    assert len(shown) < 130
    assert shown.startswith("…") and shown.endswith("…")
    assert shown[carets.index("^")] == "X"


def test_a_span_over_several_lines_is_underlined_on_its_first() -> None:
    source = SourceFile("f", "ab {\n c\n}\n")
    text = render([Diagnostic("E1010", "m", Label(source.span(3, 9)))])
    assert "1 | ab {\n  |    ^\n" in text


def test_end_of_file_has_a_caret() -> None:
    source = SourceFile("f", "ab")
    assert "1 | ab\n  |   ^\n" in render([Diagnostic("E1010", "m", Label(source.span(2, 2)))])


def test_messages_cannot_command_the_terminal() -> None:
    assert "\x1b" not in render([Diagnostic("E1010", "name \x1b[2J", None, notes=("\x1b]0;x\x07",))])


def test_colour_only_when_asked() -> None:
    source = SourceFile("f", "ab")
    diagnostic = Diagnostic("W1101", "m", Label(source.span(0, 1), "here"), fix=Fix("x", ()))
    plain, coloured = render([diagnostic]), render([diagnostic], colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;33m" in coloured
    import re

    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_summary_counts() -> None:
    error, warning = Diagnostic("E1010", "", None), Diagnostic("W1101", "", None)
    assert summary([error, error, warning], "a.hwspec") == "2 errors, 1 warning in a.hwspec"
    assert summary([warning, warning], "a.hwspec") == "2 warnings in a.hwspec"
    assert summary([], "a.hwspec") == "no errors in a.hwspec"


def test_sink_orders_by_place() -> None:
    source = SourceFile("f", "ab")
    sink = Sink()
    sink.add("E1010", "second", source.span(1, 2))
    sink.add("E1010", "first", source.span(0, 1))
    sink.add("E0001", "file", None)
    assert [diagnostic.message for diagnostic in sink] == ["file", "first", "second"]
    with pytest.raises(KeyError):
        sink.add("E9999", "unknown code", None)

"""Workflow commands of GitHub Actions: every character that means something there is escaped."""

from __future__ import annotations

from specc.diagnostics.model import Diagnostic, FileFindings, Label
from specc.diagnostics.render_github import render
from specc.source import SourceFile


def test_one_line_finding() -> None:
    source = SourceFile("dir/a.hwspec", "one\ntwo three\n")
    found = Diagnostic("W0101", "too much", Label(source.span(8, 13)), notes=("first", "second"))
    assert render([FileFindings("dir/a.hwspec", (found,))]) == (
        "::warning file=dir/a.hwspec,line=2,endLine=2,col=5,endColumn=10,title=W0101%3A ambiguous unit"
        "::too much%0Afirst%0Asecond"
    )


def test_a_finding_over_several_lines_has_no_columns() -> None:
    source = SourceFile("a.hwspec", "one\ntwo\n")
    command = render([FileFindings("a.hwspec", (Diagnostic("E0013", "open", Label(source.span(1, 6))),))])
    assert command.startswith("::error file=a.hwspec,line=1,endLine=2,title=")


def test_escapes_in_properties_and_message() -> None:
    source = SourceFile("a,b:c%.hwspec", "x")
    found = Diagnostic("E0001", "50 % of a,b: c\r\n::error::fake", Label(source.span(0, 1)))
    command = render([FileFindings(source.name, (found,))])
    assert "\n" not in command and "\r" not in command
    head, _, message = command.removeprefix("::").partition("::")
    assert "file=a%2Cb%3Ac%25.hwspec," in head
    assert message == "50 %25 of a,b: c\ufffd%0A::error::fake"


def test_a_finding_without_place_and_a_demoted_one() -> None:
    found = (Diagnostic("E0001", "missing", None), Diagnostic("E4101", "slow", None, demoted="later"))
    assert render([FileFindings("a.hwspec", found)]).split("\n") == [
        "::error file=a.hwspec,title=E0001%3A file not found::missing",
        "::warning file=a.hwspec,title=E4101%3A a latency budget is impossible::slow",
    ]


def test_nothing_found() -> None:
    assert render([FileFindings("a.hwspec", ())]) == ""

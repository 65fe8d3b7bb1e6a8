"""JUnit XML: one suite per file, and text that XML cannot hold."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from specc.diagnostics.model import Diagnostic, FileFindings, Label, Waived
from specc.diagnostics.render_junit import Case, Suite, render, suite
from specc.source import SourceFile


def test_each_severity() -> None:
    source = SourceFile("a.hwspec", "one\ntwo three\n")
    found = (
        Diagnostic("E0001", "missing", None),
        Diagnostic("W0101", "ambiguous <unit> & more", Label(source.span(8, 13))),
        Diagnostic("E4101", "slow", Label(source.span(4, 7)), demoted="later"),
    )
    waived = (Waived(Diagnostic("W4105", "no slack", Label(source.span(0, 3))), "goals", None),)
    root = ET.fromstring(render([suite(FileFindings("a.hwspec", found, waived))]))
    (element,) = root
    assert root.tag == "testsuites"
    assert element.attrib == {"name": "a.hwspec", "tests": "4", "failures": "1", "errors": "0", "skipped": "1"}
    names = [(case.get("classname"), case.get("name"), [child.tag for child in case]) for case in element]
    assert names == [
        ("a.hwspec", "E0001", ["failure"]),
        ("a.hwspec", "W0101 at 2:5", ["system-out"]),
        ("a.hwspec", "E4101 at 2:1", ["system-out"]),
        ("a.hwspec", "W4105 at 1:1", ["skipped"]),
    ]
    assert "ambiguous <unit> & more" in (element[1][0].text or "")
    assert element[3][0].get("message") == "waived: goals"


def test_a_clean_file_is_one_passing_test() -> None:
    (element,) = ET.fromstring(render([suite(FileFindings("a.hwspec", ()))]))
    assert element.get("tests") == "1"
    assert [(case.get("name"), len(case)) for case in element] == [("check", 0)]


def test_one_suite_per_file() -> None:
    root = ET.fromstring(render(suite(FileFindings(name, ())) for name in ("a", "b", "c")))
    assert [element.get("name") for element in root] == ["a", "b", "c"]


def test_control_characters_are_replaced() -> None:
    case = Case("x\x00", "error", "a\x1b[31m\ud800", "]]>\x08\ufffe")
    (element,) = ET.fromstring(render([Suite("s\x01", (case,))]))
    assert element.get("name") == "s\ufffd"
    (shown,) = element
    assert shown.get("name") == "x\ufffd"
    assert shown[0].get("message") == "a\ufffd[31m\ufffd"
    assert shown[0].text == "]]>\ufffd\ufffd"

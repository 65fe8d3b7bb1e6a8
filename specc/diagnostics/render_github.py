"""Diagnostics as workflow commands of GitHub Actions, which shows them beside the lines of a pull request.

The form and its escapes are those of GitHub's documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from specc.diagnostics.model import Diagnostic, FileFindings
from specc.diagnostics.registry import CODES
from specc.diagnostics.snippet import printable

_COMMANDS: Final = {"error": "error", "warning": "warning", "note": "notice"}


def render(files: Iterable[FileFindings]) -> str:
    """One command per finding, one per line. Waived findings are accepted and give none."""
    return "\n".join(_command(diagnostic, file.name) for file in files for diagnostic in file.diagnostics)


def _command(diagnostic: Diagnostic, file_name: str) -> str:
    properties: dict[str, object] = {"file": file_name}
    if diagnostic.primary is not None:
        span = diagnostic.primary.span
        end_line, end_column = span.end_position
        properties = {"file": span.source.name, "line": span.line, "endLine": end_line}
        if end_line == span.line:  # columns are only understood within one line
            properties |= {"col": span.column, "endColumn": end_column}
    properties["title"] = f"{diagnostic.code}: {CODES[diagnostic.code].title}"
    head = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    message = _data("\n".join([diagnostic.message, *diagnostic.notes]))
    return f"::{_COMMANDS[diagnostic.severity]} {head}::{message}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

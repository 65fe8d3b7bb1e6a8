"""All ways to print findings for programs, by the name of the format; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specc.diagnostics.model import FileFindings

MACHINE_FORMATS: Final = ("json", "sarif", "junit", "github")


def render(files: Sequence[FileFindings], form: str) -> str:
    """The findings of several files as one document of a format of MACHINE_FORMATS.

    Raises:
        ValueError: there is no such format.
    """
    match form:
        case "json":
            from specc.diagnostics.render_json import render as render_json

            waived = [waived for file in files for waived in file.waived]
            return render_json([diagnostic for file in files for diagnostic in file.diagnostics], waived)
        case "sarif":
            from specc.diagnostics.render_sarif import render as render_sarif

            return render_sarif(files)
        case "junit":
            from specc.diagnostics.render_junit import render as render_junit
            from specc.diagnostics.render_junit import suite

            return render_junit(suite(file) for file in files)
        case "github":
            from specc.diagnostics.render_github import render as render_github

            return render_github(files)
        case _:
            raise ValueError(f"there is no format {form}")

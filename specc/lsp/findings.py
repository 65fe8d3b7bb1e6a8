"""Findings of the checker as the protocol's diagnostics, and their fixes as quick fixes."""

from __future__ import annotations

from typing import Final

from lsprotocol import types
from pygls.uris import from_fs_path

from specc.diagnostics.model import Diagnostic, Fix, Label
from specc.lsp.document import Document
from specc.lsp.positions import Positions

_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}


def diagnostics(document: Document) -> list[types.Diagnostic]:
    """Everything that the checker finds in a document. What lies in an imported file is shown at the first line."""
    return [_diagnostic(document, finding) for finding in document.result.diagnostics]


def quick_fixes(document: Document, wanted: types.Range) -> list[types.CodeAction]:
    """The fixes of findings that touch a range."""
    actions = []
    for finding in document.result.diagnostics:
        fix = finding.fix
        if fix is None or not fix.edits or any(span.source != document.source for span, _ in fix.edits):
            continue
        shown = _diagnostic(document, finding)
        if _touch(shown.range, wanted):
            actions.append(
                types.CodeAction(
                    title=fix.title,
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[shown],
                    is_preferred=fix.safe,
                    edit=_edit(document, fix),
                )
            )
    return actions


def _diagnostic(document: Document, finding: Diagnostic) -> types.Diagnostic:
    message = "\n".join([finding.message, *finding.notes])
    place = types.Range(types.Position(0, 0), types.Position(0, 0))
    if finding.primary is not None and document.concerns(finding):
        span = finding.primary.span
        place = document.positions.range(span.start, span.end)
    elif finding.primary is not None:
        message = f"{finding.primary.span}: {message}"
    related = [found for label in finding.secondary if (found := _related(document, label)) is not None]
    return types.Diagnostic(
        range=place,
        message=message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source="specc",
        related_information=related or None,
    )


def _related(document: Document, label: Label) -> types.DiagnosticRelatedInformation | None:
    span = label.span
    uri: str | None = document.uri
    positions = document.positions
    if span.source != document.source:
        uri = from_fs_path(str(span.source.path.resolve())) if span.source.path else None
        positions = Positions(span.source.text, positions.encoding)
    if uri is None:
        return None
    location = types.Location(uri, positions.range(span.start, span.end))
    return types.DiagnosticRelatedInformation(location, label.text or "here")


def _edit(document: Document, fix: Fix) -> types.WorkspaceEdit:
    edits = [types.TextEdit(document.positions.range(span.start, span.end), text) for span, text in fix.edits]
    return types.WorkspaceEdit(changes={document.uri: edits})


def _touch(one: types.Range, other: types.Range) -> bool:
    def key(position: types.Position) -> tuple[int, int]:
        return position.line, position.character

    return key(one.start) <= key(other.end) and key(other.start) <= key(one.end)

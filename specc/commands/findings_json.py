"""Findings as plain data and back, for the cache of `specc check`. Places are offsets in files that are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specc.diagnostics.model import Diagnostic, FileFindings, Fix, Label, Sink, Waived
from specc.diagnostics.registry import CODES
from specc.source import SourceFile, Span
from specc.syntax.files import decode


class MalformedError(Exception):
    """The data does not say what was found."""


def dump(found: FileFindings) -> dict[str, Any]:
    """Findings as what JSON can hold."""
    return _Writer().findings(found)


def restore(name: str, data: Any, files: Mapping[str, bytes]) -> FileFindings:
    """The findings of a file called `name`; `files` has the contents of everything they point at, by absolute path.

    Raises:
        MalformedError, KeyError, TypeError, ValueError: the data is not in order.
    """
    return _Reader(data["sources"], files).findings(name, data)


class _Writer:
    """Spans refer to their source by its number."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, str], int] = {}

    def findings(self, found: FileFindings) -> dict[str, Any]:
        data: dict[str, Any] = {
            "diagnostics": [self.diagnostic(diagnostic) for diagnostic in found.diagnostics],
            "waived": [[self.diagnostic(w.diagnostic), w.reason, self.span(w.where)] for w in found.waived],
        }
        return data | {"sources": list(self.sources)}

    def diagnostic(self, diagnostic: Diagnostic) -> list[Any]:
        fix = diagnostic.fix
        return [
            diagnostic.code,
            diagnostic.message,
            self.label(diagnostic.primary) if diagnostic.primary else None,
            [self.label(label) for label in diagnostic.secondary],
            list(diagnostic.notes),
            [fix.title, [[self.span(span), text] for span, text in fix.edits], fix.safe] if fix else None,
            diagnostic.demoted,
        ]

    def label(self, label: Label) -> list[Any]:
        return [self.span(label.span), label.text]

    def span(self, span: Span | None) -> list[int] | None:
        if span is None:
            return None
        key = (span.source.name, str(span.source.path.absolute()) if span.source.path else "")
        return [self.sources.setdefault(key, len(self.sources)), span.start, span.end]


class _Reader:
    """Takes nothing for granted: every value has its type, every place lies in its text."""

    def __init__(self, sources: Any, files: Mapping[str, bytes]) -> None:
        self.sources: list[SourceFile] = []
        for name, path in sources:
            source = decode(files[path], _text(name), Path(path), Sink())
            if source is None:
                raise MalformedError
            self.sources.append(source)

    def findings(self, name: str, data: Any) -> FileFindings:
        waived = tuple(
            Waived(self.diagnostic(diagnostic), _text(reason), self.span(where) if where is not None else None)
            for diagnostic, reason, where in data["waived"]
        )
        return FileFindings(name, tuple(self.diagnostic(entry) for entry in data["diagnostics"]), waived)

    def diagnostic(self, data: Any) -> Diagnostic:
        code, message, primary, secondary, notes, fix, demoted = data
        if _text(code) not in CODES:
            raise MalformedError
        return Diagnostic(
            code,
            _text(message),
            self.label(primary) if primary is not None else None,
            tuple(self.label(label) for label in secondary),
            tuple(_text(note) for note in notes),
            self.fix(fix) if fix is not None else None,
            _text(demoted) if demoted is not None else None,
        )

    def fix(self, data: Any) -> Fix:
        title, edits, safe = data
        if not isinstance(safe, bool):
            raise MalformedError
        return Fix(_text(title), tuple((self.span(span), _text(text)) for span, text in edits), safe)

    def label(self, data: Any) -> Label:
        span, text = data
        return Label(self.span(span), _text(text))

    def span(self, data: Any) -> Span:
        if not all(type(number) is int for number in data):
            raise MalformedError
        number, start, end = data
        source = self.sources[number] if 0 <= number < len(self.sources) else None
        if source is None or not 0 <= start <= end <= len(source.text):
            raise MalformedError
        return Span(source, start, end)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedError
    return value

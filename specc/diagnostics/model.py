"""A diagnostic, and the sink that collects them: every error in one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from specc.diagnostics.registry import CODES
from specc.source import Span

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Label:
    """A place in the source and what is to be seen there (empty: the caret alone)."""

    span: Span
    text: str = ""


@dataclass(frozen=True)
class Fix:
    """A replacement that repairs the problem. `safe` fixes keep the meaning; the others need the author's consent."""

    title: str
    edits: tuple[tuple[Span, str], ...]
    safe: bool = False


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `notes` are lines that follow it: the facts that prove it, and what would repair it."""

    code: str
    message: str
    primary: Label | None  # None: about the file as a whole (missing, not text)
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    fix: Fix | None = None
    demoted: str | None = None  # why the spec lets this error pass as a warning

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity if self.demoted is None else "warning"


@dataclass(frozen=True)
class Waived:
    """A finding that the spec accepts, with the reason it gives and the place of the waiver."""

    diagnostic: Diagnostic
    reason: str
    where: Span | None


@dataclass(frozen=True)
class FileFindings:
    """What was found in one file; `name` is the path as given."""

    name: str
    diagnostics: tuple[Diagnostic, ...]
    waived: tuple[Waived, ...] = ()

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


@dataclass
class Sink:
    """Collects diagnostics. Passes add what they find and go on."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(
        self,
        code: str,
        message: str,
        primary: Span | Label | None,
        *,
        secondary: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        fix: Fix | None = None,
    ) -> None:
        """Record one finding under a registered code."""
        if code not in CODES:
            raise KeyError(f"diagnostic code {code} is not registered")
        label = Label(primary) if isinstance(primary, Span) else primary
        self.diagnostics.append(Diagnostic(code, message, label, secondary, notes, fix))

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    def __iter__(self) -> Iterator[Diagnostic]:
        """Diagnostics in the order of the source, file by file, those about a whole file first."""

        def place(diagnostic: Diagnostic) -> tuple[str, int, str]:
            span = diagnostic.primary.span if diagnostic.primary else None
            return (span.source.name, span.start, diagnostic.code) if span else ("", -1, diagnostic.code)

        return iter(sorted(self.diagnostics, key=place))

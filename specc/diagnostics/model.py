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

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity


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
        """Diagnostics in the order of the source, those about the whole file first."""
        return iter(sorted(self.diagnostics, key=lambda d: (d.primary.span.start if d.primary else -1, d.code)))

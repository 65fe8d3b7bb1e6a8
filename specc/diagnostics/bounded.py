"""A sink that has enough at some point, so that a hostile text cannot cost more than a bad one."""

from __future__ import annotations

from typing import Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.source import Span

LIMIT: Final = 200


class TooManyError(Exception):
    """The limit is reached; whoever started the pass reports that and ends it."""


class BoundedSink(Sink):
    """A sink that raises TooManyError with the diagnostic after its last."""

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
        if len(self.diagnostics) >= LIMIT:
            raise TooManyError
        super().add(code, message, primary, secondary=secondary, notes=notes, fix=fix)

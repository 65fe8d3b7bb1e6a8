"""A sink that has enough at some point, so that a hostile text cannot cost more than a bad one."""

from __future__ import annotations

import re
from typing import Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.source import Span

LIMIT: Final = 200
_DIGITS: Final = re.compile(r"[0-9]+")


class TooManyError(Exception):
    """The limit is reached; whoever started the pass reports that and ends it."""


class BoundedSink(Sink):
    """A sink that raises TooManyError with the diagnostic after its last.

    What is wrong with an item that is repeated is found in every copy of it: findings at one place that differ by their
    numbers alone are one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: set[tuple[str, Span | None, str]] = set()

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
        place = primary.span if isinstance(primary, Label) else primary
        key = (code, place, _DIGITS.sub("", message))
        if key in self._known:
            return
        self._known.add(key)
        if len(self.diagnostics) >= LIMIT:
            raise TooManyError
        super().add(code, message, primary, secondary=secondary, notes=notes, fix=fix)

"""Places as the Language Server Protocol counts them: lines from 0, columns in code units of an agreed encoding."""

from __future__ import annotations

import bisect
import re
from typing import Final

from lsprotocol.types import Position, PositionEncodingKind, Range

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Positions:
    """Between character offsets of one text and positions of the protocol (3.17, section Position)."""

    def __init__(self, text: str, encoding: PositionEncodingKind | str | None = PositionEncodingKind.Utf16) -> None:
        self.text = text
        self.encoding = encoding or PositionEncodingKind.Utf16
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        """The position of a character offset."""
        line = bisect.bisect_right(self.starts, offset) - 1
        return Position(line, self._units(self.text[self.starts[line] : offset]))

    def range(self, start: int, end: int) -> Range:
        """The range of two character offsets."""
        return Range(self.position(start), self.position(end))

    def offset(self, position: Position) -> int:
        """The character offset of a position; one beyond the end of its line is that end, as the protocol says."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[position.line]
        end = self.starts[position.line + 1] if position.line + 1 < len(self.starts) else len(self.text)
        units = 0
        for index, character in enumerate(self.text[start:end].rstrip("\r\n")):
            if units >= position.character:
                return start + index
            units += self._units(character)
        return start + len(self.text[start:end].rstrip("\r\n"))

    def _units(self, text: str) -> int:
        if self.encoding == PositionEncodingKind.Utf8:
            return len(text.encode("utf-8"))
        if self.encoding == PositionEncodingKind.Utf32:
            return len(text)
        return len(text) + sum(character > "\uffff" for character in text)


def clean(text: str) -> str:
    """An editor's text as the checker can read it, every character at its place.

    A half of a surrogate pair, which cannot be encoded, becomes the replacement character; a carriage return alone,
    a line end of the protocol, becomes `\\n`.
    """
    return re.sub(r"\r(?!\n)", "\n", _SURROGATE.sub("\ufffd", text))

"""Source lines for a terminal: tabs, wide characters and very long lines, with carets that still point right."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

TAB_STOP: Final = 4
WIDTH_LIMIT: Final = 110  # columns of source shown; more is cut around the caret
_CUT: Final = "…"


def printable(text: str) -> str:
    """Text that cannot move the cursor, colour the terminal or reorder what stands beside it."""
    return text if text.isprintable() else "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    # Categories C*: control, format (among them the bidirectional overrides), surrogate, private use, unassigned.
    return "\ufffd" if unicodedata.category(character).startswith("C") and character != "\n" else character


def width(character: str) -> int:
    """Terminal columns a character takes: 2 for East Asian wide ones, 0 for combining marks, else 1."""
    if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


@dataclass(frozen=True)
class Mark:
    """A stretch of one line (character columns from 0, half-open) and what is said about it."""

    start: int
    end: int
    text: str
    primary: bool


def layout(line: str) -> tuple[list[str], list[int]]:
    """What to print for each character of a line, and the column at which each begins (one more for the end)."""
    pieces: list[str] = []
    columns = [0]
    for character in line:
        if character == "\t":
            piece = " " * (TAB_STOP - columns[-1] % TAB_STOP)
            step = len(piece)
        else:
            piece = _shown(character)
            step = width(piece)
        pieces.append(piece)
        columns.append(columns[-1] + step)
    return pieces, columns


def window(columns: list[int], marks: list[Mark]) -> tuple[int, int]:
    """The range of characters to show: the whole line if it fits, else what lies around the first mark."""
    if columns[-1] <= WIDTH_LIMIT:
        return 0, len(columns) - 1
    focus = marks[0].start if marks else 0
    first = focus
    while first > 0 and columns[focus] - columns[first - 1] <= WIDTH_LIMIT // 3:
        first -= 1
    last = first
    while last < len(columns) - 1 and columns[last + 1] - columns[first] <= WIDTH_LIMIT:
        last += 1
    return first, last


def draw(line: str, marks: list[Mark]) -> tuple[str, list[tuple[str, bool]]]:
    """The line as shown, and below it one line per mark: its carets and text, and whether it is the primary one."""
    marks = sorted(marks, key=lambda mark: not mark.primary)
    # A line of a megabyte is not laid out for the sake of the hundred columns that are shown.
    cropped = max(marks[0].start - 2 * WIDTH_LIMIT, 0) if len(line) > 8 * WIDTH_LIMIT else 0
    rest = len(line) - cropped > 8 * WIDTH_LIMIT
    line = line[cropped : cropped + 8 * WIDTH_LIMIT]
    marks = [Mark(max(m.start - cropped, 0), max(m.end - cropped, 0), m.text, m.primary) for m in marks]
    pieces, columns = layout(line)
    first, last = window(columns, marks)
    before = _CUT if first > 0 or cropped else ""
    shown = before + "".join(pieces[first:last]) + (_CUT if last < len(pieces) or rest else "")
    underlines = []
    for mark in marks:
        start = min(max(mark.start, first), last)
        end = min(max(mark.end, start), last)
        blanks = len(before) + columns[start] - columns[first]
        length = max(columns[end] - columns[start], 1)
        underline = " " * blanks + ("^" if mark.primary else "-") * length
        underlines.append((f"{underline} {mark.text}".rstrip(), mark.primary))
    return shown.rstrip(), underlines

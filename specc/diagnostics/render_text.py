"""Diagnostics for people: message, place, the source line with carets, the second place, notes and the fix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from specc.diagnostics.model import Diagnostic, Fix, Label
from specc.diagnostics.registry import CODES, FAMILIES, family
from specc.diagnostics.snippet import Mark, draw, printable
from specc.source import SourceFile

MESSAGE_LIMIT: Final = 500  # characters; only a hostile text has words that long
_RESET: Final = "\x1b[0m"
_STYLES: Final = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "note": "\x1b[1;36m",
    "bold": "\x1b[1m",
    "gutter": "\x1b[1;34m",
    "help": "\x1b[1;32m",
}


class _Painter:
    """Wraps text in terminal colours, or leaves it alone."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, style: str, text: str) -> str:
        return f"{_STYLES[style]}{text}{_RESET}" if self.colour else text


def render(diagnostics: Iterable[Diagnostic], colour: bool = False) -> str:
    """All diagnostics, separated by blank lines. Whether to colour is the caller's choice (terminal, NO_COLOR)."""
    paint = _Painter(colour)
    return "\n".join(_render_one(diagnostic, paint) for diagnostic in diagnostics)


def summary(diagnostics: Sequence[Diagnostic], name: str, waived: int = 0) -> str:
    """One line that counts: `3 errors, 2 warnings, 1 waived in specs/x.hwspec`."""
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    warnings = sum(diagnostic.severity == "warning" for diagnostic in diagnostics)
    parts = [_count(errors, "error")] if errors else []
    parts += [_count(warnings, "warning")] if warnings else []
    accepted = f", {waived} waived" if waived else ""
    return f"{', '.join(parts) or 'no errors'}{accepted} in {printable(name)}"


def explain(code: str) -> str:
    """What `specc explain` prints about a code.

    Raises:
        KeyError: no such code.
    """
    entry = CODES[code]
    nature = f"{entry.severity}: the spec is valid, but cannot be met" if entry.infeasible else entry.severity
    return f"{entry.id}: {entry.title} ({nature})\n\n{entry.explanation}\n"


def overview() -> str:
    """What `specc explain` prints about all codes: one line each, by family."""
    lines = []
    for digit, title in FAMILIES.items():
        lines += [title, *(f"  {code.id}  {code.title}" for code in family(digit)), ""]
    return "\n".join([*lines, "specc explain CODE tells more about one\n"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _render_one(diagnostic: Diagnostic, paint: _Painter) -> str:
    severity = diagnostic.severity
    head = paint(severity, f"{severity}[{diagnostic.code}]") + paint(
        "bold", f": {printable(_short(diagnostic.message))}"
    )
    lines = [head]
    labels = [diagnostic.primary, *diagnostic.secondary] if diagnostic.primary else []
    gutter = max((len(str(label.span.line)) for label in labels), default=1)
    by_file: defaultdict[str, list[Label]] = defaultdict(list)
    for label in labels:
        by_file[label.span.source.name].append(label)
    for number, group in enumerate(by_file.values()):
        arrow = "-->" if number == 0 else ":::"
        lines.append(" " * gutter + paint("gutter", arrow) + f" {printable(str(group[0].span))}")
        lines += _snippet(group, diagnostic.primary, severity, gutter, paint)
    blank = " " * gutter
    for note in diagnostic.notes:
        first, *rest = printable(note).split("\n")
        lines.append(f"{blank} {paint('gutter', '=')} {paint('bold', 'note')}: {first}")
        lines += [f"{blank}         {line}" for line in rest]
    if diagnostic.fix is not None:
        lines.append(f"{blank} {paint('gutter', '=')} {paint('help', 'fix')}: {_fix_text(diagnostic.fix)}")
    return "\n".join(lines) + "\n"


def _short(message: str) -> str:
    """A message without the middle of what it quotes, if that is very long."""
    return message if len(message) <= MESSAGE_LIMIT else f"{message[: MESSAGE_LIMIT // 2]} … {message[-60:]}"


def _fix_text(fix: Fix) -> str:
    return printable(fix.title)


def _snippet(labels: list[Label], primary: Label | None, severity: str, gutter: int, paint: _Painter) -> list[str]:
    """The labelled lines of one file, each with its carets."""
    bar = paint("gutter", "|")
    blank = " " * gutter
    lines = [f"{blank} {bar}"]
    marks = _marks_by_line(labels, primary)
    previous: int | None = None
    for number in sorted(marks):
        if previous is not None and number > previous + 1:
            lines.append(paint("gutter", "..."))
        shown, underlines = draw(_source(labels).line(number), marks[number])
        lines.append(f"{paint('gutter', str(number).rjust(gutter))} {bar} {shown}".rstrip())
        for underline, is_primary in underlines:
            blanks = len(underline) - len(underline.lstrip())
            painted = paint(severity if is_primary else "gutter", underline.lstrip())
            lines.append(f"{blank} {bar} {underline[:blanks]}{painted}")
        previous = number
    lines.append(f"{blank} {bar}")
    return lines


def _source(labels: list[Label]) -> SourceFile:
    return labels[0].span.source


def _marks_by_line(labels: list[Label], primary: Label | None) -> dict[int, list[Mark]]:
    """Labels as marks on their first line; a label that runs on is underlined to the end of that line."""
    marks: dict[int, list[Mark]] = {}
    for label in labels:
        line, column = label.span.source.position(label.span.start)
        text = label.span.source.line(line)
        end = min(column - 1 + label.span.end - label.span.start, max(len(text), column - 1))
        mark = Mark(column - 1, max(end, column - 1), printable(label.text), label is primary)
        marks.setdefault(line, []).append(mark)
    return marks

"""Applying fixes to the text of a file: which of them go together, and what the file then says, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specc.diagnostics.model import Diagnostic, Fix
from specc.source import SourceFile, Span


def applicable(diagnostics: Iterable[Diagnostic], source: SourceFile, *, unsafe: bool) -> list[Fix]:
    """Fixes that can be made to a file in one go: where two overlap, the first wins.

    Without `unsafe`, only those that keep the meaning. A fix that reaches into another file is left out.
    """
    chosen: list[Fix] = []
    taken: list[Span] = []
    for diagnostic in diagnostics:
        fix = diagnostic.fix
        if fix is None or not fix.edits or not (fix.safe or unsafe):
            continue
        spans = [span for span, _ in fix.edits]
        if any(span.source != source or _clashes(span, taken) for span in spans):
            continue
        chosen.append(fix)
        taken += spans
    return chosen


def _clashes(span: Span, taken: Sequence[Span]) -> bool:
    """Whether a span overlaps another, or an insertion touches one: then the order would matter."""
    return any(
        span.start <= other.end and other.start <= span.end
        if span.start == span.end or other.start == other.end
        else span.start < other.end and other.start < span.end
        for other in taken
    )


def apply(raw: str, fixes: Iterable[Fix]) -> str:
    """The file's text with fixes made. `raw` has the line ends of the file; spans count each of them as one character.

    Line ends that a fix inserts are those of the file's first line.
    """
    where = _offsets(raw)
    first_end = raw.find("\n")
    line_end = "\r\n" if first_end > 0 and raw[first_end - 1] == "\r" else "\n"
    edits = sorted((edit for fix in fixes for edit in fix.edits), key=lambda edit: edit[0].start, reverse=True)
    for span, text in edits:
        raw = raw[: where[span.start]] + text.replace("\n", line_end) + raw[where[span.end] :]
    return raw


def normalised(raw: str) -> str:
    """The text as spans see it: every line ends with `\\n`."""
    return raw.replace("\r\n", "\n").replace("\r", "\n")


def _offsets(raw: str) -> list[int]:
    """The offset in `raw` of each character of the normalised text, and of its end."""
    offsets = [index for index, character in enumerate(raw) if character != "\n" or raw[index - 1 : index] != "\r"]
    return [*offsets, len(raw)]


def difference(before: str, after: str, name: str) -> str:
    """A unified diff that `patch` can apply; empty if nothing changes."""
    from difflib import unified_diff

    lines = unified_diff(_lines(before), _lines(after), fromfile=name, tofile=name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """Lines with their ends; only `\\n` ends one, since `str.splitlines` knows ends that a diff does not."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]

"""Formatting files: what `specc fmt` does with each path it is given."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from specc.diagnostics.model import Sink
from specc.diagnostics.render_text import render
from specc.source import SourceFile
from specc.syntax.files import SIZE_LIMIT, decode, read, replace
from specc.syntax.formatter import FormatError, format_source

STANDARD_INPUT: Final = "-"

Mode = Literal["write", "check", "diff"]


def format_files(names: Sequence[str], mode: Mode, *, colour: bool = False) -> bool:
    """Format files, `-` being standard input, which goes to standard output. What was done is printed.

    Modes `check` and `diff` write nothing. Returns whether all is well: every file could be formatted and, in those
    two modes, needs no formatting.
    """
    outcomes = [_format(name, mode, colour=colour) for name in names]
    return all(outcomes)


def _format(name: str, mode: Mode, *, colour: bool) -> bool:
    sink = Sink()
    original, source = _read(name, sink)
    text = None
    if source is not None:
        try:
            text = format_source(source, sink)
        except FormatError as error:
            if not sink.has_errors:
                print(f"specc: {error}", file=sys.stderr)
                return False
    if source is None or text is None:
        print(render([diagnostic for diagnostic in sink if diagnostic.severity == "error"], colour=colour))
        return False
    changed = text.encode() != original
    if mode == "diff":
        _print_diff(name, original.decode("utf-8-sig"), text)
        return not changed
    if mode == "check":
        if changed:
            print(f"{name} is not formatted")
        return not changed
    if name == STANDARD_INPUT:
        sys.stdout.write(text)
    elif changed:
        try:
            replace(Path(name), text.encode())
        except OSError as error:
            print(f"specc: {name} cannot be written: {error.strerror or error}", file=sys.stderr)
            return False
        print(f"{name} is formatted now")
    return True


def _read(name: str, sink: Sink) -> tuple[bytes, SourceFile | None]:
    """The bytes of a file and its text, or None after reporting why there is none."""
    if name == STANDARD_INPUT:
        data = sys.stdin.buffer.read(SIZE_LIMIT + 1)
        return data, decode(data, "<stdin>", None, sink)
    source = read(Path(name), sink)
    if source is None:
        return b"", None
    return Path(name).read_bytes(), source


def _print_diff(name: str, before: str, after: str) -> None:
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), name, f"{name} (formatted)", lineterm="")
    for line in lines:
        print(line.replace("\r", "␍"))

"""Noticing that a file has changed, by asking again and again: no dependency, and the same on every file system."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.source import SourceFile

INTERVAL: Final = 0.2  # seconds between two looks; an editor's save seems immediate
_GRANULARITY: Final = 10_000_000  # nanoseconds by which a file's time may lag behind the clock

_Stamp = tuple[int, int, int] | None  # None: there is no such file


def changes(paths: set[Path], interval: float = INTERVAL) -> Iterator[None]:
    """Yield at once, and again whenever one of the files has changed, appeared or gone. Never ends.

    The caller may add files to `paths` between two yields. A change that falls between two yields is not lost: a file
    is compared with what it was before the yield, and one that was not known then must be older than that.
    """
    while True:
        began = time.time_ns()
        before = {path: _stamp(path) for path in paths}
        yield
        before |= {path: _older(_stamp(path), began) for path in paths if path not in before}
        while all(_stamp(path) == stamp for path, stamp in before.items()):
            time.sleep(interval)


def _older(stamp: _Stamp, moment: int) -> _Stamp:
    """The stamp of a file last changed before a moment; None, which no file has, if it was changed since."""
    return stamp if stamp is not None and stamp[0] < moment - _GRANULARITY else None


def files_of(result: CheckResult) -> set[Path]:
    """The files that a checked spec was read from, as far as its places tell: its own, imports, hardware."""
    from specc.spec.base import Node

    sources: list[SourceFile] = []
    for diagnostic in result.diagnostics:
        labels = (diagnostic.primary, *diagnostic.secondary)
        sources += [label.span.source for label in labels if label is not None]
    pending: list[object] = [result.spec]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending += value
        elif isinstance(value, Node):
            sources += [span.source for span in value.spans.values()]
            pending += [content for name, content in value if name != "spans"]
    return {source.path for source in sources if source.path is not None}


def _stamp(path: Path) -> _Stamp:
    """What changes with every save: an editor that replaces the file gives it a new number."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino

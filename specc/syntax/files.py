"""Reading and replacing a spec file. Whatever a path can turn out to be becomes a diagnostic, never a traceback."""

from __future__ import annotations

import errno
import os
from codecs import BOM_UTF8
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc import reads
from specc.diagnostics.model import Sink
from specc.source import SourceFile

# Twenty thousand lines of fifty characters; more is not a spec but an accident. Imported files count together.
SIZE_LIMIT: Final = 1 << 20  # bytes


def read(path: Path, sink: Sink, name: str = "") -> SourceFile | None:
    """Read a spec file as UTF-8 text, line ends normalised to `\\n`. None, and a diagnostic, if that cannot be done.

    Args:
        path: the file.
        sink: takes what is wrong with it.
        name: how diagnostics call it; its path if empty.
    """
    name = name or str(path)
    data = _data(path, name, sink)
    if data is None:
        reads.failed()
        return None
    reads.read(path, data)
    return decode(data, name, path, sink)


def _data(path: Path, name: str, sink: Sink) -> bytes | None:
    """The bytes of a file, or of the beginning of one that is too large; None, and a diagnostic, if there are none."""
    try:
        if path.is_dir():
            sink.add("E0002", f"{name} is a folder; give the path of a .hwspec file", None)
            return None
        if path.exists() and not path.is_file():
            sink.add("E0002", f"{name} is not a regular file", None)
            return None
        with path.open("rb") as stream:
            return stream.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        sink.add("E0001", f"{name} does not exist", None, notes=_similar_files(path))
        return None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        sink.add("E0007", f"{name} cannot be read: {reason}", None)
        return None


def decode(data: bytes, name: str, path: Path | None, sink: Sink) -> SourceFile | None:
    """Text of a spec file's bytes. None, and a diagnostic, if they are not the text of a spec."""
    if len(data) > SIZE_LIMIT:
        sink.add("E0006", f"{name} is larger than {SIZE_LIMIT >> 10} KiB, the limit for a spec file", None)
        return None
    null = data.find(b"\0")
    if null >= 0:
        sink.add("E0004", f"{name} is not text: byte {null} is NUL", None)
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        sink.add(
            "E0005",
            f"{name} is not UTF-8: byte {error.start} (line {line}) is 0x{error.object[error.start]:02x}",
            None,
            notes=("save the file as UTF-8; in most editors this is a choice in 'save as'",),
        )
        return None
    if not text.strip():
        sink.add("E0003", f"{name} is empty", None)
        return None
    return SourceFile(name, text.replace("\r\n", "\n").replace("\r", "\n"), path)


def _similar_files(path: Path) -> tuple[str, ...]:
    from difflib import get_close_matches

    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix == ".hwspec")
    except OSError:
        return ()
    close = get_close_matches(path.name, names, n=1)
    return (f"did you mean {path.parent / close[0]}?",) if close else ()


def split_mark(data: bytes) -> tuple[bytes, str]:
    """The byte order mark of a spec file, empty if it has none, and its text with line ends as they are."""
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    return mark, data.removeprefix(mark).decode("utf-8")


class WriteError(Exception):
    """A file was not written. The message names it and says why."""


@dataclass(frozen=True)
class Change:
    """A file's bytes as they were read, and as they are to be."""

    path: Path
    before: bytes
    after: bytes


def write(change: Change) -> None:
    """Put the new bytes in the file's place, all at once.

    Raises:
        WriteError: the file is write-protected, has changed since it was read, or cannot be replaced.
    """
    try:
        if change.path.read_bytes() != change.before:
            raise WriteError(f"{change.path} was changed by another program meanwhile; nothing was written")
        replace(change.path, change.after)
    except OSError as error:
        raise WriteError(f"{change.path} cannot be written: {error.strerror or error}") from error


def replace(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all: whoever reads it sees the old file or the new one.

    A symbolic link stays one; the file behind it keeps its permissions.

    Raises:
        OSError: the file is write-protected, or its folder cannot be written.
    """
    import tempfile

    target = path.resolve()
    mode = target.stat().st_mode
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected")
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(mode & 0o7777)
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise

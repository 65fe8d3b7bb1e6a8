"""Findings of earlier checks: a spec whose files are as they were is not checked again.

The cache is the user's own folder, which nobody else may write to, and never lies in the project that is checked: what
comes with a commit cannot get in. An entry is JSON and holds findings alone; one that is not in order counts as none,
and so does a cache that cannot be read or written. It is found by what specc is made of and by the path of the spec,
and holds while everything that the check read is as it was.
"""

from __future__ import annotations

import importlib.util
import json
import os
import stat
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from specc import __version__, reads
from specc.commands.findings_json import MalformedError, dump, restore
from specc.diagnostics.model import FileFindings
from specc.elaborate.project import project_around
from specc.resources import resource

ENTRY_LIMIT: Final = 1 << 20  # bytes; findings that take more are worked out again
SIZE_LIMIT: Final = 64 << 20  # bytes of all entries; the oldest half goes when there are more
_FORMAT: Final = 1
_OFF: Final = "SPECC_NO_CACHE"


def lookup(path: Path) -> FileFindings | None:
    """What was found in a spec when it was last checked, if a check would find the same; else None."""
    place = _place(path)
    if place is None:
        return None
    try:
        with place.open("rb") as stream:
            data = stream.read(ENTRY_LIMIT + 1)
        if len(data) > ENTRY_LIMIT:
            return None
        entry = json.loads(data)
        files = _still_true(entry["reads"])
        return restore(str(path), entry["findings"], files) if str(path.absolute()) in files else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, MalformedError):
        return None


def store(path: Path, found: FileFindings, seen: reads.Reads) -> None:
    """Keep what was found. A cache that cannot be written stays as it is."""
    place = _place(path, create=True) if seen.repeatable else None
    if place is None:
        return
    kept = {
        "files": seen.files,
        "present": sorted(seen.present),
        "links": seen.links,
        "projects": seen.projects,
        "packages": sorted(seen.packages),
    }
    data = json.dumps({"reads": kept, "findings": dump(found)}, separators=(",", ":")).encode()
    if len(data) <= ENTRY_LIMIT:
        with suppress(OSError):
            _write(place, data)


def trim() -> None:
    """Keep the cache small: drop the older half of it when it is too large."""
    folder = _folder()
    with suppress(OSError):
        if folder is None or not folder.is_dir():
            return
        entries = [(entry.stat(), entry.path) for entry in os.scandir(folder)]
        if sum(status.st_size for status, _ in entries) <= SIZE_LIMIT:
            return
        entries.sort(key=lambda entry: entry[0].st_mtime_ns)
        for _, name in entries[: (len(entries) + 1) // 2]:
            with suppress(FileNotFoundError):  # somebody else was faster
                Path(name).unlink()


def _write(place: Path, data: bytes) -> None:
    """Write an entry as a whole or not at all."""
    import tempfile

    handle, temporary = tempfile.mkstemp(dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(place)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _place(path: Path, create: bool = False) -> Path | None:
    """Where the entry of a spec lies, or None if there is no cache for it."""
    folder = _folder()
    try:
        if folder is None or folder.is_relative_to(_project(path.resolve().parent)) or not _is_own(folder, create):
            return None
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of symbolic links
        return None
    name = "\0".join([_specc(), str(path), str(path.absolute())])
    return folder / reads.digest(os.fsencode(name))


@cache
def _folder() -> Path | None:
    """The folder of the cache, by the XDG Base Directory Specification 0.8; None if it is switched off."""
    if os.environ.get(_OFF):
        return None
    try:
        root = Path(os.environ.get("XDG_CACHE_HOME", ""))
        root = root if root.is_absolute() else Path.home() / ".cache"  # a relative path is to be ignored
        return root.resolve() / "specc" / "check"
    except (OSError, RuntimeError):
        return None


@cache
def _is_own(folder: Path, create: bool) -> bool:
    """Whether the folder is there and nobody but the user can write to it or to the one it lies in."""
    if create:
        folder.parent.parent.mkdir(parents=True, exist_ok=True)
        for part in (folder.parent, folder):
            part.mkdir(mode=0o700, exist_ok=True)
    for part in (folder.parent, folder):
        status = part.lstat()
        if not stat.S_ISDIR(status.st_mode):
            return False
        if os.name == "posix" and (status.st_uid != os.getuid() or status.st_mode & 0o077):
            return False
    return True


@cache
def _specc() -> str:
    """What findings depend on beside the spec: version, code, grammar and hardware library, and the interpreter.

    Files are told apart by name, time and size; their contents would take longer to read than an answer may take.
    """
    folders = [Path(__file__).resolve().parents[1], resource("grammar"), resource("specs", "targets")]
    stamps = [__version__, str(_FORMAT), sys.version]
    for top in folders:
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(name for name in inner if name != "__pycache__")
            for name in sorted(names):
                status = Path(folder, name).stat()
                stamps.append(f"{folder}/{name} {status.st_mtime_ns} {status.st_size}")
    return reads.digest("\n".join(stamps).encode())


@cache
def _project(folder: Path) -> Path:
    return project_around(folder)


def _still_true(seen: Any) -> dict[str, bytes]:
    """The contents of the files that a check read, if all of it would be read again.

    Raises:
        MalformedError: something has changed.
        OSError: a file is gone.
    """
    for spec, folder in seen["projects"].items():
        _demand(str(_project(Path(spec).resolve().parent)) == folder)
    for written, resolved in seen["links"].items():
        _demand(str(Path(written).resolve()) == resolved)
    _demand(all(Path(path).is_file() for path in seen["present"]))
    _demand(all(importlib.util.find_spec(name) is not None for name in seen["packages"]))
    files = {}
    for path, wanted in seen["files"].items():
        status = Path(path).stat()
        _demand(stat.S_ISREG(status.st_mode))
        files[path] = Path(path).read_bytes()
        _demand(reads.digest(files[path]) == wanted)
    return files


def _demand(holds: bool) -> None:
    if not holds:
        raise MalformedError

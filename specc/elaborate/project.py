"""Files that a spec names: inside the project folder, or not at all.

A spec may come from a pull request, and what is wrong in a file is quoted in the diagnostics. So a path is relative,
has no way out of the project folder, not even through symbolic links, and nothing is said about what lies outside.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from specc import reads

_MARKS: Final = (".git", "pyproject.toml")


class OutsideError(Exception):
    """A path that a spec may not name; the message says why."""


def project_folder(spec: Path) -> Path:
    """The folder whose files a spec may name: the nearest above it with `.git` or `pyproject.toml`, else its own."""
    found = project_around(spec.resolve().parent)
    reads.project(spec, found)
    return found


def project_around(own: Path) -> Path:
    """The project folder of the specs in a folder, whose path is resolved."""
    return next((folder for folder in (own, *own.parents) if is_marked(folder)), own)


def is_marked(folder: Path) -> bool:
    """Whether something in a folder says that it is a project."""
    return any((folder / mark).exists() for mark in _MARKS)


def locate(text: str, base: Path, root: Path) -> Path:
    """The file that `text` names, as seen from the folder `base`; both folders resolved. It need not exist.

    Raises:
        OutsideError: the path is absolute or leads out of `root`.
    """
    try:
        written, resolved = _followed(text, base, root)
    except OutsideError:
        reads.failed()
        raise
    reads.led(written, resolved)
    return resolved


def _followed(text: str, base: Path, root: Path) -> tuple[Path, Path]:
    """The path as written, and where it leads."""
    if not text or "\0" in text or "\\" in text:
        raise OutsideError("a path has names joined by `/`")
    if PurePosixPath(text).is_absolute() or PureWindowsPath(text).drive:
        raise OutsideError("a path is relative to the file that names it")
    written = base
    for part in PurePosixPath(text).parts:
        written = written.parent if part == ".." else written / part
        if not written.is_relative_to(root):
            raise OutsideError("the path leads out of the project folder")
    try:
        resolved = written.resolve()
    except (OSError, RuntimeError) as error:  # a loop of symbolic links
        raise OutsideError("the path cannot be followed") from error
    if not resolved.is_relative_to(root):
        raise OutsideError("a symbolic link leads out of the project folder")
    return written, resolved

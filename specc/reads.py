"""What a check read: enough to tell later whether it would read the same again, and so find the same.

Whoever opens a file for a spec, or asks where a path leads, says so here. What went wrong is not kept track of: a check
that could not read something is no longer `repeatable`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Reads:
    """The files and paths of one check."""

    files: dict[str, str] = field(default_factory=dict)  # what was read: SHA-256 of the bytes by path
    present: set[str] = field(default_factory=set)  # files that are there, whatever they hold
    links: dict[str, str] = field(default_factory=dict)  # where paths lead, symbolic links followed
    projects: dict[str, str] = field(default_factory=dict)  # project folders by spec
    packages: set[str] = field(default_factory=set)  # packages that are installed
    repeatable: bool = True


_current: ContextVar[Reads | None] = ContextVar("reads", default=None)


@contextmanager
def recorded() -> Iterator[Reads]:
    """Everything that is read inside the `with` block."""
    reads = Reads()
    token = _current.set(reads)
    try:
        yield reads
    finally:
        _current.reset(token)


def read(path: Path, data: bytes) -> None:
    """A file was read as a whole."""
    if reads := _current.get():
        reads.files[str(path.absolute())] = digest(data)
        reads.links[str(path.absolute())] = str(path.resolve())


def present(path: Path) -> None:
    """A file was seen to be there."""
    if reads := _current.get():
        reads.present.add(str(path.absolute()))


def led(written: Path, resolved: Path) -> None:
    """A path was followed through its symbolic links."""
    if reads := _current.get():
        reads.links[str(written)] = str(resolved)


def project(spec: Path, folder: Path) -> None:
    """The project folder of a spec was looked for."""
    if reads := _current.get():
        reads.projects[str(spec.absolute())] = str(folder)


def package(name: str) -> None:
    """An optional package was used."""
    if reads := _current.get():
        reads.packages.add(name)


def add(more: Reads) -> None:
    """Something is used that was read before."""
    if reads := _current.get():
        reads.files |= more.files
        reads.links |= more.links
        reads.repeatable &= more.repeatable


def failed() -> None:
    """Something could not be read, for a reason that may pass unseen."""
    if reads := _current.get():
        reads.repeatable = False


def digest(data: bytes) -> str:
    """What stands for the contents of a file."""
    return hashlib.sha256(data).hexdigest()

"""The files that belong together by their imports: as the editor holds them, else as they are on disk.

A spec and all that it imports share their names. A file may be part of several specs, so what a name means is asked of
every spec that the file is part of.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from pygls.uris import from_fs_path

from specc.diagnostics.model import Sink
from specc.elaborate.project import OutsideError, is_marked, locate, project_folder
from specc.lsp.document import Document
from specc.lsp.names import Names, Occurrence
from specc.syntax.files import read

ENTRIES_LIMIT: Final = 100_000  # files and folders looked at; a project folder that holds more is searched in part
_IMPORT: Final = re.compile(r'^[ \t]*import[ \t]+"([^"\n]*)"', re.MULTILINE)
_SUFFIX: Final = ".hwspec"
_NOT_SEARCHED: Final = frozenset({"node_modules", "__pycache__"})


class Project:
    """The specs of a project folder at one moment.

    Attributes:
        key: of the file in question.
        documents: every file by its key, the resolved path.
        specs: every file, read as a spec, with all files that it is made of.
        specs_of: the specs that a file is part of.
        complete: whether the folder was searched to its end.
    """

    def __init__(self, document: Document, opened: Iterable[Document], folders: Iterable[Path] = ()) -> None:
        """Read the project that a document is part of.

        Args:
            document: the file in question.
            opened: the files that the editor holds.
            folders: those that the editor works in; one of them is the project where no folder is marked as one.
        """
        self.key = key_of(document)
        self.documents = {key_of(other): other for other in (*opened, document)}
        self.complete = True
        self.root = _root(document.path, folders) if document.path else None
        if self.root is not None:
            self._read(self.root, document.positions.encoding)
        imports = {path: self._imports(found) for path, found in self.documents.items()}
        self.specs = {path: _closure(path, imports) for path in self.documents}
        self.specs_of: dict[Path, list[Path]] = {path: [] for path in self.documents}
        for spec, parts in self.specs.items():
            for part in parts:
                self.specs_of[part].append(spec)

    def _read(self, root: Path, encoding: str) -> None:
        for count, path in enumerate(_entries(root)):
            if count >= ENTRIES_LIMIT:
                self.complete = False
                return
            resolved = path.resolve()
            if path.suffix != _SUFFIX or resolved in self.documents or not resolved.is_relative_to(root):
                continue
            source = read(resolved, Sink())
            uri = from_fs_path(str(resolved))
            if source and uri:
                self.documents[resolved] = Document(uri, source.text, None, encoding)

    def _imports(self, document: Document) -> list[Path]:
        """The files that a file names in its imports, found without parsing it."""
        if document.path is None or self.root is None:
            return []
        base = document.path.resolve().parent
        found = []
        for text in _IMPORT.findall(document.source.text):
            with suppress(OutsideError):
                found.append(locate(text, base, self.root))
        return [path for path in found if path in self.documents]

    def parts_of(self, path: Path) -> set[Path]:
        """The files of every spec that a file is part of, itself among them."""
        return {part for spec in self.specs_of[path] for part in self.specs[spec]}

    def at(self, offset: int) -> Occurrence | None:
        """The name at a place of the file in question, declared in it or in another file of its specs."""
        document = self.documents[self.key]
        found = document.names.at(offset)
        if found is not None:
            return found
        others = self.parts_of(self.key) - {self.key}
        declared = [found for other in others for found in self.documents[other].names.declarations]
        return Names(document.tree, declared).at(offset)

    def declaration(self, wanted: Occurrence) -> tuple[Document, Occurrence] | None:
        """Where a name of the file in question is declared, in it or in another file of its specs."""
        for path in (self.key, *sorted(self.parts_of(self.key) - {self.key})):
            document = self.documents[path]
            found = document.names.declaration(wanted) if _may_name(document, wanted) else None
            if found is not None:
                return document, found
        return None

    def uses(self, wanted: Occurrence) -> dict[Path, list[Occurrence]]:
        """Every occurrence of a name of the file in question, by file.

        A file that uses the name may do so in further specs, whose files use it as well, and so on.
        """
        declared = [replace(wanted, declares=True)] if self.declaration(wanted) else []
        found: dict[Path, list[Occurrence]] = {}
        seen: set[Path] = set()
        pending = [self.key]
        while pending:
            path = pending.pop()
            document = self.documents[path]
            if path in found or not _may_name(document, wanted):
                continue
            found[path] = Names(document.tree, declared).uses(wanted)
            if found[path]:
                specs = [spec for spec in self.specs_of[path] if spec not in seen]
                seen.update(specs)
                pending += sorted({part for spec in specs for part in self.specs[spec]})
        return {path: uses for path, uses in found.items() if uses}

    def specs_with(self, paths: Iterable[Path]) -> list[Path]:
        """The specs that have a part in `paths`, without those that are only a part of others."""
        touched = sorted({spec for path in paths for spec in self.specs_of[path]})
        whole = [spec for spec in touched if self.specs_of[spec] == [spec]]
        return whole or touched


def key_of(document: Document) -> Path:
    """What a document is known by: where it lies, or its name if it is nowhere yet."""
    return document.path.resolve() if document.path else Path(document.uri)


def _may_name(document: Document, wanted: Occurrence) -> bool:
    """Whether a name can stand in a file, in full or made by a repetition: its text tells before it is parsed."""
    return wanted.name in document.source.text or "$" in document.source.text


def _root(path: Path, folders: Iterable[Path]) -> Path:
    root = project_folder(path)
    if is_marked(root):
        return root
    around = [folder.resolve() for folder in folders if root.is_relative_to(folder.resolve())]
    return min(around, key=lambda folder: len(folder.parts), default=root)


def _entries(root: Path) -> Iterator[Path]:
    """Everything below a folder, without what is hidden; symbolic links to folders are not followed."""
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in _NOT_SEARCHED)
        yield from (Path(folder, name) for name in (*inner, *sorted(files)))


def _closure(path: Path, imports: dict[Path, list[Path]]) -> frozenset[Path]:
    """A file and all that it imports, directly or through others."""
    seen: set[Path] = set()
    pending = [path]
    while pending:
        current = pending.pop()
        if current not in seen:
            seen.add(current)
            pending += imports[current]
    return frozenset(seen)

"""The files that belong together by their imports: as the editor holds them, else as they are on disk.

A spec and all that it imports share their names. A file may be part of several specs, so what a name means is asked of
every spec that the file is part of.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pygls.uris import from_fs_path

from specc.diagnostics.model import Sink
from specc.elaborate.project import OutsideError, is_marked, locate, project_folder
from specc.lsp.document import Document
from specc.lsp.names import Names, Occurrence
from specc.syntax.files import read
from specc.syntax.nodes import Text, Word

ENTRIES_LIMIT: Final = 100_000  # files and folders looked at; a project folder that holds more is searched in part
_SUFFIX: Final = ".hwspec"
_NOT_SEARCHED: Final = frozenset({"node_modules", "__pycache__"})


class Project:
    """The specs of a project folder at one moment.

    Attributes:
        documents: every file by its resolved path.
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
        self._names: dict[Path, Names] = {}

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
        if document.path is None or self.root is None or "import" not in document.source.text or not document.tree:
            return []
        found = []
        for item in document.tree.items:
            match item.values:
                case (Word(text="import"), Text() as path, *_):
                    try:
                        found.append(locate(path.text, document.path.resolve().parent, self.root))
                    except OutsideError:
                        continue
        return [path for path in found if path in self.documents]

    def parts_of(self, path: Path) -> set[Path]:
        """The files of every spec that a file is part of, itself among them."""
        return {part for spec in self.specs.values() if path in spec for part in spec}

    def names(self, path: Path) -> Names:
        """Where names stand in a file, those declared in other files of its specs among them."""
        if path not in self._names:
            others = self.parts_of(path) - {path}
            declared = [found for other in others for found in self.documents[other].names.declarations]
            self._names[path] = Names(self.documents[path].tree, declared)
        return self._names[path]

    def declaration(self, wanted: Occurrence) -> tuple[Document, Occurrence] | None:
        """Where a name of the file in question is declared, in it or in another file of its specs."""
        for path in (self.key, *sorted(self.parts_of(self.key) - {self.key})):
            found = self.names(path).declaration(wanted)
            if found is not None:
                return self.documents[path], found
        return None

    def uses(self, wanted: Occurrence) -> dict[Path, list[Occurrence]]:
        """Every occurrence of a name of the file in question, by file.

        A file that uses the name may do so in further specs, whose files use it as well, and so on.
        """
        found: dict[Path, list[Occurrence]] = {}
        pending = [self.key]
        while pending:
            path = pending.pop()
            if path in found:
                continue
            found[path] = self.names(path).uses(wanted)
            if found[path]:
                pending += sorted(self.parts_of(path) - found.keys())
        return {path: uses for path, uses in found.items() if uses}

    def specs_with(self, paths: Iterable[Path]) -> list[Path]:
        """The specs that have a part in `paths`, without those that are only a part of others."""
        changed = set(paths)
        touched = [path for path, spec in self.specs.items() if changed & spec]
        whole = [path for path in touched if not any(path in self.specs[other] for other in touched if other != path)]
        return whole or touched


def key_of(document: Document) -> Path:
    """What a document is known by: where it lies, or its name if it is nowhere yet."""
    return document.path.resolve() if document.path else Path(document.uri)


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

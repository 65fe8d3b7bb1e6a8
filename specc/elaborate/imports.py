"""`import "common/budgets.hwspec"`: other files of the project, each read once, none outside the project folder."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specc.diagnostics.model import Label, Sink
from specc.elaborate.project import OutsideError, locate, project_folder
from specc.elaborate.reader import Reader, RejectedError
from specc.source import SourceFile, Span
from specc.syntax.files import SIZE_LIMIT, read
from specc.syntax.nodes import Item, SyntaxTree, Text
from specc.syntax.parser import parse

DEPTH_LIMIT: Final = 8
FILES_LIMIT: Final = 100
SUFFIX: Final = ".hwspec"


class Imports:
    """The files that one spec is made of. The one named on the command line decides what the project folder is."""

    def __init__(self, main: SyntaxTree, sink: Sink, syntax: Sink) -> None:
        self.sink, self.syntax = sink, syntax
        self.failed = False  # a file is missing, and with it names that nobody can know
        path = main.source.path
        self.unsaved = main.source.unsaved
        self.root = project_folder(path) if path else None
        self.trees: list[SyntaxTree] = []
        self.size = len(main.source.text)
        self.seen: set[Path] = {path.resolve()} if path else set()
        self.chain: list[tuple[Path, Span | None]] = [(path.resolve(), None)] if path else []

    def follow(self, item: Item) -> Iterator[SyntaxTree]:
        """The tree that an `import` item brings in: none if it is there already, or if the import was reported.

        While the caller looks at the tree, imports inside it count as nested.
        """
        reader = Reader(item, self.sink)
        reader.position = 1
        try:
            text = reader.text("the path of a file")
            reader.finish()
            path = self.path(reader, text)
            if path in self.seen:
                return
            tree = self.tree(reader, text, path)
        except RejectedError:
            tree = None
        if tree is None:
            self.failed = True
            return
        self.seen.add(path)
        self.trees.append(tree)
        self.chain.append((path, text.span))
        yield tree
        self.chain.pop()

    def path(self, reader: Reader, text: Text) -> Path:
        """Where the file lies, once nothing speaks against reading it."""
        importer = text.span.source.path
        if self.root is None or importer is None:
            reader.fail("E1021", "a text without a file imports nothing", text.span)
        try:
            path = locate(text.text, importer.resolve().parent, self.root)
        except OutsideError as error:
            reader.fail("E1021", f"`{text.text[:100]}` cannot be imported: {error}", text.span)
        if path.suffix != SUFFIX:
            notes = (f'did you mean "{path.name}{SUFFIX}"?',) if path.with_name(path.name + SUFFIX).is_file() else ()
            message = f"`{text.text[:100]}` cannot be imported: it is no {SUFFIX} file"
            reader.fail("E1021", message, text.span, notes=notes)
        places = [place for place, _ in self.chain]
        if path in places:
            circle = [*places[places.index(path) :], path]
            names = " → ".join(place.name for place in circle)
            labels = tuple(Label(span, "imported here") for _, span in self.chain[places.index(path) + 1 :] if span)
            reader.fail("E1022", f"this import closes a circle: {names}", text.span, secondary=labels)
        if len(self.chain) > DEPTH_LIMIT:
            reader.fail("E1021", f"more than {DEPTH_LIMIT} imports inside one another", text.span)
        if len(self.seen) > FILES_LIMIT:
            reader.fail("E1021", f"more than {FILES_LIMIT} imported files", text.span)
        return path

    def tree(self, reader: Reader, text: Text, path: Path) -> SyntaxTree | None:
        """Read and parse a file; None if its own text is beyond reading, which is then reported in it."""
        name = posixpath.normpath(posixpath.join(posixpath.dirname(text.span.source.name), text.text))
        found = Sink()
        unsaved = self.unsaved.get(path)
        source = read(path, found, name) if unsaved is None else SourceFile(name, unsaved, path)
        if source is None:
            reasons = "; ".join(diagnostic.message for diagnostic in found.diagnostics)
            reader.fail("E1021", f"cannot be imported: {reasons}", text.span)
        self.size += len(source.text)
        if self.size > SIZE_LIMIT:
            message = f"the spec and its imports are larger than {SIZE_LIMIT >> 10} KiB together"
            reader.fail("E1021", message, text.span)
        return parse(source, self.syntax)

"""An open file: its text, and what is known about it, worked out once per version when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from pygls.uris import to_fs_path

from specc.check import CheckResult, check_source
from specc.diagnostics.model import Diagnostic, Sink
from specc.lsp.names import Names
from specc.lsp.positions import Positions, clean
from specc.source import SourceFile
from specc.syntax.files import SIZE_LIMIT
from specc.syntax.nodes import SyntaxTree
from specc.syntax.parser import parse


class Document:
    """One version of an open file."""

    def __init__(
        self,
        uri: str,
        text: str,
        version: int | None,
        encoding: str | None,
        unsaved: Mapping[Path, str] = MappingProxyType({}),
    ) -> None:
        """Take a text; `unsaved` are those of the other open files, which it may import."""
        self.uri, self.version = uri, version
        path = to_fs_path(uri) if urlsplit(uri).scheme == "file" else None
        self.path = Path(path) if path else None
        self.source = SourceFile(path or uri, clean(text), self.path, unsaved)
        self.positions = Positions(self.source.text, encoding)

    def beside(self, unsaved: Mapping[Path, str]) -> Document:
        """The same version, beside other texts that it may import."""
        return Document(self.uri, self.source.text, self.version, self.positions.encoding, unsaved)

    @cached_property
    def result(self) -> CheckResult:
        """What `specc check` finds."""
        return check_source(self.source)

    @cached_property
    def tree(self) -> SyntaxTree | None:
        """The syntax tree, as complete as errors allow."""
        return parse(self.source, Sink()) if len(self.source.text) <= SIZE_LIMIT else None

    @cached_property
    def names(self) -> Names:
        """Where names stand."""
        return Names(self.tree)

    def concerns(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding has its place in this file, not in one that it imports."""
        return diagnostic.primary is not None and diagnostic.primary.span.source == self.source

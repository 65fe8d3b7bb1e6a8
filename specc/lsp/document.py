"""An open file: its text, and what is known about it, worked out once per version.

That happens in the background. Requests that must be right for the very text (quick fixes, rename) wait for it; a hover
waits for the syntax tree alone, and a completion for nothing: they take the findings, and it the names, of the version
before while those of this one are not known yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from pygls.uris import to_fs_path

from specc.check import CheckResult, check_spec
from specc.diagnostics.model import Diagnostic, Sink
from specc.elaborate import load_tree, parse_text
from specc.lsp.names import Names
from specc.lsp.positions import Positions, clean
from specc.source import SourceFile
from specc.syntax.nodes import SyntaxTree


class Document:
    """One version of an open file."""

    def __init__(
        self,
        uri: str,
        text: str,
        version: int | None,
        encoding: str | None,
        *,
        unsaved: Mapping[Path, str] = MappingProxyType({}),
        before: Document | None = None,
    ) -> None:
        """Take a text; `unsaved` are those of other open files, which it may import; `before` is the version before."""
        self.uri, self.version = uri, version
        self._known: tuple[CheckResult, Names] | None = before._known if before is not None else None
        path = to_fs_path(uri) if urlsplit(uri).scheme == "file" else None
        self.path = Path(path) if path else None
        self.source = SourceFile(path or uri, clean(text), self.path, unsaved)
        self.positions = Positions(self.source.text, encoding)

    def beside(self, unsaved: Mapping[Path, str]) -> Document:
        """The same version, beside other texts that it may import."""
        return Document(self.uri, self.source.text, self.version, self.positions.encoding, unsaved=unsaved, before=self)

    @cached_property
    def result(self) -> CheckResult:
        """What `specc check` finds."""
        tree, sink = self._parsed
        sink = Sink(list(sink.diagnostics))
        return check_spec(load_tree(tree, sink), sink)

    @property
    def tree(self) -> SyntaxTree | None:
        """The syntax tree, as complete as errors allow."""
        return self._parsed[0]

    @cached_property
    def names(self) -> Names:
        """Where names stand."""
        return Names(self.tree)

    def work_out(self) -> None:
        """Find out what requests ask for, so that none has to wait."""
        self._known = self.result, self.names

    @property
    def known_result(self) -> CheckResult:
        """What the last check found, of this version or of one before."""
        return self._known[0] if self._known else self.result

    @property
    def known_names(self) -> Names:
        """The names as of the last check; their places may be those of a version before."""
        return self._known[1] if self._known else self.names

    @cached_property
    def _parsed(self) -> tuple[SyntaxTree | None, Sink]:
        sink = Sink()
        return parse_text(self.source, sink), sink

    def concerns(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding has its place in this file, not in one that it imports."""
        return diagnostic.primary is not None and diagnostic.primary.span.source == self.source

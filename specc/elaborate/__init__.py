"""Syntax tree to Spec: names resolved, values checked, every field with its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from specc.diagnostics.model import Sink
from specc.source import SourceFile

if TYPE_CHECKING:
    from specc.spec import Spec
    from specc.syntax.nodes import SyntaxTree

__all__ = ["load", "load_text", "load_tree", "parse_text"]


def load(path: Path, sink: Sink) -> Spec | None:
    """The Spec of a file. None if it has errors; they are in the sink, which also takes the warnings."""
    from specc.syntax.files import read

    source = read(path, sink)
    return load_text(source, sink) if source else None


def load_text(source: SourceFile, sink: Sink) -> Spec | None:
    """The Spec of a text that is already in memory; like `load`."""
    return load_tree(parse_text(source, sink), sink)


def parse_text(source: SourceFile, sink: Sink) -> SyntaxTree | None:
    """The syntax tree of a text. None, and a diagnostic, if it is too large or cannot be read as a spec at all."""
    from specc.syntax.files import SIZE_LIMIT
    from specc.syntax.parser import parse

    if len(source.text) > SIZE_LIMIT:
        sink.add("E0006", f"{source.name} is larger than {SIZE_LIMIT >> 10} KiB, the limit for a spec file", None)
        return None
    return parse(source, sink)


def load_tree(tree: SyntaxTree | None, sink: Sink) -> Spec | None:
    """The Spec of a syntax tree; `sink` holds what parsing it found."""
    if tree is None:
        return None
    from specc.elaborate.spec import elaborate  # pydantic, only once there is something to build

    return elaborate(tree, sink)

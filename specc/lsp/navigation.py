"""Finding and changing names: definition, rename, and the outline of a file."""

from __future__ import annotations

import re
from typing import Final

from lsprotocol import types
from pygls.uris import from_fs_path

from specc.diagnostics.model import Sink
from specc.elaborate.hardware import library_names
from specc.lsp.document import Document
from specc.lsp.names import Names, Occurrence
from specc.lsp.positions import Positions
from specc.resources import resource
from specc.syntax.files import read
from specc.syntax.nodes import Item, Word
from specc.syntax.parser import parse

_RENAMED: Final = ("layer", "target", "model", "hardware", "dataset", "parameter")


class RenameError(Exception):
    """A name cannot be changed that way; the message says why."""


def definition(document: Document, position: types.Position) -> types.Location | None:
    """Where the name at a position is declared: in the file, or in the hardware library."""
    found = document.names.at(document.positions.offset(position))
    if found is None:
        return None
    declared = document.names.declaration(found)
    if declared is not None:
        return types.Location(document.uri, document.positions.range(declared.span.start, declared.span.end))
    if found.kind == "hardware" and found.name in library_names():
        return _library(found, document.positions)
    return None


def _library(found: Occurrence, positions: Positions) -> types.Location | None:
    path = resource("specs", f"targets/{found.name}.hwspec")
    source = read(path, Sink())
    declared = Names(parse(source, Sink())).declaration(found) if source else None
    if source is None or declared is None:
        return None
    there = Positions(source.text, positions.encoding)
    return types.Location(from_fs_path(str(path)) or "", there.range(declared.span.start, declared.span.end))


def renamable(document: Document, position: types.Position) -> Occurrence | None:
    """The name at a position if it is declared in this file and can be changed."""
    found = document.names.at(document.positions.offset(position))
    if found is None or found.kind not in _RENAMED or found.is_template:
        return None
    declared = document.names.declaration(found)
    return found if declared is not None and not declared.is_template else None


def rename(document: Document, position: types.Position, name: str) -> types.WorkspaceEdit:
    """The edits that give a name another spelling everywhere in the file.

    Raises:
        RenameError: no name of this file stands there, or the file would have errors that it does not have now.
    """
    found = renamable(document, position)
    if found is None:
        raise RenameError("no name that this file declares stands here")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        raise RenameError(f"`{name[:70]}` is no name: names have letters, digits and `_`, at most 64")
    if name != found.name and name in document.names.declared(found.kind):
        raise RenameError(f"there is a {found.kind} `{name}` already")
    spans = [use.span for use in document.names.uses(found)]
    text = document.source.text
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        text = text[: span.start] + name + text[span.end :]
    after = Document(document.uri, text, None, None).result
    if after.has_errors and not document.result.has_errors:
        errors = [finding.message for finding in after.diagnostics if finding.severity == "error"]
        raise RenameError(f"with `{name}` the file would have an error: {errors[0]}")
    edits = [types.TextEdit(document.positions.range(span.start, span.end), name) for span in spans]
    return types.WorkspaceEdit(changes={document.uri: edits})


def symbols(document: Document) -> list[types.DocumentSymbol]:
    """The outline: sections, and what their blocks hold."""
    return [_symbol(document, item, depth=0) for item in (document.tree.items if document.tree else ())]


def _symbol(document: Document, item: Item, depth: int) -> types.DocumentSymbol:
    words = [value.text for value in item.values if isinstance(value, Word)]
    head = item.head
    children = [_symbol(document, entry, depth + 1) for entry in (item.block.items if item.block else ()) if depth < 2]
    return types.DocumentSymbol(
        name=head.text if depth or len(words) < 2 else " ".join(words[1:]),
        detail=words[0] if not depth and len(words) > 1 else None,
        kind=types.SymbolKind.Module if not depth else types.SymbolKind.Field,
        range=document.positions.range(item.span.start, item.span.end),
        selection_range=document.positions.range(head.start, head.end),
        children=children or None,
    )

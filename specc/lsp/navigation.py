"""Finding and changing names: definition, references and rename in a project, and the outline of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from lsprotocol import types
from pygls.uris import from_fs_path

from specc.check import check_source
from specc.diagnostics.model import Sink
from specc.elaborate.hardware import library_names
from specc.lsp.document import Document
from specc.lsp.names import Names, Occurrence
from specc.lsp.positions import Positions
from specc.lsp.project import Project
from specc.resources import resource
from specc.source import SourceFile
from specc.syntax.files import read
from specc.syntax.nodes import Item, Word
from specc.syntax.parser import parse

SPECS_CHECKED: Final = 50  # a check takes tens of milliseconds, and somebody waits


class RenameError(Exception):
    """A name cannot be changed that way; the message says why."""


def definition(project: Project, position: types.Position) -> types.Location | None:
    """Where the name at a position is declared: in the project, or in the hardware library."""
    document = project.documents[project.key]
    found = _at(project, position)
    if found is None:
        return None
    declared = project.declaration(found)
    if declared is not None:
        return _location(declared[0], declared[1])
    if found.kind == "hardware" and found.name in library_names():
        return _library(found, document.positions)
    return None


def references(project: Project, position: types.Position, *, declarations: bool) -> list[types.Location]:
    """Every place in the project where the name at a position stands."""
    found = _at(project, position)
    uses = project.uses(found) if found else {}
    return [
        _location(project.documents[path], use)
        for path in sorted(uses)
        for use in uses[path]
        if declarations or not use.declares
    ]


def _at(project: Project, position: types.Position) -> Occurrence | None:
    return project.at(project.documents[project.key].positions.offset(position))


def _location(document: Document, found: Occurrence) -> types.Location:
    return types.Location(document.uri, document.positions.range(found.span.start, found.span.end))


def _library(found: Occurrence, positions: Positions) -> types.Location | None:
    path = resource("specs", f"targets/{found.name}.hwspec")
    source = read(path, Sink())
    declared = Names(parse(source, Sink())).declaration(found) if source else None
    if source is None or declared is None:
        return None
    there = Positions(source.text, positions.encoding)
    return types.Location(from_fs_path(str(path)) or "", there.range(declared.span.start, declared.span.end))


def renamable(project: Project, position: types.Position) -> Occurrence | None:
    """The name at a position, or None where none stands.

    Raises:
        RenameError: the name cannot be changed.
    """
    found = _at(project, position)
    if found is None:
        return None
    declared = project.declaration(found)
    template = found if found.is_template else declared[1] if declared else found
    if template.is_template:
        raise RenameError(f"`{template.name}` stands for several names, one for each repetition: change it by hand")
    if declared is None and found.kind == "hardware" and found.name in library_names():
        raise RenameError(f"`{found.name}` is a name of the hardware library")
    if declared is None:
        raise RenameError(f"nothing in the project declares a {found.kind} `{found.name}`")
    return found


def rename(project: Project, position: types.Position, name: str) -> types.WorkspaceEdit:
    """The edits that give a name another spelling in every file of the project.

    Raises:
        RenameError: no name of the project stands there, or a spec would have errors that it does not have now.
    """
    found = renamable(project, position)
    if found is None:
        raise RenameError("no name stands here")
    if not project.complete:
        raise RenameError("the project folder holds too many files to find every use of a name")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        raise RenameError(f"`{name[:70]}` is no name: names have letters, digits and `_`, at most 64")
    uses = project.uses(found)
    parts = {project.documents[part] for path in uses for part in project.parts_of(path)}
    mentioned = (part for part in parts if name in part.source.text)
    if name != found.name and any(name in part.names.declared(found.kind) for part in mentioned):
        raise RenameError(f"there is a {found.kind} `{name}` already")
    _check_specs(project, uses, name)
    return types.WorkspaceEdit(
        changes={
            project.documents[path].uri: [
                types.TextEdit(_location(project.documents[path], use).range, name) for use in found
            ]
            for path, found in uses.items()
        }
    )


def _check_specs(project: Project, uses: Mapping[Path, list[Occurrence]], name: str) -> None:
    """Refuse a name that gives an error to a spec without one; of many specs, only so many are tried."""
    before = {path: document.source.text for path, document in project.documents.items()}
    after = before | {path: _replaced(project.documents[path].source.text, found, name) for path, found in uses.items()}
    for path in project.specs_with(uses)[:SPECS_CHECKED]:
        document = project.documents[path]
        changed = check_source(SourceFile(document.source.name, after[path], document.path, after))
        errors = [finding.message for finding in changed.diagnostics if finding.severity == "error"]
        if errors and not check_source(replace(document.source, unsaved=before)).has_errors:
            raise RenameError(f"with `{name}` {document.source.name} would have an error: {errors[0]}")


def _replaced(text: str, uses: list[Occurrence], name: str) -> str:
    for use in sorted(uses, key=lambda use: use.span.start, reverse=True):
        text = text[: use.span.start] + name + text[use.span.end :]
    return text


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

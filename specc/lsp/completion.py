"""What may be written at the cursor, judged by the words before it: the file is rarely complete while one types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lsprotocol import types

from specc.elaborate.hardware import library_names
from specc.elaborate.layers import KINDS
from specc.lsp.document import Document
from specc.lsp.names import Kind, Names
from specc.lsp.vocabulary import DIMENSIONS, INPUT_OPTIONS, ITEMS, KERNEL_RULES, TOP, TRIED, VALUES
from specc.spec.kernels import ALL_REWRITES, REWRITES
from specc.syntax.parser import lex
from specc.units import AMBIGUOUS_UNITS, UNITS

_KEYWORD = types.CompletionItemKind.Keyword
_ITEM_KINDS: dict[Kind, types.CompletionItemKind] = {
    "layer": types.CompletionItemKind.Variable,
    "target": types.CompletionItemKind.Module,
    "model": types.CompletionItemKind.Class,
    "hardware": types.CompletionItemKind.Constant,
    "dataset": types.CompletionItemKind.File,
    "parameter": types.CompletionItemKind.Constant,
}


@dataclass
class _Place:
    """Where the cursor stands: the words that opened each block around it, and those of its item before it."""

    blocks: list[list[str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    number: bool = False  # a number without unit stands before the cursor
    row_cells: int | None = None  # in a table row: complete cells before the cursor


def complete(document: Document, position: types.Position) -> list[types.CompletionItem]:
    """Completions at a position, without those that do not begin with what is typed already."""
    offset = document.positions.offset(position)
    place = _place(document.source.text[:offset])
    if place is None:
        return []
    items = list(_items(place, document.known_names))
    unique = {item.label: item for item in items}
    return list(unique.values())


def _place(before: str) -> _Place | None:
    """The place behind a text, or None inside a string or a comment."""
    stripped = before.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789%µ/$")
    typed = before[len(stripped) :]
    if typed[:1].isdigit():  # `168M`: the number is complete, its unit is being typed
        digits = len(typed) - len(typed.lstrip("0123456789_"))
        stripped, typed = stripped + typed[:digits], typed[digits:]
    place = _Place()
    end = 0
    for token in lex(stripped):
        kind, text = token.type, str(token)
        place.number = place.number and kind == "BLANK"
        place.row_cells = None
        if kind == "OPEN":
            place.blocks.append(place.words)
            place.words = []
        elif kind in ("_NEWLINE", "_COMMA"):
            place.words = []
        elif kind == "CLOSE":
            place.words = []
            if place.blocks:
                place.blocks.pop()
        elif kind == "UNFINISHED_STRING":
            return None
        elif kind == "ROW":
            place.row_cells = text.count("|") - 1
        else:
            place.words.append(text)
            place.number = kind == "NUMBER" and text[-1] in "0123456789_"
        end = token.end_pos or end
    gap = stripped[end:]
    return None if "#" in gap else place


def _items(place: _Place, names: Names) -> Iterator[types.CompletionItem]:
    section = place.blocks[0] if place.blocks else []
    keyword = section[0] if section else ""
    if place.row_cells is not None:
        if keyword == "quantization" and place.row_cells == 0:
            yield from _names(names, "layer")
        return
    if place.number and place.words:
        yield from _units(place, keyword)
        return
    if not place.blocks:
        yield from _top(place.words, names)
        return
    if not place.words:
        yield from (_keyword(word) for word in _first_words(place.blocks))
        return
    first, behind_first = place.words[0], len(place.words) == 1
    if keyword == "kernels":
        if behind_first:
            yield from (_keyword(word) for word in KERNEL_RULES.get(first, ()))
        elif first == "rewrite":
            yield from (_keyword(word) for word in (*_left(place.words), "on", "off"))
        elif "for" in place.words:
            yield from _names(names, "layer")
        else:
            yield _keyword("for")
        return
    if keyword == "experiments":
        yield from (_keyword(word) for word in TRIED.get(first, ()) if word not in place.words)
        return
    if first == "use" and behind_first:
        yield from _names(names, "hardware")
        yield from (_item(name, _ITEM_KINDS["hardware"], "library") for name in library_names())
    elif first in ("from", "fuse") or (first in ("latency", "energy") and not _has_relation(place.words)):
        if first == "latency" and behind_first:
            yield from (_keyword(word) for word in ("total", "overhead"))
        if first == "fuse" and not behind_first:
            yield from (_keyword(word) for word in ("as", "tile"))
        yield from _names(names, "layer")
    elif first in VALUES and (behind_first or first == "optimise"):
        yield from (_keyword(word) for word in VALUES[first])


def _left(words: Sequence[str]) -> tuple[str, ...]:
    """The rewrites that a line does not name yet."""
    return () if ALL_REWRITES in words else tuple(name for name in REWRITES if name not in words)


def _has_relation(words: Sequence[str]) -> bool:
    return any(word in ("<=", "<", "≤") for word in words)


def _top(words: Sequence[str], names: Names) -> Iterator[types.CompletionItem]:
    if not words:
        yield from (_keyword(word) for word in TOP)
    elif words[0] in ("quantization", "schedule") and len(words) == 1:
        yield from _names(names, "model")
    elif words[0] in ("budget", "instrument", "kernels"):
        yield from _names(names, "target")
        if words in (["budget"], ["kernels"]):
            yield _keyword("all")


def _first_words(blocks: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Words that may begin an item of the innermost block."""
    section, header = blocks[0], blocks[-1]
    if not section or not header:
        return ()
    if len(blocks) == 1:
        return ITEMS.get(section[0], ())
    if section[0] == "model":
        if header[0] == "repeat":
            return tuple(KINDS)
        if header[0] == "input":
            return INPUT_OPTIONS
        return KINDS[header[0]].options if header[0] in KINDS else ()
    return ()


def _units(place: _Place, keyword: str) -> Iterator[types.CompletionItem]:
    dimensions = DIMENSIONS.get(place.words[0], ())
    if not dimensions and keyword == "model":
        return
    for unit in UNITS.values():
        if unit.symbol not in AMBIGUOUS_UNITS and (not dimensions or unit.dimension in dimensions):
            yield _item(unit.symbol, types.CompletionItemKind.Unit, "unit")


def _names(names: Names, kind: Kind) -> Iterator[types.CompletionItem]:
    for name in names.declared(kind):
        if "$" not in name:
            yield _item(name, _ITEM_KINDS[kind], kind)


def _keyword(word: str) -> types.CompletionItem:
    return _item(word, _KEYWORD, "keyword")


def _item(label: str, kind: types.CompletionItemKind, detail: str) -> types.CompletionItem:
    return types.CompletionItem(label=label, kind=kind, detail=detail)

"""Where names are declared and used in a file, found in its syntax tree, so that files with errors have them, too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from specc.elaborate.layers import KINDS
from specc.source import Span
from specc.syntax.nodes import Block, Item, Row, Symbol, SyntaxTree, Word

Kind = Literal["model", "layer", "target", "hardware", "dataset", "parameter"]

_DECLARING_SECTIONS: Final[dict[str, Kind]] = {
    "model": "model",
    "target": "target",
    "hardware": "hardware",
    "dataset": "dataset",
}
_READING_SECTIONS: Final[dict[str, Kind]] = {
    "quantization": "model",
    "schedule": "model",
    "budget": "target",
    "instrument": "target",
    "kernels": "target",
}
_LAYER_COLUMN: Final = "layer"


@dataclass(frozen=True)
class Occurrence:
    """One place where a name stands. One with a parameter in it, in a repetition, stands for several names."""

    kind: Kind
    name: str
    span: Span
    declares: bool = False

    @property
    def is_template(self) -> bool:
        return "$" in self.name

    def matches(self, name: str) -> bool:
        """Whether this occurrence stands for a name; `pointwise$i` stands for `pointwise1`."""
        pattern = re.sub(r"\\\$[A-Za-z][A-Za-z0-9]*", "[A-Za-z0-9_]+", re.escape(self.name))
        return re.fullmatch(pattern, name) is not None


class Names:
    """Every occurrence of every name in a file; `elsewhere` is declared in files that it is read with."""

    def __init__(self, tree: SyntaxTree | None, elsewhere: Iterable[Occurrence] = ()) -> None:
        self.occurrences = tuple(_occurrences(tree, elsewhere)) if tree else ()

    @property
    def declarations(self) -> tuple[Occurrence, ...]:
        """Those that declare their name."""
        return tuple(found for found in self.occurrences if found.declares)

    def at(self, offset: int) -> Occurrence | None:
        """The name at a character offset; just behind its last character counts, as cursors stand there."""
        return next((found for found in self.occurrences if found.span.start <= offset <= found.span.end), None)

    def declaration(self, wanted: Occurrence) -> Occurrence | None:
        """Where a name is declared in this file."""
        return next(
            (
                found
                for found in self.occurrences
                if found.declares and found.kind == wanted.kind and found.matches(wanted.name)
            ),
            None,
        )

    def uses(self, wanted: Occurrence) -> list[Occurrence]:
        """Every occurrence of the same name, the declaration among them."""
        return [found for found in self.occurrences if found.kind == wanted.kind and found.name == wanted.name]

    def declared(self, kind: Kind) -> list[str]:
        """Names of one kind that the file declares, in order."""
        names = (found.name for found in self.occurrences if found.declares and found.kind == kind)
        return list(dict.fromkeys(names))


class _Declared:
    """What a file declares, for looking names up."""

    def __init__(self, found: Iterable[Occurrence]) -> None:
        self.plain: set[tuple[Kind, str]] = set()
        self.templates: list[Occurrence] = []
        for occurrence in found:
            if occurrence.is_template:
                self.templates.append(occurrence)
            else:
                self.plain.add((occurrence.kind, occurrence.name))

    def has(self, kind: Kind, name: str) -> bool:
        return (kind, name) in self.plain or any(
            template.kind == kind and template.matches(name) for template in self.templates
        )


def _occurrences(tree: SyntaxTree, elsewhere: Iterable[Occurrence]) -> Iterator[Occurrence]:
    own = (found for item in tree.items for found in _declarations(item))
    declared = _Declared([*own, *elsewhere])
    for item in tree.items:
        yield from _declarations(item)
        yield from _parameters(item)
        keyword = _word(item, 0)
        if keyword in _READING_SECTIONS:
            kind = _READING_SECTIONS[keyword]
            yield from (Occurrence(kind, word.text, word.span) for word in _words(item)[1:] if word.text != "all")
        yield from _uses(item, keyword, declared)


def _word(item: Item, index: int) -> str:
    value = item.values[index] if index < len(item.values) else None
    return value.text if isinstance(value, Word) else ""


def _words(item: Item) -> list[Word]:
    return [value for value in item.values if isinstance(value, Word)]


def _declarations(item: Item) -> Iterator[Occurrence]:
    """What an item declares, and what is declared in its block."""
    keyword = _word(item, 0)
    name = item.values[1] if len(item.values) > 1 else None
    if keyword in _DECLARING_SECTIONS and isinstance(name, Word):
        yield Occurrence(_DECLARING_SECTIONS[keyword], name.text, name.span, declares=True)
    if keyword == "let" and isinstance(name, Word):
        yield Occurrence("parameter", name.text, name.span, declares=True)
    if keyword == "model":
        yield from _layers(item)


def _layers(item: Item) -> Iterator[Occurrence]:
    for entry in _entries(item.block):
        name = entry.values[1] if len(entry.values) > 1 else None
        if _word(entry, 0) in ("input", *KINDS) and isinstance(name, Word):
            yield Occurrence("layer", name.text, name.span, declares=True)


def _entries(block: Block | None) -> Iterator[Item]:
    """The items of a block, those that it repeats among them."""
    for entry in block.items if block else ():
        if _word(entry, 0) == "repeat":
            yield from _entries(entry.block)
        else:
            yield entry


def _rows(block: Block) -> Iterator[Row]:
    """The rows of a block, those that it repeats behind its own."""
    yield from block.rows
    for entry in block.items:
        if _word(entry, 0) == "repeat" and entry.block:
            yield from _rows(entry.block)


def _uses(item: Item, keyword: str, declared: _Declared) -> Iterator[Occurrence]:
    """References inside a section."""
    block = item.block
    if keyword in ("waive", "demote"):
        yield from _references(_words(item)[1:], declared)
    if block is None:
        return
    for entry in _entries(block):
        first = _word(entry, 0)
        if keyword == "target" and first == "use":
            yield from (Occurrence("hardware", word.text, word.span) for word in _words(entry)[1:2])
        elif keyword == "model":
            yield from _inputs(entry, declared)
        elif (keyword, first) in (
            ("budget", "latency"),
            ("budget", "energy"),
            ("schedule", "fuse"),
            ("kernels", "use"),
            ("kernels", "weights"),
        ):
            yield from _references(_unglued(entry), declared)
        elif (keyword, first) in (("budget", "accuracy"), ("harness", "data")):
            words = (word for word in _words(entry)[1:] if declared.has("dataset", word.text))
            yield from (Occurrence("dataset", word.text, word.span) for word in words)
    if keyword == "quantization":
        yield from _cells(tuple(_rows(block)), declared)


def _inputs(entry: Item, declared: _Declared) -> Iterator[Occurrence]:
    """`from a + b` in the block of a layer."""
    for option in entry.block.items if entry.block else ():
        if _word(option, 0) == "from":
            yield from _references(_words(option)[1:], declared)
        yield from _inputs(option, declared)


def _unglued(entry: Item) -> list[Word]:
    """Words behind the keyword that are no part of a pattern such as `mlp*`, before any relation."""
    found: list[Word] = []
    for index, value in enumerate(entry.values[1:], start=1):
        if isinstance(value, Symbol) and value.text in ("<=", "<", ">=", ">"):
            break
        neighbours = [*entry.values[index - 1 : index], *entry.values[index + 1 : index + 2]]
        glued = any(
            isinstance(other, Symbol)
            and other.text == "*"
            and (other.span.end == value.span.start or value.span.end == other.span.start)
            for other in neighbours
        )
        if isinstance(value, Word) and not glued:
            found.append(value)
    return found


def _references(words: list[Word], declared: _Declared) -> Iterator[Occurrence]:
    """Words that name a layer or target."""
    for word in words:
        kind: Kind
        for kind in ("layer", "target"):
            if declared.has(kind, word.text):
                yield Occurrence(kind, word.text, word.span)
                break


def _cells(rows: tuple[Row, ...], declared: _Declared) -> Iterator[Occurrence]:
    if not rows:
        return
    header = [cell.text for cell in rows[0].cells]
    if _LAYER_COLUMN not in header:
        return
    column = header.index(_LAYER_COLUMN)
    for row in rows[1:]:
        if column < len(row.cells) and declared.has("layer", row.cells[column].text):
            yield Occurrence("layer", row.cells[column].text, row.cells[column].span)


def _parameters(item: Item) -> Iterator[Occurrence]:
    """`$name` anywhere below an item."""
    for value in item.values:
        if isinstance(value, Word) and value.text.startswith("$"):
            span = Span(value.span.source, value.span.start + 1, value.span.end)
            yield Occurrence("parameter", value.text[1:], span)
    for entry in item.block.items if item.block else ():
        yield from _parameters(entry)

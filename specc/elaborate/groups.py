"""Several names at once: layers joined by `+` or found by a pattern, and lists of targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from specc.diagnostics.model import Label, Sink
from specc.elaborate.reader import Reader, RejectedError, suggestion
from specc.source import Span
from specc.syntax.nodes import Block, Item, Number, Symbol, Value, Word

ALL = "all"


@dataclass(frozen=True)
class LayerGroup:
    """Layers in the order written, those of a pattern in the order of the file."""

    words: tuple[Word, ...]
    span: Span
    pattern: str | None  # the group as written, if it holds a `*`

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers."""
        return tuple(word.text for word in self.words)


def layer_group(
    reader: Reader, layers: Collection[str], others: Mapping[str, str] = MappingProxyType({})
) -> LayerGroup:
    """`conv1`, `mlp1+mlp2`, `mlp*`; `others` are words that may stand in place of a group, with what they mean."""
    start = reader.position
    terms = [_term(reader)]
    while isinstance(sign := reader.peek(), Symbol) and sign.text == "+":
        reader.position += 1
        terms.append(_term(reader))
    seen: dict[str, Word] = {}
    for term in terms:
        if term.text in others and len(terms) == 1:
            return LayerGroup((term,), term.span, None)
        for word in _layers_of(reader, term, layers, others):
            if word.text in seen:
                there = Label(seen[word.text].span, "first here")
                reader.fail("E1006", f"layer `{word.text}` is named twice", word.span, secondary=(there,))
            seen[word.text] = word
    pattern = "+".join(term.text for term in terms)
    return LayerGroup(tuple(seen.values()), reader.read_span(start), pattern if "*" in pattern else None)


def _term(reader: Reader) -> Word:
    """A name, or a pattern: names and `*` that touch one another."""
    parts: list[Value] = []
    while True:
        value = reader.peek()
        if parts and (value is None or value.span.start != parts[-1].span.end):
            break
        if not (isinstance(value, Word) or (isinstance(value, Symbol) and value.text == "*")):
            if parts and isinstance(value, Number):
                parts.append(value)  # the `1` of `*1`
                reader.position += 1
                continue
            if parts:
                break
            return reader.word("the name of a layer")
        parts.append(value)
        reader.position += 1
    if len(parts) == 1 and isinstance(parts[0], Word):
        return parts[0]
    text = "".join(part.text if isinstance(part, Word | Symbol) else part.span.text for part in parts)
    return Word(text, parts[0].span.to(parts[-1].span))


def _layers_of(reader: Reader, term: Word, layers: Collection[str], others: Mapping[str, str]) -> list[Word]:
    if term.text in others:
        message = f"`{term.text}` is {others[term.text]}, and stands alone"
        reader.fail("E1013", message, term.span)
    if "*" in term.text:
        found = [Word(name, term.span) for name in layers if fnmatchcase(name, term.text)]
        if not found:
            reader.fail("E1011", f"no layer has a name like `{term.text}`", term.span)
        return found
    if term.text not in layers:
        notes, fix = suggestion(term.text, term.span, [*layers, *others])
        reader.fail("E1011", f"the model has no layer `{term.text}`", term.span, notes=notes, fix=fix)
    return [term]


def targets_block(item: Item, section: str, known: list[str], sink: Sink) -> tuple[list[Word], str, Block] | None:
    """The targets that a section names, the section as messages call it, and its block; None if it was rejected.

    Args:
        item: the section.
        section: its keyword.
        known: the names that may stand there.
        sink: takes what is wrong.
    """
    reader = Reader(item, sink)
    reader.position = 1
    try:
        words = target_list(reader)
        what = f"{section} `{' '.join(word.text for word in words)}`"
        block = reader.block(what)
        reader.finish()
    except RejectedError:
        return None
    report_unknown(words, known, sink)
    return words, what, block


def target_list(reader: Reader) -> list[Word]:
    """`l4r5`, several targets with blanks between them, or `all`."""
    words: dict[str, Word] = {}
    while not words or isinstance(reader.peek(), Word):
        word = reader.name("the name of a target")
        if word.text in words:
            there = Label(words[word.text].span, "first here")
            reader.fail("E1006", f"target `{word.text}` is named twice", word.span, secondary=(there,))
        words[word.text] = word
    if ALL in words and len(words) > 1:
        reader.fail("E1013", "`all` is every target, and stands alone", words[ALL].span)
    return list(words.values())


def report_unknown(words: list[Word], known: list[str], sink: Sink) -> None:
    """Targets of a list that nobody declares."""
    for word in words:
        if word.text not in known:
            notes, fix = suggestion(word.text, word.span, known)
            sink.add("E1011", f"there is no target `{word.text}`", word.span, notes=notes, fix=fix)

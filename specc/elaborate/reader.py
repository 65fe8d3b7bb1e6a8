"""Reading one item of a block: each step says what it expects, and what is wrong is reported with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, NoReturn

from specc.diagnostics.model import Fix, Label, Sink
from specc.source import Span
from specc.syntax.nodes import (
    Block,
    Interval,
    Item,
    Malformed,
    Number,
    PlusMinus,
    Size,
    Symbol,
    Text,
    Value,
    Word,
)
from specc.units import Dimension, Quantity, describe, describe_wanted, suits

_BEHIND_QUANTITIES: Final = frozenset({"at", "per", "source", "published"})  # none of them is a unit misspelt
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
NOUNS: Final[dict[type, str]] = {
    Word: "a word",
    Text: "a text in quotes",
    Number: "a number",
    PlusMinus: "a ± range",
    Interval: "a range",
    Size: "a size",
    Symbol: "a symbol",
}


class RejectedError(Exception):
    """The item in hand has been reported; whoever reads it leaves it out and goes on."""


_SHORTEST_BEGINNING: Final = 4  # letters of a word that say what it begins with


def suggestion(word: str, span: Span, candidates: Iterable[str]) -> tuple[tuple[str, ...], Fix | None]:
    """Notes and a fix for a word that is none of `candidates`: those it begins, the one it resembles, or all."""
    known = list(dict.fromkeys(candidates))
    longer = [candidate for candidate in known if len(word) >= _SHORTEST_BEGINNING and candidate.startswith(word)]
    if len(longer) > 1:
        *most, last = (f"`{candidate}`" for candidate in longer[:6])
        return (f"did you mean {', '.join(most)} or {last}?",), None
    folded = {candidate.lower(): candidate for candidate in reversed(known)}
    close = get_close_matches(word, known, n=1, cutoff=0.6) if word.lower() not in folded else [folded[word.lower()]]
    close = longer or close or [folded[name] for name in get_close_matches(word.lower(), folded, n=1, cutoff=0.6)]
    if close:
        return (f"did you mean `{close[0]}`?",), Fix(f"write `{close[0]}`", ((span, close[0]),))
    if not known:
        return (), None
    return ("known here: " + ", ".join(known[:20]) + (", …" if len(known) > 20 else ""),), None


class Reader:
    """A cursor over the values of one item. Its methods return what they read or raise RejectedError."""

    def __init__(self, item: Item, sink: Sink, keywords: Container[str] = ()) -> None:
        """Start at the item's first value; `keywords` begin the items that may stand beside it."""
        self.item = item
        self.sink = sink
        self.keywords = keywords
        self.position = 0
        self.block_taken = False

    def fail(
        self,
        code: str,
        message: str,
        span: Span | Label | None = None,
        *,
        secondary: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        fix: Fix | None = None,
    ) -> NoReturn:
        """Report and reject the item."""
        self.sink.add(code, message, span or self.item.head, secondary=secondary, notes=notes, fix=fix)
        raise RejectedError

    def peek(self) -> Value | None:
        """The next value, or None at the end."""
        return self.item.values[self.position] if self.position < len(self.item.values) else None

    def next(self, what: str, example: str = "") -> Value:
        """The next value, whatever it is; `what` names it if there is none, `example` is a whole item."""
        value = self.peek()
        if value is None:
            end = self.item.values[-1].span
            place = Label(Span(end.source, end.end, end.end), f"expected {what} here")
            self.fail("E1005", f"{what} is missing", place, notes=(f"for example `{example}`",) if example else ())
        if isinstance(value, Malformed):
            raise RejectedError
        self.position += 1
        return value

    def mismatch(self, value: Value, what: str, notes: tuple[str, ...] = ()) -> NoReturn:
        """Report a value of the wrong kind."""
        if isinstance(value, Malformed):
            raise RejectedError
        message = f"expected {what.removesuffix(',')}, found {NOUNS[type(value)]} `{value.span.text}`"
        self.fail("E1007", message, value.span, notes=notes)

    def accept(self, *words: str) -> Word | None:
        """Step over the next value if it is one of these words."""
        value = self.peek()
        if isinstance(value, Word) and value.text in words:
            self.position += 1
            return value
        return None

    def expect(self, word: str, example: str = "") -> Word:
        """Step over a keyword that must come; `example` is an item with it."""
        value = self.next(f"`{word}`", example)
        if not isinstance(value, Word) or value.text != word:
            self.mismatch(value, f"`{word}`")
        return value

    def word(self, what: str) -> Word:
        value = self.next(what)
        if not isinstance(value, Word):
            self.mismatch(value, what)
        return value

    def name(self, what: str, reserved: Sequence[str] = ()) -> Word:
        """A name that the author chooses: letters, digits and underscores."""
        word = self.word(what)
        if not _NAME.fullmatch(word.text):
            better = re.sub(r"[^A-Za-z0-9_]", "_", word.text)[:64]
            self.fail(
                "E1015",
                f"`{word.text[:70]}` cannot be {what}: names have letters, digits and `_`, at most 64",
                word.span,
                fix=Fix(f"write `{better}`", ((word.span, better),)),
            )
        if word.text in reserved:
            self.fail("E1015", f"`{word.text}` cannot be {what}: the language uses it itself", word.span)
        return word

    def choice(self, what: str, choices: Iterable[str]) -> Word:
        """One of a closed set of words."""
        word = self.word(what)
        known = list(choices)
        if word.text not in known:
            notes, fix = suggestion(word.text, word.span, known)
            self.fail("E1016", f"`{word.text}` is not {what}", word.span, notes=notes, fix=fix)
        return word

    def text(self, what: str) -> Text:
        value = self.next(what)
        if not isinstance(value, Text):
            self.mismatch(value, what, (f'write it in quotes: "{value.span.text}"',) if isinstance(value, Word) else ())
        return value

    def symbol(self, what: str, choices: Sequence[str], example: str = "") -> Symbol:
        """One of some signs; `example` is an item with it."""
        value = self.next(what, example)
        if not isinstance(value, Symbol) or value.text not in choices:
            self.mismatch(value, what, (f"for example `{example}`",) if example else ())
        return value

    def number(self, what: str) -> Number:
        """A plain number without a unit."""
        value = self.next(what)
        if not isinstance(value, Number):
            self.mismatch(value, what)
        if value.quantity.unit is not None:
            self.fail("E1008", f"{what} is a plain number; `{value.span.text}` has a unit", value.span)
        return value

    def integer(self, what: str, low: int, high: int) -> Number:
        """A whole number between two bounds, both included."""
        value = self.number(what)
        self.check_bounds(what, value.quantity.number, low, high, value.span)
        return value

    def check_bounds(self, what: str, number: Fraction, low: int, high: int, span: Span) -> int:
        """A number as int, if it is whole and lies between two bounds."""
        if number.denominator != 1:
            self.fail("E1010", f"{what} must be a whole number, not {span.text}", span)
        if not low <= number <= high:
            self.fail("E1010", f"{what} must lie between {low} and {high}, not {span.text}", span)
        return int(number)

    def quantity(self, what: str, dimension: Dimension, example: str) -> Number:
        """A positive number with a unit of the given dimension."""
        value = self.next(what)
        if not isinstance(value, Number):
            self.mismatch(value, what, (f"for example {example}",))
        self.check_dimension(what, value.quantity, dimension, example, value.span)
        if value.quantity.number <= 0:
            self.fail("E1010", f"{what} must be greater than zero", value.span)
        return value

    def check_dimension(self, what: str, quantity: Quantity, dimension: Dimension, example: str, span: Span) -> None:
        """Report a quantity of another dimension."""
        if suits(quantity.dimension, dimension):
            return
        notes = [f"for example {example}"]
        following = self.peek()
        known = isinstance(following, Word) and (
            following.text in _BEHIND_QUANTITIES or following.text in self.keywords
        )
        if quantity.unit is None and isinstance(following, Word) and not known:
            from specc.syntax.literals import similar_unit

            unit = similar_unit(following.text)
            if unit == following.text:
                written = f"{span.text} * 1 {unit}"
                message = f"`{span.text}` is a plain number, and `{unit}` is no part of it"
                fix = Fix(f"write `{written}`", ((following.span, f"* 1 {unit}"),))
                self.fail("E1008", message, span.to(following.span), fix=fix)
            self.fail(
                "E1009",
                f"`{following.text}` is not a unit",
                following.span,
                notes=(f"did you mean `{unit}`?",)
                if unit
                else (f"{what} is {describe_wanted(dimension)}, {notes[0]}",),
                fix=Fix(f"write `{unit}`", ((following.span, unit),)) if unit else None,
            )
        self.fail(
            "E1008",
            f"{what} is {describe_wanted(dimension)}; `{span.text}` is {describe(quantity.dimension)}",
            span,
            notes=tuple(notes),
        )

    def block(self, what: str) -> Block:
        """The item's block."""
        self.block_taken = True
        if self.item.block is None:
            note = f"what belongs to it stands in braces: `{self.item.head.text[:60]} {{ … }}`"
            self.fail("E1005", f"{what} needs a block", notes=(note,))
        return self.item.block

    def optional_block(self) -> Block | None:
        """The item's block, if it has one."""
        self.block_taken = True
        return self.item.block

    def finish(self) -> None:
        """Nothing may be left over."""
        value = self.peek()
        if isinstance(value, Malformed):
            raise RejectedError
        if value is not None:
            rest = value.span.to(self.item.values[-1].span)
            self.fail("E1014", f"unexpected `{rest.text}`: the item is complete before it", rest)
        if self.item.block is not None and not self.block_taken:
            self.fail("E1014", f"`{self.item.head.text}` takes no block", self.item.block.span)

    def read_span(self, since: int) -> Span:
        """The span of the values read since a position."""
        first = self.item.values[min(since, len(self.item.values) - 1)]
        last = self.item.values[max(self.position, 1) - 1]
        return first.span.to(last.span) if last.span.end > first.span.start else last.span


@dataclass(frozen=True)
class Entry:
    """What one item of a block said: the value its handler made of it, and where it stands."""

    value: Any
    span: Span  # the values behind the keyword
    item: Item


Handler = Callable[[Reader], Any]


@dataclass(frozen=True)
class Hint:
    """What to say about a word that stands in the wrong place, and the keyword that was meant, if one was."""

    note: str
    keyword: str | None = None


def _hint(hint: Hint, span: Span) -> tuple[tuple[str, ...], Fix | None]:
    fix = Fix(f"write `{hint.keyword}`", ((span, hint.keyword),)) if hint.keyword else None
    return (hint.note,), fix


def read_block(
    block: Block,
    handlers: Mapping[str, Handler],
    where: str,
    sink: Sink,
    *,
    repeatable: frozenset[str] = frozenset(),
    hints: Mapping[str, Hint] = MappingProxyType({}),
) -> dict[str, list[Entry]]:
    """Every item of a block, by keyword. Unknown and repeated keywords are reported and left out.

    A keyword whose item was rejected is present with an empty list: it was written, and must not be reported missing.
    `hints` maps keywords that are likely mistakes to what to say about them.
    """
    entries: dict[str, list[Entry]] = {}
    first_use: dict[str, Item] = {}
    for row in block.rows:
        sink.add("E1004", f"{where} has no table", row.span)
    before: Item | None = None
    for item in block.items:
        keyword = item.values[0]
        if isinstance(keyword, Malformed):
            continue
        if not isinstance(keyword, Word):
            report_torn(item, before, sink)
            before = item
            continue
        before = item
        if keyword.text not in handlers:
            text = keyword.span.text
            notes, fix = suggestion(text, keyword.span, handlers)
            if text in hints:
                notes, fix = _hint(hints[text], keyword.span)
            if fix is not None:
                entries.setdefault(fix.edits[0][1], [])  # what was meant is there, and must not be reported missing
            sink.add("E1004", f"{where} has no `{text}`", keyword.span, notes=notes, fix=fix)
            continue
        found = entries.setdefault(keyword.text, [])
        if keyword.text in first_use and keyword.text not in repeatable:
            first = Label(first_use[keyword.text].head, "first given here")
            sink.add("E1006", f"`{keyword.text}` is given twice", item.head, secondary=(first,))
            continue
        first_use.setdefault(keyword.text, item)
        reader = Reader(item, sink, handlers)
        reader.position = 1
        try:
            value = handlers[keyword.text](reader)
            following = reader.peek()
            if isinstance(following, Word) and following.text in handlers:
                _report_missing_comma(following, sink)
                entries.setdefault(following.text, [])
            else:
                reader.finish()
        except RejectedError:
            continue
        span = item.values[1].span.to(item.values[-1].span) if len(item.values) > 1 else keyword.span
        found.append(Entry(value, span, item))
    return entries


def report_torn(item: Item, before: Item | None, sink: Sink) -> None:
    """An item that begins with no word: mostly the rest of one that a comma ended. Each line is reported once."""
    head = item.values[0].span
    torn = before is not None and before.head.line == head.line
    if torn and before is not None:
        reported = not isinstance(before.values[0], Word)
        if reported or any(isinstance(value, Symbol) and value.text == "(" for value in before.values):
            return
    note = "a comma ends an item; sizes are written `3x3`, several values with blanks between them"
    sink.add("E1014", f"`{head.text}` begins no item: items begin with a word", head, notes=(note,) if torn else ())


def _report_missing_comma(following: Word, sink: Sink) -> None:
    gap = Span(following.span.source, following.span.start, following.span.start)
    fix = Fix("add a comma", ((gap, ", "),))
    sink.add("E1014", f"a comma is missing before `{following.text}`", following.span, fix=fix)


def first(entries: Mapping[str, list[Entry]], keyword: str) -> Entry | None:
    """The entry of a keyword that may stand once, or None."""
    found = entries.get(keyword)
    return found[0] if found else None


def value_of(entries: Mapping[str, list[Entry]], keyword: str, default: Any = None) -> Any:
    """The value of a keyword that may stand once, or the default."""
    entry = first(entries, keyword)
    return default if entry is None else entry.value


def spans_of(entries: Mapping[str, list[Entry]], whole: Span, **renamed: str) -> dict[str, Span]:
    """Spans for a Node: the whole item under "", each keyword's values under its field (`renamed`: keyword=field)."""
    spans = {"": whole}
    for keyword, found in entries.items():
        if found:
            spans[renamed.get(keyword, keyword)] = found[0].span
    return spans

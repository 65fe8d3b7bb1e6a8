"""The first line of a file: which edition of the language it is written in."""

from __future__ import annotations

from difflib import get_close_matches

from specc.diagnostics.model import Fix, Sink
from specc.source import Span
from specc.syntax.nodes import Item, Malformed, Number, SyntaxTree, Word
from specc.syntax.words import EDITION_WORD, EDITIONS


def edition_item(tree: SyntaxTree) -> Item | None:
    """The item that ought to name the edition: the first, but for lines that cannot be read."""
    return next((item for item in tree.items if item.head.line not in tree.damaged_lines), None)


def names_edition(item: Item) -> bool:
    """Whether an item begins as the first line does."""
    return isinstance(item.values[0], Word) and item.values[0].text == EDITION_WORD


def resembles_edition(word: str) -> bool:
    """Whether a word is probably the first one of a file, misspelt."""
    return bool(get_close_matches(word.lower(), [EDITION_WORD]))


def check_edition(tree: SyntaxTree, sink: Sink) -> int | None:
    """The edition that a file names on its first line; None if it names none that this version reads."""
    start = Span(tree.source, 0, 0)
    item = edition_item(tree)
    head = item.values[0] if item else None
    later = next((other for other in tree.items if other is not item and names_edition(other)), None)
    if later is not None and (item is None or not names_edition(item)):
        sink.add("E1001", "the edition is named on the first line, above everything else", later.head)
        return None
    if item is None or not isinstance(head, Word) or head.text != EDITION_WORD:
        line = f"{EDITION_WORD} {EDITIONS[-1]}"
        if head and resembles_edition(head.span.text):
            meant = Fix(f"write `{EDITION_WORD}`", ((head.span, EDITION_WORD),))
            sink.add("E1001", f"the first line begins with `{EDITION_WORD}`", head.span, fix=meant)
            return None
        fix = Fix(f"begin the file with `{line}`", ((start, f"{line}\n\n"),), safe=True)
        message = f"the file does not say which edition it is written in: `{line}`"
        sink.add("E1001", message, head.span if head else start, fix=fix)
        return None
    known = ", ".join(str(edition) for edition in EDITIONS)
    value = item.values[1] if len(item.values) == 2 and item.block is None else None
    if not isinstance(value, Number) or value.quantity.unit is not None:
        if not isinstance(value, Malformed):
            sink.add("E1002", f"the first line is `{EDITION_WORD}` and an edition: {known}", item.head)
        return None
    number = value.quantity.number
    if number not in EDITIONS:
        note = f"this version of specc reads edition {known}"
        newer = number.denominator == 1 and number > EDITIONS[-1]
        notes = (note, "a newer version of specc reads it: `pip install --upgrade specc`") if newer else (note,)
        sink.add("E1002", f"edition {value.span.text} of the language is not known", value.span, notes=notes)
        return None
    return int(number)

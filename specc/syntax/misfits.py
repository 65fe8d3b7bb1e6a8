"""What to say about a token that cannot stand where it stands."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from specc.diagnostics.model import Fix
from specc.source import Span
from specc.syntax.tokens import Token


@dataclass(frozen=True)
class Misfit:
    """The diagnostic for a misplaced token, without its place."""

    code: str
    message: str
    notes: tuple[str, ...] = ()
    fix: Fix | None = None


_HABITS: Final[dict[str, str]] = {
    "=": "a name and its value are separated by a blank: `kernel 3x3`",
    ":": "a name and its value are separated by a blank: `kernel 3x3`",
    ";": "items end at the end of the line or at a comma",
    "'": 'strings stand in double quotes: "-Os"',
    "“": 'strings stand in plain double quotes: "-Os"',
    "”": 'strings stand in plain double quotes: "-Os"',
    "(": "blocks stand in braces",
    ")": "blocks stand in braces",
    "[": "lists are written without brackets, their members separated by blanks",
    "]": "lists are written without brackets, their members separated by blanks",
    "/": "comments begin with `#`",
    "–": "ranges are written `40..48 mW`",
    "-": "ranges are written `40..48 mW`",
    ".": 'a range is written `40..48 mW`; a text, such as a path, stands in double quotes: "common.hwspec"',
    "$": "`$name` is the value of a parameter; a price is in `USD` or `EUR`",
    "€": "a price is in `USD` or `EUR`",
    "×": "sizes are written with the letter x: `3x3`",
    "\u00a0": "this is a no-break space (U+00A0): type an ordinary blank",
}
_REPLACEMENTS: Final[dict[str, str]] = {
    "€": "EUR",
    "=": "",
    ":": "",
    ";": ",",
    "×": "x",
    "\u00a0": " ",
    "“": '"',
    "”": '"',
}


def describe_misfit(token: Token, span: Span, *, after_block: bool, relation: str | None = None) -> Misfit:
    """Message for a token the parser refuses.

    Args:
        token: the token.
        span: its place.
        after_block: a separator would have been accepted in its place.
        relation: what a limit in its item is written with; None where none is expected.
    """
    match token.type:
        case "UNKNOWN" if len(token) > 1 or (token == "=" and relation):
            return _unknown_relation(str(token), span, relation)
        case "UNKNOWN":
            return _unknown_character(str(token), span)
        case "UNFINISHED_STRING":
            return Misfit("E0011", "this string does not end on its line", ('a string ends with a second `"`',))
        case "_COMMA":
            return Misfit("E0012", "nothing stands before this comma", fix=Fix("remove it", ((span, ""),), safe=True))
        case "OPEN" if not after_block:
            return Misfit(
                "E0012", "this block belongs to no item", ("a block follows the words it belongs to, on their line",)
            )
        case "ROW" if not span.text.rstrip().endswith("|"):
            return Misfit("E0010", "unexpected character `|`", ("a table row stands on a line of its own",))
        case "ROW":
            return Misfit("E0012", "a table row stands on a line of its own")
        case _:
            start = Span(span.source, span.start, span.start)
            return Misfit(
                "E0012",
                "a new item begins here without a separator",
                ("items end at the end of the line or at a comma",),
                Fix("add a comma", ((start, ", "),)),
            )


def _unknown_relation(text: str, span: Span, relation: str | None) -> Misfit:
    """A relation as other languages write it. A fix only where it is plain which one was meant."""
    note = "a limit is written with `<=` or `<`, a lower limit with `>=` or `>`"
    meant = {"=<": "<=", "=>": ">="}.get(text) or (relation if text == "=" else None)
    fix = Fix(f"write `{meant}`", ((span, meant),)) if meant else None
    return Misfit("E0010", f"`{text}` is no relation", (note,), fix)


def _unknown_character(character: str, span: Span) -> Misfit:
    fix = None
    if character in _REPLACEMENTS:
        replacement = _REPLACEMENTS[character]
        titles = {"": "remove it", " ": "write a blank"}
        fix = Fix(titles.get(replacement, f"write `{replacement}`"), ((span, replacement),))
    notes = (_HABITS[character],) if character in _HABITS else ()
    if character == "-" and span.source.text[span.end : span.end + 1].isalpha():
        notes = ('texts stand in double quotes: "-O2"',)
    elif character.isalpha():
        notes = ("words have the letters A to Z, digits and `_`",)
    if character.isprintable():
        shown = f"`{character}`"
    else:
        shown = f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character').lower()})"
    return Misfit("E0010", f"unexpected character {shown}", notes, fix)

"""Lark's parser, with the parse table worked out beforehand: building it takes longer than parsing most specs.

`grammar/hwspec.lalr.json` holds the table that Lark made of the grammar, as plain data. It is used while grammar and
version of Lark are those it was made of, else the table is built again. `python -m specc.syntax.table` writes it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any, Final

import lark

from specc.resources import resource

_GRAMMAR: Final = "hwspec.lark"
_TABLE: Final = "hwspec.lalr.json"


@cache
def parser() -> lark.Lark:
    """The parser of spec files."""
    grammar = resource("grammar", _GRAMMAR).read_bytes()
    stored = json.loads(resource("grammar", _TABLE).read_bytes())
    if stored["lark"] != lark.__version__ or stored["grammar"] != _digest(grammar):
        return build(grammar.decode())
    # What the stand-alone parsers that Lark generates call, too.
    loaded: lark.Lark = lark.Lark._load_from_dict(  # type: ignore[no-untyped-call]
        _restored(stored["data"]), _restored(stored["memo"])
    )
    return loaded


def build(grammar: str) -> lark.Lark:
    """The parser, from its grammar."""
    return lark.Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=False)


def table() -> str:
    """The text of the file: what `parser` reads."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    grammar = resource("grammar", _GRAMMAR).read_bytes()
    data, memo = build(grammar.decode()).memo_serialize([TerminalDef, Rule])
    stored = {"lark": lark.__version__, "grammar": _digest(grammar), "memo": memo, "data": data}
    return json.dumps(stored, ensure_ascii=False, separators=(",", ":")) + "\n"


def _digest(grammar: bytes) -> str:
    return hashlib.sha256(grammar).hexdigest()


def _restored(value: Any) -> Any:
    """A value read from JSON, with the numbers that were keys as numbers again."""
    if isinstance(value, dict):
        return {int(key) if key.isdecimal() else key: _restored(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_restored(entry) for entry in value]
    return value


if __name__ == "__main__":
    resource("grammar", _TABLE).write_text(table(), encoding="utf-8")

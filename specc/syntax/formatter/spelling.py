"""One spelling of each thing that the language lets an author write in several ways: `±`, `<=`, `us`, `12 KiB`."""

from __future__ import annotations

import re
from typing import Final

_SYMBOLS: Final = {"≤": "<=", "≥": ">=", "×": "*", "÷": "/"}
_MICRO: Final = str.maketrans({"µ": "u", "μ": "u"})  # the micro sign and the Greek letter
_NUMBER: Final = re.compile(r"(-?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?)[ \t]*(.*)", re.DOTALL)
_RANGE: Final = re.compile(r"(?:±|\+-)[ \t]*([0-9].*)", re.DOTALL)


def canonical(kind: str, text: str) -> str:
    """A token's canonical spelling; a kind of token that has only one is returned as it is."""
    match kind:
        case "SYMBOL":
            return _SYMBOLS.get(text, text)
        case "NUMBER":
            return _with_unit(text)
        case "RANGE":
            return canonical_range(text)
        case "INTERVAL":
            low, high = text.split("..", 1)
            return f"{low.strip()}..{_with_unit(high.strip())}"
        case _:
            return text


def canonical_range(text: str) -> str:
    """`+-3.2` and `± 3.2` as `±3.2`; any other text as it is."""
    match = _RANGE.fullmatch(text)
    return f"±{match[1]}" if match else text


def _with_unit(text: str) -> str:
    match = _NUMBER.fullmatch(text)
    if match is None or not match[2]:
        return text
    return f"{match[1]} {match[2].translate(_MICRO)}"

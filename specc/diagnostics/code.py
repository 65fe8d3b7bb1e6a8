"""A code, and the one table of them. The modules `codes_*` fill it; `registry` is where it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class Code:
    """A kind of finding. `explanation` is what `specc explain` prints: what it means, why it matters, how to repair."""

    id: str
    severity: Literal["error", "warning", "note"]
    title: str
    explanation: str
    infeasible: bool = False  # the spec is valid, but a budget is proven impossible


CODES: Final[dict[str, Code]] = {}


def register(*codes: Code) -> None:
    """Add codes to the registry.

    Raises:
        ValueError: a code is registered twice.
    """
    for code in codes:
        if code.id in CODES:
            raise ValueError(f"diagnostic code {code.id} is registered twice")
        CODES[code.id] = code

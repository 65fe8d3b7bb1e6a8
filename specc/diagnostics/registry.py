"""The registry of codes: one source for messages, `specc explain`, the documentation and machine-readable output.

E0xxx the text does not parse, E1xxx names and values, E2xxx the network does not fit together, E3xxx quantization,
E4xxx budgets proven infeasible, E5xxx instruments and harness; W is a warning of the same families.
"""

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


from specc.diagnostics import codes_check, codes_syntax  # noqa: E402, F401  (they fill the registry)

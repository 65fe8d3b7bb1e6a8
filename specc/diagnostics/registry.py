"""The registry of codes: one source for messages, `specc explain`, the documentation and machine-readable output.

E0xxx the text does not parse, E1xxx names and values, E2xxx the network does not fit together or its file cannot be
used, E3xxx quantization, E4xxx budgets proven infeasible, E5xxx instruments and harness, E6xxx verdicts and waivers; W
is a warning of the same families.
"""

from __future__ import annotations

from typing import Final

# The families fill the table when they are imported.
from specc.diagnostics import (
    codes_check,  # noqa: F401
    codes_language,  # noqa: F401
    codes_models,  # noqa: F401
    codes_syntax,  # noqa: F401
    codes_verdict,  # noqa: F401
)
from specc.diagnostics.code import CODES, Code, register

__all__ = ["CODES", "FAMILIES", "Code", "can_be_demoted", "can_be_waived", "family", "register"]


FAMILIES: Final = {
    "0": "the file and its text",
    "1": "names and values",
    "2": "the network",
    "3": "quantization",
    "4": "budgets and targets",
    "5": "instruments and harness",
    "6": "verdicts and waivers",
}


def family(digit: str) -> list[Code]:
    """The codes of a family, by number."""
    return sorted((code for code in CODES.values() if code.id[1] == digit), key=lambda code: code.id[1:])


def can_be_waived(code: str) -> bool:
    """Whether a spec may accept a finding of this code and not hear of it again: warnings, but for those of waivers."""
    return CODES[code].severity == "warning" and not code.startswith("W6")


def can_be_demoted(code: str) -> bool:
    """Whether a spec may let this error pass as a warning: what a rule proved, not what cannot be read or built."""
    return code.startswith(("E3", "E4", "E5"))

"""The edit that declares a schedule: an option of the input, and a `schedule` section at the end of the file."""

from __future__ import annotations

import re
from typing import Final

from specc.check.context import Context
from specc.diagnostics.model import Fix
from specc.source import Span

_SECTION: Final = re.compile(r"^[ \t]*schedule\b", re.MULTILINE)


def schedule_text(context: Context, chains: tuple[str, ...], method: str, *, stream: bool = False) -> str:
    """What to write, in one line for a note."""
    parts = [f"`input {context.network.input} … {{ stream rows }}`"] if stream else []
    as_method = f" as {method}" if method != "fused" else ""
    fuse = ", ".join(f"fuse {chain}{as_method}" for chain in chains)
    if fuse:
        parts.append(f"`schedule {context.spec.model.name} {{ {fuse} }}`")
    return " and ".join(parts)


def schedule_fix(context: Context, chains: tuple[str, ...], method: str, *, stream: bool = False) -> Fix | None:
    """The edits, or None where the file already has a schedule or its places are not known."""
    shape = context.spec.model.input.spans.get("shape")
    if shape is None or (chains and _SECTION.search(shape.source.text)):
        return None
    edits: list[tuple[Span, str]] = []
    if stream:
        opening = re.compile(r"[ \t]*\{").match(shape.source.text, shape.end)
        where = opening.end() if opening else shape.end
        edits.append((Span(shape.source, where, where), " stream rows," if opening else " { stream rows }"))
    if chains:
        end = len(shape.source.text)
        as_method = f" as {method}" if method != "fused" else ""
        lines = "".join(f"  fuse {chain}{as_method}\n" for chain in chains)
        edits.append((Span(shape.source, end, end), f"\nschedule {context.spec.model.name} {{\n{lines}}}\n"))
    return Fix("declare " + schedule_text(context, chains, method, stream=stream), tuple(edits))

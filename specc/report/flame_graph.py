"""A flame graph as SVG: who called whom, and for how many cycles. No script; names show as tooltips.

A box is a function in one chain of calls. Its width is the cycles spent in it and in all it called; callers are below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Final

WIDTH: Final = 1200
ROW: Final = 18
_MARGIN: Final = 10
_HEADER: Final = 44
_LETTER: Final = 6.6  # width of a letter at the size below, in pixels; monospaced
_NARROWEST: Final = 0.2  # pixels; what is narrower is not drawn
# Light steps of one hue: readable behind black text, and told apart by lightness alone, so by every eye.
_SHADES: Final = ("#d5e3f0", "#b9d0e6", "#e8eff6", "#a5c2de")


@dataclass
class _Box:
    name: str
    cycles: int = 0  # in it and in all it called
    children: dict[str, _Box] = field(default_factory=dict)


def flame_graph(stacks: Iterable[tuple[tuple[str, ...], int]], title: str) -> str:
    """Draw the chains of calls of a run.

    Args:
        stacks: chains, outermost function first, and the cycles spent at the end of each.
        title: one line above the graph.
    """
    root = _Box("all")
    for chain, cycles in stacks:
        box = root
        box.cycles += cycles
        for name in chain:
            box = box.children.setdefault(name, _Box(name))
            box.cycles += cycles
    depth = _depth(root)
    height = _HEADER + ROW * depth + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" font-family="monospace" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_MARGIN}" y="20" font-size="14">{escape(title)}</text>',
        f'<text x="{_MARGIN}" y="37" fill="#444444">width: cycles; callers below; {root.cycles:,} cycles in all</text>',
    ]
    if root.cycles:
        _draw(root, root.cycles, float(_MARGIN), height - _MARGIN, parts)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _depth(box: _Box) -> int:
    return 1 + max((_depth(child) for child in box.children.values()), default=0)


def _draw(box: _Box, whole: int, left: float, bottom: int, parts: list[str]) -> None:
    """Draw a function and, on top of it, what it called."""
    scale = (WIDTH - 2 * _MARGIN) / whole
    width = box.cycles * scale
    if width < _NARROWEST:
        return
    top = bottom - ROW
    shade = _SHADES[sum(box.name.encode()) % len(_SHADES)]
    label = f"{box.name}: {box.cycles:,} cycles, {box.cycles / whole:.1%}"
    parts.append(
        f'<g><title>{escape(label)}</title><rect x="{left:.2f}" y="{top}" width="{width:.2f}" height="{ROW - 1}" '
        f'fill="{shade}" stroke="#5b7083" stroke-width="0.4"/>'
    )
    letters = int((width - 4) / _LETTER)
    if letters >= 3:
        name = box.name if len(box.name) <= letters else box.name[: letters - 2] + ".."
        parts.append(f'<text x="{left + 3:.2f}" y="{top + ROW - 6}">{escape(name)}</text>')
    parts.append("</g>")
    for child in sorted(box.children.values(), key=lambda one: (-one.cycles, one.name)):
        _draw(child, whole, left, top, parts)
        left += child.cycles * scale

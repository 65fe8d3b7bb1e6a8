"""The decision tree, drawn from left to right, with this application's path."""

from __future__ import annotations

import textwrap
from typing import Final

from specc.guide.candidates import Candidate
from specc.guide.tree import Guide, Node
from specc.report import style
from specc.report.numbers import percent
from specc.report.tree_text import need_question, needs, question

_QUESTION: Final = 1.08  # inches that a column of questions takes
_SMALL: Final = style.SIZE - 1.5
_LETTER: Final = 0.5  # mean width of a letter, in its size


def decision_tree(guide: Guide) -> style.Image | None:
    """The tree, or None where there is none to draw. Leaves stand in one column, with what they need."""
    if guide.tree is None:
        return None
    path = guide.tree.path(guide.requirement)
    on_path = {id(node) for node in path}
    places: dict[int, tuple[float, float]] = {}
    _place(guide.tree, 0, 0, places)
    deepest = guide.tree.depth
    across = (style.WIDTH - 0.1) / _QUESTION
    letters = int((style.WIDTH - deepest * _QUESTION - 0.1) * 72 / (_SMALL * _LETTER))
    notes = {id(leaf): textwrap.wrap(needs(leaf), letters) for leaf in _nodes(guide.tree) if leaf.below is None}
    names = {c.name: _name(c) for c in guide.ranking}
    row = 0.29 + 0.12 * max(len(lines) for lines in notes.values())
    with style.figure(0.1 + row * guide.tree.leaves) as canvas:
        axes = canvas.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(-0.02, across - 0.02)
        axes.set_ylim(guide.tree.leaves - 0.42, -0.58)
        for node in _nodes(guide.tree):
            x, y = places[id(node)]
            taken = id(node) in on_path
            colour = style.BLUE if taken else style.INK
            if node.below is None or node.otherwise is None:
                axes.text(deepest, y - 0.02, names[node.label], va="bottom", color=colour)
                share = f"{percent(node.support)}"
                axes.text(across - 0.1, y - 0.02, share, va="bottom", ha="right", color=style.MUTED, fontsize=_SMALL)
                said = "\n".join(notes[id(node)])
                axes.text(deepest, y + 0.03, said, va="top", color=style.MUTED, fontsize=_SMALL, linespacing=1.15)
                continue
            first, _, second = question(node).partition(" limit ")
            axes.text(x, y - 0.03, f"{first} limit" if second else first, va="bottom", color=colour)
            axes.text(x, y + 0.03, second, va="top", color=colour)
            for child in (node.below, node.otherwise):
                child_x, child_y = places[id(child)]
                chosen = id(child) in on_path and taken
                start, end = x + 0.84, (child_x if child.below else deepest) - 0.04
                axes.plot(
                    [start, start + 0.06, start + 0.06, end], [y, y, child_y, child_y],
                    color=style.BLUE if chosen else style.HAIRLINE, linewidth=1.8 if chosen else 0.8,
                    zorder=3 if chosen else 1, solid_joinstyle="round",
                )  # fmt: skip
        return style.image(canvas, "tree", _alternative(guide, path), _caption(guide, path))


def _name(candidate: Candidate) -> str:
    """Part number and name, each short enough for a leaf."""
    return ", ".join(style.plain(text, 26) for text in (candidate.part, candidate.name) if text)


def _nodes(node: Node) -> list[Node]:
    return [node] + (_nodes(node.below) + _nodes(node.otherwise) if node.below and node.otherwise else [])


def _place(node: Node, depth: int, first: int, places: dict[int, tuple[float, float]]) -> int:
    """Leaves one below another, a question at the middle of its answers. Returns the next free row."""
    if node.below is None or node.otherwise is None:
        places[id(node)] = (depth, first)
        return first + 1
    middle = _place(node.below, depth + 1, first, places)
    end = _place(node.otherwise, depth + 1, middle, places)
    places[id(node)] = (depth, (places[id(node.below)][1] + places[id(node.otherwise)][1]) / 2)
    return end


def _alternative(guide: Guide, path: list[Node]) -> str:
    steps = [question(node) for node in path[:-1]]
    return f"Decision tree; this application's path: {' '.join(steps)} It ends at {_end(guide, path[-1])}."


def _end(guide: Guide, leaf: Node) -> str:
    """Where a path ends: at the candidate of its leaf, or short of it, and what was asked there in vain."""
    unmet = [need_question(need).removesuffix("?") for need in leaf.unmet(guide.requirement)]
    return f"{leaf.label}, which would need {' and '.join(unmet)}: no candidate" if unmet else leaf.label


def _caption(guide: Guide, path: list[Node]) -> str:
    return (
        f"This application’s limits (blue) lead to {_end(guide, path[-1])}. Upper branch: yes; lower branch: no. A "
        "leaf takes its candidate if the limits leave what it needs, and none otherwise; on the right, its share of "
        "the drawn requirements."
    )

"""The decision tree, drawn from left to right, with this application's path."""

from __future__ import annotations

from specc.guide.candidates import DIMENSIONS, NAMES
from specc.guide.tree import INFEASIBLE, Guide, Node
from specc.report import style
from specc.report.numbers import percent, quantity


def question(node: Node, guide: Guide) -> str:
    """What a node asks: `latency limit below 229 ms?`. A threshold above all drawn limits asks whether there is one."""
    name = NAMES[node.dimension]
    if guide.ranges is not None and node.threshold >= guide.ranges[node.dimension][1]:
        return f"{name} limited?"
    return f"{name} limit below {quantity(node.threshold, DIMENSIONS[node.dimension])}?"


def decision_tree(guide: Guide) -> style.Image | None:
    """The tree, or None where there is none to draw."""
    if guide.tree is None:
        return None
    path = guide.tree.path(guide.requirement)
    on_path = {id(node) for node in path}
    places: dict[int, tuple[float, float]] = {}
    _place(guide.tree, 0, 0, places)
    deepest = guide.tree.depth
    with style.figure(0.3 + 0.3 * guide.tree.leaves) as canvas:
        axes = canvas.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(-0.02, deepest + 0.9)
        axes.set_ylim(guide.tree.leaves - 0.4, -0.6)
        for node in _nodes(guide.tree):
            x, y = places[id(node)]
            taken = id(node) in on_path
            colour = style.BLUE if taken else style.INK
            if node.below is None or node.otherwise is None:
                name = "no candidate" if node.label == INFEASIBLE else style.plain(node.label, 18)
                plain = style.MUTED if node.label == INFEASIBLE else style.INK
                axes.text(x, y - 0.02, name, va="bottom", color=style.BLUE if taken else plain, fontsize=style.SIZE)
                axes.text(x, y + 0.06, percent(node.support), va="top", color=style.MUTED, fontsize=style.SIZE - 1.5)
                continue
            text = question(node, guide)
            first, _, second = text.partition(" limit ")
            axes.text(x, y - 0.04, f"{first} limit" if second else first, va="bottom", color=colour)
            axes.text(x, y + 0.04, second, va="top", color=colour)
            for child in (node.below, node.otherwise):
                child_x, child_y = places[id(child)]
                chosen = id(child) in on_path and taken
                start, end = x + 0.86, child_x - 0.04
                axes.plot(
                    [start, start + 0.05, start + 0.05, end], [y, y, child_y, child_y],
                    color=style.BLUE if chosen else style.HAIRLINE, linewidth=1.8 if chosen else 0.8,
                    zorder=3 if chosen else 1, solid_joinstyle="round",
                )  # fmt: skip
        return style.image(canvas, "tree", _alternative(guide, path), _caption(guide, path))


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
    steps = [question(node, guide) for node in path[:-1]]
    return f"Decision tree; this application's path: {' '.join(steps)} It ends at {path[-1].label}."


def _caption(guide: Guide, path: list[Node]) -> str:
    label = path[-1].label
    ends = "no candidate is certain to meet them" if label == INFEASIBLE else f"they lead to {label}"
    return (
        f"This application’s limits (blue): {ends}. Upper branch: yes; lower branch: no. Below each leaf: its share of "
        f"the drawn requirements."
    )

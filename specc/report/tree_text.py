"""The decision tree in words: its questions, what its leaves ask for, and the whole tree as indented lines."""

from __future__ import annotations

from math import isinf

from specc.guide.candidates import DIMENSIONS, NAMES
from specc.guide.tree import Guide, Need, Node
from specc.report.numbers import NO_BREAK, percent, quantity


def question(node: Node) -> str:
    """What a node asks: `latency limit below 229 ms?`; one that no limit reaches asks whether there is a limit."""
    name = NAMES[node.dimension]
    if isinf(node.threshold):
        return f"{name} limited?"
    return f"{name} limit below {quantity(node.threshold, DIMENSIONS[node.dimension])}?"


def need_question(need: Need) -> str:
    """What a leaf asks of one limit: `energy limit at least 2.56 mJ?`."""
    name = NAMES[need.dimension]
    if isinf(need.least):
        return f"no {name} limit?"
    return f"{name} limit at least {quantity(need.least, DIMENSIONS[need.dimension])}?"


def needs(leaf: Node) -> str:
    """All that a leaf asks for: `needs energy 2.56 mJ, SRAM 16.3 KiB; no limit of flash`; empty where nothing."""
    least = [
        f"{NAMES[need.dimension]}{NO_BREAK}{quantity(need.least, DIMENSIONS[need.dimension])}"
        for need in leaf.needs
        if not isinf(need.least)
    ]
    unlimited = [NAMES[need.dimension] for need in leaf.needs if isinf(need.least)]
    parts = [f"needs {', '.join(least)}"] if least else []
    return "; ".join(parts + ([f"no limit of {' or '.join(unlimited)}"] if unlimited else []))


def tree_text(guide: Guide) -> str:
    """The tree as indented lines; empty where there is none."""
    if guide.tree is None:
        return ""
    legend = "A leaf takes its candidate where the limits leave it what it needs; elsewhere there is no candidate."
    return "\n".join([legend, "", *_lines(guide.tree, "")])


def _lines(node: Node, indent: str) -> list[str]:
    if node.below is None or node.otherwise is None:
        asked = f"; {found}" if (found := needs(node)) else ""
        return [f"{indent}take {node.label} ({percent(node.support)} of the requirements){asked}"]
    yes, no = (_lines(child, f"{indent}    ") for child in (node.below, node.otherwise))
    return [f"{indent}{question(node)}", f"{indent}  yes:", *yes, f"{indent}  no:", *no]

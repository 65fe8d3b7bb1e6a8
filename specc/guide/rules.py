"""The decision tree for readers and programs that have no picture of it: as text, and as rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from specc.guide.candidates import DIMENSIONS
from specc.guide.tree import Guide, Node

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Condition:
    """A question of the tree answered: the application's limit is below a threshold, or at least that or absent.

    `threshold` is in `unit`, the base unit of the dimension.
    """

    dimension: str
    below: bool
    threshold: float
    unit: str


@dataclass(frozen=True)
class Rule:
    """A leaf: all conditions hold, so take `label` (a target, or INFEASIBLE). `support`: its share of the training."""

    conditions: tuple[Condition, ...]
    label: str
    support: float


def rules(node: Node, conditions: tuple[Condition, ...] = ()) -> list[Rule]:
    """One rule for every leaf. Exactly one of them holds for any requirement."""
    if node.below is None or node.otherwise is None:
        return [Rule(conditions, node.label, node.support)]
    found = []
    for below, child in ((True, node.below), (False, node.otherwise)):
        condition = Condition(node.dimension, below, node.threshold, DIMENSIONS[node.dimension])
        found += rules(child, (*conditions, condition))
    return found


def tree_text(guide: Guide, question: Callable[[Node], str]) -> str:
    """The tree as indented lines, its questions in the caller's words; empty where there is none."""
    return "\n".join(_lines(guide.tree, question, "")) if guide.tree else ""


def _lines(node: Node, question: Callable[[Node], str], indent: str) -> list[str]:
    if node.below is None or node.otherwise is None:
        return [f"{indent}take {node.label} ({node.support * 100:.1f} % of the requirements)"]
    yes, no = (_lines(child, question, f"{indent}    ") for child in (node.below, node.otherwise))
    return [f"{indent}{question(node)}", f"{indent}  yes:", *yes, f"{indent}  no:", *no]


def to_json(guide: Guide) -> dict[str, Any]:
    """Plain data: the rules, what they are worth, and the answer for this application."""
    return {
        "format_version": FORMAT_VERSION,
        "dimensions": {dimension: DIMENSIONS[dimension] for dimension in guide.dimensions},
        "requirement": dict(guide.requirement),
        "answer": guide.answer,
        "ranking": [candidate.name for candidate in guide.ranking],
        "rules": [asdict(rule) for rule in rules(guide.tree)] if guide.tree else [],
        "no_tree_because": guide.reason,
        "fidelity": guide.fidelity,
        "stump": guide.stump,
        "majority": guide.majority,
        "unsafe": guide.unsafe,
        "left_out": list(guide.left_out),
    }

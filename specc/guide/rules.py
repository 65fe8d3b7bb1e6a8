"""The decision tree as rules, for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isinf
from typing import Any

from specc.guide.candidates import DIMENSIONS
from specc.guide.tree import INFEASIBLE, Guide, Node

FORMAT_VERSION = 2


@dataclass(frozen=True)
class Condition:
    """The application's limit is below a threshold, or at least that or absent.

    `threshold` is in `unit`, the base unit of the dimension; without one, the condition is that there is a limit
    (`below`), or that there is none.
    """

    dimension: str
    below: bool
    threshold: float | None
    unit: str


@dataclass(frozen=True)
class Rule:
    """A leaf: all conditions hold, so take `label`, a candidate. `support`: its share of the training."""

    conditions: tuple[Condition, ...]
    label: str
    support: float


def rules(node: Node, conditions: tuple[Condition, ...] = ()) -> list[Rule]:
    """One rule for every leaf. At most one of them holds for any requirement; where none does, no candidate fits."""
    if node.below is None or node.otherwise is None:
        needed = (_condition(need.dimension, need.least, below=False) for need in node.needs)
        return [Rule((*conditions, *needed), node.label, node.support)]
    found = []
    for below, child in ((True, node.below), (False, node.otherwise)):
        found += rules(child, (*conditions, _condition(node.dimension, node.threshold, below=below)))
    return found


def _condition(dimension: str, threshold: float, *, below: bool) -> Condition:
    return Condition(dimension, below, None if isinf(threshold) else threshold, DIMENSIONS[dimension])


def to_json(guide: Guide) -> dict[str, Any]:
    """Plain data: the rules, what they are worth, and the answer for this application."""
    return {
        "format_version": FORMAT_VERSION,
        "dimensions": {dimension: DIMENSIONS[dimension] for dimension in guide.dimensions},
        "requirement": dict(guide.requirement),
        "answer": guide.answer,
        "ranking": [candidate.name for candidate in guide.ranking],
        "rules": [asdict(rule) for rule in rules(guide.tree)] if guide.tree else [],
        "otherwise": INFEASIBLE,
        "no_tree_because": guide.reason,
        "fidelity": guide.fidelity,
        "feasible_fidelity": guide.feasible_fidelity,
        "stump": guide.stump,
        "majority": guide.majority,
        "left_out": list(guide.left_out),
    }

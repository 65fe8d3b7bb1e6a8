"""A decision tree over the requirement space: which hardware to take for which limits.

Requirements (one limit for each dimension) are drawn log-uniformly around the candidates' figures and the budgets. Each
is labelled by the exact rule: the most preferred candidate that meets every limit for certain, else INFEASIBLE.
scikit-learn's DecisionTreeClassifier (CART) learns the rule; requirements it never saw tell how faithful it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from specc.guide.candidates import DIMENSIONS, NAMES, Candidate, ranked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from sklearn.tree import DecisionTreeClassifier

    Points = npt.NDArray[np.float64]

INFEASIBLE: Final = "INFEASIBLE"
SEED: Final = 20240101
TRAINING_POINTS: Final = 6000
HELD_OUT_POINTS: Final = 3000
MARGIN: Final = 4.0  # requirements reach this factor below the smallest and above the largest figure or budget
# Pruning strength (CART's cost complexity): a split that improves the fit by less than 0.2 % is not worth a question.
PRUNING: Final = 0.002
SNAP: Final = 0.05  # a learned threshold within 5 % of a candidate's figure is that figure


@dataclass(frozen=True)
class Node:
    """A question `is the limit of <dimension> below <threshold>?`, or a leaf with its label.

    `support` is the fraction of the training requirements that come here.
    """

    support: float
    label: str = ""
    dimension: str = ""
    threshold: float = 0.0
    below: Node | None = None
    otherwise: Node | None = None

    def predict(self, limits: Mapping[str, float]) -> str:
        """Label for a requirement; a dimension without a limit is unlimited."""
        return self.path(limits)[-1].label

    def path(self, limits: Mapping[str, float]) -> list[Node]:
        """Nodes from the root to the leaf that a requirement reaches."""
        node, nodes = self, [self]
        while node.below is not None and node.otherwise is not None:
            node = node.below if limits.get(node.dimension, float("inf")) < node.threshold else node.otherwise
            nodes.append(node)
        return nodes

    @property
    def leaves(self) -> int:
        return self.below.leaves + self.otherwise.leaves if self.below and self.otherwise else 1

    @property
    def depth(self) -> int:
        return 1 + max(self.below.depth, self.otherwise.depth) if self.below and self.otherwise else 0


@dataclass(frozen=True)
class Guide:
    """A learned tree and what it is worth.

    `tree` is None where it would say no more than `ranking` does; `reason` then says why. Fidelities are fractions of
    held-out requirements answered as the exact rule answers. `unsafe` is the fraction where the tree names hardware
    that is not certain to meet the requirement. `left_out` says which dimension or candidate takes no part, and why.
    """

    ranking: tuple[Candidate, ...]
    dimensions: tuple[str, ...]
    requirement: Mapping[str, float]
    answer: str  # of the exact rule, for the application's own budgets
    left_out: tuple[str, ...]
    tree: Node | None = None
    reason: str = ""
    fidelity: float = 0.0
    stump: float = 0.0
    majority: float = 0.0
    unsafe: float = 0.0
    ranges: Mapping[str, tuple[float, float]] | None = None


def rule(ranking: Sequence[Candidate], limits: Mapping[str, float]) -> str:
    """The exact rule: the first candidate of the ranking that meets every limit for certain, else INFEASIBLE."""
    return next((candidate.name for candidate in ranking if candidate.meets(limits)), INFEASIBLE)


def learn(
    pool: Sequence[Candidate], limits: Mapping[str, float], preference: Sequence[str], depth: int, leaf: int
) -> Guide:
    """Learn the tree for some candidates and an application's limits (by dimension, in base units).

    Args:
        pool: measured candidates.
        limits: the application's own requirement.
        preference: dimensions in order of importance.
        depth: greatest number of questions to a leaf.
        leaf: fewest training requirements in a leaf.
    """
    able = [candidate for candidate in pool if candidate.bound("latency") is not None]
    dimensions, left_out = _dimensions(able)
    left_out += [
        f"{candidate.name}: its latency has no upper bound, so it can be held to no limit"
        for candidate in pool
        if candidate.bound("latency") is None
    ]
    ranking = tuple(ranked(able, preference))
    known = {dimension: limit for dimension, limit in limits.items() if dimension in dimensions}
    left_out += [
        f"{NAMES[dimension]}: the application limits it, but no candidate's figure is known"
        for dimension in limits
        if dimension not in dimensions and dimension in DIMENSIONS
    ]
    guide = Guide(ranking, dimensions, known, rule(ranking, known), tuple(left_out))
    if len(ranking) < 2:
        return replace(
            guide, reason=f"a tree needs two candidates to choose between; there is {len(ranking) or 'none'}"
        )
    return _fit(guide, depth, leaf)


def _dimensions(pool: Sequence[Candidate]) -> tuple[tuple[str, ...], list[str]]:
    used: list[str] = []
    left_out: list[str] = []
    for dimension in DIMENSIONS:
        unknown = [candidate.name for candidate in pool if candidate.bound(dimension) is None]
        if len(unknown) == len(pool):
            left_out.append(f"{NAMES[dimension]}: no candidate has a figure")
            continue
        used.append(dimension)
        if unknown and dimension != "latency":
            names = ", ".join(unknown)
            left_out.append(
                f"{names}: no upper bound of {NAMES[dimension]} is known, so never chosen where it is limited"
            )
    return tuple(used), left_out


def _fit(guide: Guide, depth: int, leaf: int) -> Guide:
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    ranges = {dimension: _range(guide, dimension) for dimension in guide.dimensions}
    generator = np.random.Generator(np.random.PCG64(SEED))
    points = _sample(generator, list(ranges.values()), TRAINING_POINTS + HELD_OUT_POINTS)
    labels = np.array([rule(guide.ranking, _limits(guide.dimensions, point)) for point in points])
    train, held = points[:TRAINING_POINTS], points[TRAINING_POINTS:]
    truth = labels[TRAINING_POINTS:]
    _, frequency = np.unique(truth, return_counts=True)
    majority = float(frequency.max() / len(truth))

    def classifier(most: int) -> DecisionTreeClassifier:
        model = DecisionTreeClassifier(max_depth=most, min_samples_leaf=leaf, ccp_alpha=PRUNING, random_state=SEED)
        return model.fit(_features(train, ranges), labels[:TRAINING_POINTS])

    def fidelity(node: Node) -> float:
        return float(
            np.mean([node.predict(_limits(guide.dimensions, p)) == t for p, t in zip(held, truth, strict=True)])
        )

    tree = _node(classifier(depth), guide, 0)
    stump = _node(classifier(1), guide, 0)
    by_name = {candidate.name: candidate for candidate in guide.ranking}
    unsafe = 0
    for point in held:
        limits = _limits(guide.dimensions, point)
        label = tree.predict(limits)
        unsafe += label != INFEASIBLE and not by_name[label].meets(limits)
    found = replace(
        guide,
        fidelity=fidelity(tree),
        stump=fidelity(stump),
        majority=majority,
        unsafe=unsafe / len(held),
        ranges=ranges,
    )
    if found.fidelity <= max(found.stump, found.majority):
        return replace(found, reason="a tree answers no more requirements rightly than a single question does")
    return replace(found, tree=tree)


def _range(guide: Guide, dimension: str) -> tuple[float, float]:
    bounds = [bound for candidate in guide.ranking if (bound := candidate.bound(dimension))]
    if limit := guide.requirement.get(dimension):
        bounds.append(limit)
    return min(bounds, default=1.0) / MARGIN, max(bounds, default=1.0) * MARGIN


def _sample(generator: np.random.Generator, ranges: Sequence[tuple[float, float]], count: int) -> Points:
    """Requirements, one row each. A quarter of the limits of each dimension is absent (infinite)."""
    import numpy as np

    low, high = np.log(np.array(ranges)).T
    points = np.exp(generator.uniform(low, high, (count, len(ranges))))
    points[generator.uniform(size=points.shape) < 0.25] = np.inf
    return points


def _features(points: Points, ranges: Mapping[str, tuple[float, float]]) -> Points:
    """Logarithms of the limits; an absent limit stands just above the range, so that one question can ask for it."""
    import numpy as np

    top = np.array([high for _, high in ranges.values()])
    return np.log10(np.where(np.isinf(points), top * MARGIN, points))


def _limits(dimensions: Sequence[str], point: Points) -> dict[str, float]:
    return {d: float(limit) for d, limit in zip(dimensions, point, strict=True) if limit != float("inf")}


def _node(model: DecisionTreeClassifier, guide: Guide, index: int) -> Node:
    """scikit-learn's arrays as nodes: thresholds back in base units, snapped to figures, equal leaves merged."""
    arrays = model.tree_
    support = float(arrays.n_node_samples[index] / arrays.n_node_samples[0])
    if arrays.children_left[index] == -1:
        return Node(support, label=str(model.classes_[arrays.value[index][0].argmax()]))
    below = _node(model, guide, int(arrays.children_left[index]))
    otherwise = _node(model, guide, int(arrays.children_right[index]))
    if below.label and below.label == otherwise.label:
        return Node(support, label=below.label)
    dimension = guide.dimensions[int(arrays.feature[index])]
    threshold = float(10 ** arrays.threshold[index])
    figures = [bound for candidate in guide.ranking if (bound := candidate.bound(dimension))]
    nearest = min(figures, key=lambda bound: abs(bound / threshold - 1), default=threshold)
    if abs(nearest / threshold - 1) <= SNAP:
        threshold = nearest
    return Node(support, dimension=dimension, threshold=threshold, below=below, otherwise=otherwise)

"""A decision tree over the requirement space: which hardware to take for which limits.

Requirements (one limit for each dimension) are drawn log-uniformly around the candidates' figures and the budgets. Each
is labelled by the exact rule: the most preferred candidate that meets every limit for certain, else INFEASIBLE.
scikit-learn's DecisionTreeClassifier (CART) learns from those that some candidate meets which one it is; a leaf then
holds its candidate to every limit that the questions before it leave open. So a question tells candidates apart, never
one from none, and no leaf names hardware that may miss a limit. Requirements it never saw tell how faithful it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Final

from specc.guide.candidates import DIMENSIONS, NAMES, Candidate, ranked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from sklearn.tree import DecisionTreeClassifier

    Points = npt.NDArray[np.float64]  # a requirement in each row, a dimension in each column; infinite: no limit
    Labels = npt.NDArray[np.int64]  # places in the ranking; NOBODY

INFEASIBLE: Final = "INFEASIBLE"
NOBODY: Final = -1  # the label of a requirement that no candidate meets
SEED: Final = 20240101
TRAINING_POINTS: Final = 20_000
HELD_OUT_POINTS: Final = 10_000
MARGIN: Final = 4.0  # requirements reach this factor below the smallest and above the largest figure or budget
# Pruning strength (CART's cost complexity): a split that improves the fit by less than 2 % is not worth a question.
PRUNING: Final = 0.02
SNAP: Final = 0.05  # a learned threshold within 5 % of a candidate's figure is that figure


@dataclass(frozen=True)
class Need:
    """What a limit must leave a candidate: at least this much; infinite where there must be no limit."""

    dimension: str
    least: float

    def met(self, limits: Mapping[str, float]) -> bool:
        """Whether a requirement leaves it."""
        return limits.get(self.dimension, inf) >= self.least


@dataclass(frozen=True)
class Node:
    """A question `is the limit of <dimension> below <threshold>?`, or a leaf: its candidate, if all `needs` are met.

    An infinite threshold asks whether there is a limit. `support` is the fraction of the training requirements that a
    leaf answers with its candidate, or all leaves below a question with theirs. The needs of a leaf are those that the
    questions before it do not answer.
    """

    support: float
    label: str = ""
    needs: tuple[Need, ...] = ()
    dimension: str = ""
    threshold: float = 0.0
    below: Node | None = None
    otherwise: Node | None = None

    def predict(self, limits: Mapping[str, float]) -> str:
        """The candidate for a requirement, or INFEASIBLE; a dimension without a limit is unlimited."""
        leaf = self.path(limits)[-1]
        return INFEASIBLE if leaf.unmet(limits) else leaf.label

    def unmet(self, limits: Mapping[str, float]) -> tuple[Need, ...]:
        """The needs of a leaf that a requirement does not leave."""
        return tuple(need for need in self.needs if not need.met(limits))

    def path(self, limits: Mapping[str, float]) -> list[Node]:
        """Nodes from the root to the leaf that a requirement reaches."""
        node, nodes = self, [self]
        while node.below is not None and node.otherwise is not None:
            node = node.below if limits.get(node.dimension, inf) < node.threshold else node.otherwise
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
    held-out requirements answered as the exact rule answers: all of them, and those that some candidate meets. `stump`
    and `majority` are fidelities to all of one question with any two answers and of one answer always. `left_out` says
    which dimension or candidate takes no part, and why.
    """

    ranking: tuple[Candidate, ...]
    dimensions: tuple[str, ...]
    requirement: Mapping[str, float]
    answer: str  # of the exact rule, for the application's own budgets
    left_out: tuple[str, ...]
    tree: Node | None = None
    reason: str = ""
    fidelity: float = 0.0
    feasible_fidelity: float = 0.0
    stump: float = 0.0
    majority: float = 0.0


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
    dimensions, left_out = _dimensions(able, limits)
    if unbounded := ", ".join(candidate.name for candidate in pool if candidate.bound("latency") is None):
        left_out.append(f"{unbounded}: no upper bound of latency is known, so never chosen")
    ranking = tuple(ranked(able, preference))
    known = {dimension: limit for dimension, limit in limits.items() if dimension in dimensions}
    guide = Guide(ranking, dimensions, known, rule(ranking, known), tuple(left_out))
    if len(ranking) < 2:
        return replace(
            guide, reason=f"a tree needs two candidates to choose between; there is {len(ranking) or 'none'}"
        )
    return _fit(guide, depth, leaf)


def _dimensions(pool: Sequence[Candidate], limits: Mapping[str, float]) -> tuple[tuple[str, ...], list[str]]:
    """The dimensions that can be asked about, and what is missing for others and for single candidates."""
    used: list[str] = []
    left_out: list[str] = []
    for dimension in DIMENSIONS:
        unknown = [candidate.name for candidate in pool if candidate.bound(dimension) is None]
        remedy = "; state `price` of the hardware in the spec" if dimension == "price" else ""
        if len(unknown) == len(pool):
            ignored = ", so no answer is held to the application's limit" if dimension in limits else ""
            left_out.append(f"{NAMES[dimension]}: no candidate has a figure{ignored}{remedy}")
            continue
        used.append(dimension)
        if unknown and dimension != "latency":
            names = ", ".join(unknown)
            left_out.append(
                f"{names}: no upper bound of {NAMES[dimension]} is known, so never chosen where it is limited{remedy}"
            )
    return tuple(used), left_out


def _fit(guide: Guide, depth: int, leaf: int) -> Guide:
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    ranges = [_range(guide, dimension) for dimension in guide.dimensions]
    generator = np.random.Generator(np.random.PCG64(SEED))
    train, held = (_sample(generator, ranges, count) for count in (TRAINING_POINTS, HELD_OUT_POINTS))
    labels, truth = labelled(guide, train), labelled(guide, held)
    feasible = labels != NOBODY

    def classifier(points: Points, labels: Labels, most: int) -> DecisionTreeClassifier:
        model = DecisionTreeClassifier(max_depth=most, min_samples_leaf=leaf, ccp_alpha=PRUNING, random_state=SEED)
        return model.fit(_features(points, ranges), labels)

    tree = _Builder(guide, ranges, train[feasible], classifier(train[feasible], labels[feasible], depth)).node()
    said = answers(guide, tree, held)
    right, answerable = said == truth, truth != NOBODY
    one_question = classifier(train, labels, 1).predict(_features(held, ranges))
    found = replace(
        guide,
        fidelity=float(right.mean()),
        feasible_fidelity=float(right[answerable].mean()) if answerable.any() else 1.0,
        stump=float((one_question == truth).mean()),
        majority=float(np.unique(truth, return_counts=True)[1].max() / len(truth)),
    )
    if tree.below is None:
        return replace(found, reason=f"wherever any candidate meets the limits, {tree.label} is preferred")
    if found.fidelity <= max(found.stump, found.majority):
        return replace(found, reason="a tree answers no more requirements rightly than a single question does")
    return replace(found, tree=tree)


def labelled(guide: Guide, points: Points) -> Labels:
    """What `rule` says of many requirements: places in the ranking, or NOBODY."""
    import numpy as np

    meets = np.stack([_meets(candidate, guide.dimensions, points) for candidate in guide.ranking], axis=1)
    return np.where(meets.any(axis=1), meets.argmax(axis=1), NOBODY)


def _meets(candidate: Candidate, dimensions: Sequence[str], points: Points) -> npt.NDArray[np.bool_]:
    """`Candidate.meets` for many requirements."""
    import numpy as np

    bounds = [candidate.bound(dimension) for dimension in dimensions]
    least = np.array([inf if bound is None else bound for bound in bounds])  # only no limit is as wide as infinity
    met: npt.NDArray[np.bool_] = np.all(points >= least, axis=1)
    return met


def answers(guide: Guide, node: Node, points: Points) -> Labels:
    """`Node.predict` for many requirements: places in the ranking, or NOBODY."""
    import numpy as np

    if node.below is None or node.otherwise is None:
        place = next(i for i, candidate in enumerate(guide.ranking) if candidate.name == node.label)
        met = np.ones(len(points), dtype=bool)
        for need in node.needs:
            met &= points[:, guide.dimensions.index(need.dimension)] >= need.least
        return np.where(met, place, NOBODY)
    under = points[:, guide.dimensions.index(node.dimension)] < node.threshold
    found = np.empty(len(points), dtype=np.int64)
    found[under], found[~under] = (
        answers(guide, node.below, points[under]),
        answers(guide, node.otherwise, points[~under]),
    )
    return found


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


def _features(points: Points, ranges: Sequence[tuple[float, float]]) -> Points:
    """Logarithms of the limits; an absent limit stands just above the range, so that one question can ask for it."""
    import numpy as np

    top = np.array([high for _, high in ranges])
    return np.log10(np.where(np.isinf(points), top * MARGIN, points))


@dataclass(frozen=True)
class _Builder:
    """scikit-learn's arrays as nodes: thresholds back in base units, snapped to figures, equal leaves merged."""

    guide: Guide
    ranges: Sequence[tuple[float, float]]
    points: Points  # the training requirements that some candidate meets
    model: DecisionTreeClassifier

    def node(self) -> Node:
        """The root."""
        return self._node(0, self.points, {})

    def _node(self, index: int, points: Points, least: Mapping[str, float]) -> Node:
        """The node at an index of the arrays. `least`: what the questions before it leave to each dimension."""
        arrays = self.model.tree_
        if arrays.children_left[index] == -1:
            return self._leaf(int(self.model.classes_[arrays.value[index][0].argmax()]), points, least)
        column = int(arrays.feature[index])
        dimension = self.guide.dimensions[column]
        threshold = self._threshold(column, float(10 ** arrays.threshold[index]))
        under = points[:, column] < threshold
        below = self._node(int(arrays.children_left[index]), points[under], least)
        wider = {**least, dimension: max(threshold, least.get(dimension, 0.0))}
        otherwise = self._node(int(arrays.children_right[index]), points[~under], wider)
        if below.label and below.label == otherwise.label:
            place = next(i for i, candidate in enumerate(self.guide.ranking) if candidate.name == below.label)
            return self._leaf(place, points, least)
        support = below.support + otherwise.support
        return Node(support, dimension=dimension, threshold=threshold, below=below, otherwise=otherwise)

    def _leaf(self, place: int, points: Points, least: Mapping[str, float]) -> Node:
        candidate = self.guide.ranking[place]
        bounds = {dimension: candidate.bound(dimension) for dimension in self.guide.dimensions}
        needs = tuple(
            Need(dimension, inf if bound is None else bound)
            for dimension, bound in bounds.items()
            if bound is None or bound > least.get(dimension, 0.0)
        )
        named = _meets(candidate, self.guide.dimensions, points).sum()
        return Node(float(named / TRAINING_POINTS), label=candidate.name, needs=needs)

    def _threshold(self, column: int, learned: float) -> float:
        if learned >= self.ranges[column][1]:
            return inf
        dimension = self.guide.dimensions[column]
        figures = [bound for candidate in self.guide.ranking if (bound := candidate.bound(dimension))]
        nearest = min(figures, key=lambda bound: abs(bound / learned - 1), default=learned)
        return nearest if abs(nearest / learned - 1) <= SNAP else learned

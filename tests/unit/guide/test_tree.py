"""The decision tree: faithful to the rule, honest where it is not needed, the same every time."""

from itertools import pairwise
from math import inf

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from small_results import candidate, figure

from specc.evidence import Figure
from specc.guide.candidates import Candidate
from specc.guide.tree import INFEASIBLE, NOBODY, Guide, Node, answers, labelled, learn, rule

FAST = candidate("fast", latency=figure(0.01, "s"), energy=figure(0.01, "J"), sram=figure(9000, "B"))
FRUGAL = candidate("frugal", latency=figure(0.1, "s"), energy=figure(0.001, "J"), sram=figure(4000, "B"))
LIMITS = {"latency": 0.05, "energy": 0.02, "sram": 10000.0}


def test_the_rule_takes_the_first_that_meets_every_limit() -> None:
    assert rule([FRUGAL, FAST], {"latency": 0.2}) == "frugal"
    assert rule([FRUGAL, FAST], {"latency": 0.05}) == "fast"
    assert rule([FRUGAL, FAST], {"latency": 0.05, "energy": 0.005}) == INFEASIBLE


def test_the_tree_answers_as_the_rule_does() -> None:
    guide = learn([FAST, FRUGAL], LIMITS, ("energy", "latency"), 6, 3)
    assert guide.tree is not None
    assert guide.answer == "fast"
    assert guide.tree.predict(LIMITS) == "fast"
    assert guide.tree.predict({}) == "frugal"
    assert guide.tree.predict({"latency": 1.0, "energy": 1.0}) == "frugal"
    assert guide.tree.predict({"latency": 0.001}) == INFEASIBLE
    assert guide.fidelity > 0.97
    assert guide.feasible_fidelity > 0.97
    assert guide.fidelity > guide.stump >= guide.majority - 1e-9


bounds = st.sampled_from([0.5, 1.0, 2.0, 3.0, 4.0])
pools = st.lists(st.tuples(bounds, st.none() | bounds, st.none() | bounds), min_size=2, max_size=5).map(
    lambda rows: [
        candidate(f"c{place}", latency=figure(a, "s"), energy=figure(b, "J"), sram=figure(c, "B"))
        for place, (a, b, c) in enumerate(rows)
    ]
)
requirements = st.lists(
    st.dictionaries(st.sampled_from(("latency", "energy", "sram")), bounds | st.floats(0.1, 10)), min_size=1
)


@given(pools, requirements)
def test_no_leaf_names_hardware_that_may_miss_a_limit(
    pool: list[Candidate], requirements: list[dict[str, float]]
) -> None:
    guide = learn(pool, {}, ("energy", "latency"), 4, 3)
    by_name = {one.name: one for one in pool}
    for limits in requirements if guide.tree else []:
        known = {dimension: limit for dimension, limit in limits.items() if dimension in guide.dimensions}
        label = guide.tree.predict(known)
        assert label == INFEASIBLE or by_name[label].meets(known)


@given(pools, requirements)
def test_requirements_are_labelled_as_the_rule_says(
    pool: list[Candidate], requirements: list[dict[str, float]]
) -> None:
    guide = Guide(tuple(pool), ("latency", "energy", "sram"), {}, "", ())
    points = np.array([[limits.get(d, inf) for d in guide.dimensions] for limits in requirements])
    names = [*(one.name for one in pool), INFEASIBLE]
    said = [names[place if place != NOBODY else -1] for place in labelled(guide, points)]
    assert said == [rule(pool, limits) for limits in requirements]


@settings(max_examples=20)  # each trains a tree
@given(pools, requirements)
def test_many_requirements_are_answered_as_each_alone(
    pool: list[Candidate], requirements: list[dict[str, float]]
) -> None:
    guide = learn(pool, {}, ("energy", "latency"), 4, 3)
    if guide.tree is not None:
        points = np.array([[limits.get(d, inf) for d in guide.dimensions] for limits in requirements])
        names = [*(one.name for one in guide.ranking), INFEASIBLE]
        said = [names[place if place != NOBODY else -1] for place in answers(guide, guide.tree, points)]
        asked = [{d: limit for d, limit in limits.items() if d in guide.dimensions} for limits in requirements]
        assert said == [guide.tree.predict(limits) for limits in asked]


def test_a_leaf_asks_only_for_what_the_questions_before_it_leave_open() -> None:
    guide = learn([FAST, FRUGAL], LIMITS, ("energy", "latency"), 6, 3)
    needs = {leaf.label: {need.dimension: need.least for need in leaf.needs} for leaf in _leaves(guide.tree)}
    # asked for a limit of latency below that of the frugal one, so nothing is left to ask of its latency
    assert needs == {"frugal": {"energy": 0.001, "sram": 4000}, "fast": {"latency": 0.01, "energy": 0.01, "sram": 9000}}
    assert (guide.tree.dimension, guide.tree.threshold, guide.tree.leaves) == ("latency", 0.1, 2)


def test_thresholds_are_figures_of_the_candidates() -> None:
    guide = learn([FAST, FRUGAL], LIMITS, ("energy", "latency"), 6, 3)
    bounds = {c.bound(d) for c in (FAST, FRUGAL) for d in guide.dimensions}

    def thresholds(node: Node) -> list[float]:
        if node.below is None or node.otherwise is None:
            return []
        return [node.threshold, *thresholds(node.below), *thresholds(node.otherwise)]

    found = thresholds(guide.tree)
    assert found
    assert all(threshold in bounds for threshold in found)


def test_the_path_ends_where_the_prediction_comes_from() -> None:
    guide = learn([FAST, FRUGAL], LIMITS, ("energy", "latency"), 6, 3)
    path = guide.tree.path(LIMITS)
    assert path[0] is guide.tree
    assert path[-1].label == "fast"
    assert all(after in (before.below, before.otherwise) for before, after in pairwise(path))


def test_depth_and_leaves_keep_to_the_limits_of_the_spec() -> None:
    steps = [
        candidate(f"c{i}", latency=figure(0.1 / 2**i, "s"), energy=figure(0.001 * 2**i, "J")) for i in range(6)
    ]  # each twice as fast as the one before it, for twice the energy
    deep, shallow = (learn(steps, {}, ("energy", "latency"), depth, 3) for depth in (5, 2))
    assert deep.tree is not None
    assert deep.tree.leaves == 6
    assert shallow.tree is not None
    assert shallow.tree.depth == 2
    assert shallow.tree.leaves <= 4
    assert deep.feasible_fidelity > shallow.feasible_fidelity
    assert learn([FAST, FRUGAL], LIMITS, ("energy", "latency"), 6, 20_000).tree is None


def _leaves(node: Node) -> list[Node]:
    return [node] if node.below is None or node.otherwise is None else _leaves(node.below) + _leaves(node.otherwise)


def test_equal_inputs_give_an_equal_tree() -> None:
    assert learn([FAST, FRUGAL], LIMITS, ("energy",), 5, 3) == learn([FAST, FRUGAL], LIMITS, ("energy",), 5, 3)


def test_one_candidate_needs_no_tree() -> None:
    guide = learn([FAST], LIMITS, ("energy",), 5, 3)
    assert guide.tree is None
    assert "two candidates" in guide.reason
    assert guide.answer == "fast"


def test_no_candidate_gives_an_answer_too() -> None:
    guide = learn([], LIMITS, ("energy",), 5, 3)
    assert guide.answer == INFEASIBLE
    assert "none" in guide.reason


def test_one_candidate_that_is_always_preferred_needs_no_tree() -> None:
    one = candidate("one", latency=figure(0.01, "s"))
    slower = candidate("slower", latency=figure(0.02, "s"))
    guide = learn([one, slower], {"latency": 1.0}, ("latency",), 5, 3)
    assert guide.tree is None
    assert guide.reason == "wherever any candidate meets the limits, one is preferred"
    assert guide.answer == "one"


def test_unknown_dimensions_and_open_bounds_are_named_not_guessed() -> None:
    open_end = candidate("open", latency=Figure(value=0.01, low=0.01, high=None, unit="s", evidence="simulated"))
    dark = candidate("dark", latency=figure(0.03, "s"))
    guide = learn([FAST, FRUGAL, open_end, dark], {**LIMITS, "price": 3.0}, ("energy",), 6, 3)
    text = "; ".join(guide.left_out)
    assert "price: no candidate has a figure, so no answer is held to the application's limit; state `price`" in text
    assert "open: no upper bound of latency is known" in text
    assert "dark" in text
    assert "price" not in guide.dimensions
    assert guide.tree is not None
    assert "open" not in {node.label for node in _leaves(guide.tree)}
    assert guide.tree.predict({"latency": 0.05, "energy": 0.0099}) == INFEASIBLE


def test_a_figure_of_a_candidate_that_takes_no_part_opens_no_dimension() -> None:
    unbounded = Figure(value=0.01, low=0.01, high=None, unit="s", evidence="simulated")
    cheap = candidate("cheap", latency=unbounded, price=figure(1.0, "USD"))
    guide = learn([FAST, FRUGAL, cheap], LIMITS, ("energy",), 6, 3)
    assert "price" not in guide.dimensions
    assert "price: no candidate has a figure; state `price` of the hardware in the spec" in guide.left_out

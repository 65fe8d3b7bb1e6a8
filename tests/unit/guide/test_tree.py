"""The decision tree: faithful to the rule, honest where it is not needed, the same every time."""

from itertools import pairwise

from small_results import candidate, figure

from specc.evidence import Figure
from specc.guide.tree import INFEASIBLE, Node, learn, rule

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
    assert guide.fidelity > guide.stump >= guide.majority - 1e-9
    assert guide.unsafe < 0.02


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
    shallow = learn([FAST, FRUGAL], LIMITS, ("energy", "latency"), 2, 3)
    assert shallow.tree is not None
    assert shallow.tree.depth <= 2
    assert shallow.tree.leaves <= 4
    coarse = learn([FAST, FRUGAL], LIMITS, ("energy", "latency"), 6, 1500)
    smallest = min(node.support for node in _leaves(coarse.tree)) if coarse.tree else 1.0
    assert smallest >= 1500 / 6000 - 1e-9


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


def test_a_tree_that_says_no_more_than_one_question_is_dropped() -> None:
    one = candidate("one", latency=figure(0.01, "s"))
    slower = candidate("slower", latency=figure(0.02, "s"))
    guide = learn([one, slower], {"latency": 1.0}, ("latency",), 5, 3)
    assert guide.tree is None
    assert "single question" in guide.reason
    assert guide.answer == "one"


def test_unknown_dimensions_and_open_bounds_are_named_not_guessed() -> None:
    open_end = candidate("open", latency=Figure(value=0.01, low=0.01, high=None, unit="s", evidence="simulated"))
    dark = candidate("dark", latency=figure(0.03, "s"))
    guide = learn([FAST, FRUGAL, open_end, dark], {**LIMITS, "price": 3.0}, ("energy",), 6, 3)
    text = "; ".join(guide.left_out)
    assert "price: no candidate has a figure" in text
    assert "open: its latency has no upper bound" in text
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
    assert "price: no candidate has a figure" in guide.left_out

"""What candidates can be held to, and what the application asks."""

from small_results import candidate, figure, line, measurement, spec

from specc.evidence import Figure
from specc.guide.candidates import candidates, percentile, ranked, requirement
from specc.spec import Budget, BudgetItem, Target
from specc.spec.hardware import Fact, Hardware
from specc.units import quantity


def test_a_candidate_is_held_to_the_upper_end_of_its_interval() -> None:
    one = candidate("a", latency=figure(1.0, "s", high=2.0))
    assert one.bound("latency") == 2.0
    assert one.meets({"latency": 2.0})
    assert not one.meets({"latency": 1.9})


def test_what_is_unknown_or_open_meets_no_limit() -> None:
    open_end = Figure(value=1.0, low=1.0, high=None, unit="s", evidence="simulated")
    assert not candidate("a", latency=open_end).meets({"latency": 1e9})
    assert not candidate("b").meets({"energy": 1e9})
    assert candidate("b").meets({})


def test_a_wrong_output_is_no_candidate() -> None:
    results = {name: measurement(name, figure(1, "s"), figure(1, "J"), exact=name == "a") for name in ("a", "b")}
    assert [c.name for c in candidates(spec("a", "b"), results)] == ["a"]


def inference(limit: str) -> BudgetItem:
    return line("energy", limit, "mJ", scope="inference")


def test_the_energy_of_layers_and_of_a_day_is_no_wish_for_an_inference() -> None:
    items = (inference("3"), line("energy", "1", "mJ", scope="conv"), line("energy", "2", "mJ", scope="day"))
    assert requirement(spec("a", budgets=(Budget(target="a", items=items),))) == {"energy": 0.003}


def test_limits_for_all_targets_count_before_those_for_one() -> None:
    budgets = (
        Budget(target="a", items=(line("latency", "1", "ms"), inference("3"), inference("2"))),
        Budget(target="all", items=(line("latency", "5", "ms"), line("memory", "2", "KiB", scope="sram"))),
    )
    assert requirement(spec("a", "b", budgets=budgets)) == {"latency": 0.005, "energy": 0.002, "sram": 2048.0}


def test_latency_is_limited_at_the_highest_percentile_asked_for() -> None:
    items = (line("latency", "1", "ms"), line("latency", "2", "ms", percentile=95), line("latency", "1", "us", "conv"))
    asked = spec("a", budgets=(Budget(target="all", items=items),))
    assert percentile(asked) == 95
    assert requirement(asked) == {"latency": 0.002}


def test_ranking_is_lexicographic_and_puts_the_unknown_last() -> None:
    frugal = candidate("frugal", energy=figure(1, "J"), latency=figure(9, "s"))
    quick = candidate("quick", energy=figure(1, "J"), latency=figure(3, "s"))
    dark = candidate("dark", latency=figure(1, "s"))
    assert [c.name for c in ranked([dark, frugal, quick], ("energy", "latency"))] == ["quick", "frugal", "dark"]
    assert [c.name for c in ranked([frugal, dark, quick], ("latency",))] == ["dark", "quick", "frugal"]


def test_prices_in_euros_are_compared_with_no_price_in_dollars() -> None:
    def target(name: str, unit: str) -> Target:
        price = Fact(value=quantity("3", unit), source="list")
        return Target(name=name, hardware=Hardware(name=name, title=name, core="cortex-m4", price=price))

    asked = spec("a", budgets=(Budget(target="all", items=(line("price", "4", "EUR"), line("latency", "1", "s"))),))
    asked = asked.model_copy(update={"targets": (target("a", "EUR"), target("b", "USD"))})
    results = {name: measurement(name, figure(1, "s"), figure(1, "J")) for name in ("a", "b")}
    assert [candidate.bound("price") for candidate in candidates(asked, results)] == [None, 3.0]
    assert requirement(asked) == {"latency": 1.0}

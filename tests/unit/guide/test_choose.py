"""Contracts decide first, the preference second."""

from small_results import figure, measurement, spec, verdict

from specc.guide.choose import choose


def results(**energies: float | None) -> dict[str, object]:
    return {name: measurement(name, figure(1.0, "s"), figure(energy, "J")) for name, energy in energies.items()}


def test_a_pass_beats_an_undecided_one_and_both_beat_a_fail() -> None:
    measured = results(a=1.0, b=2.0, c=3.0)
    verdicts = [verdict("a", "fail"), verdict("b", "undecided"), verdict("c", "pass")]
    choice = choose(spec("a", "b", "c"), measured, verdicts)
    assert [standing.target for standing in choice.standings] == ["c", "b", "a"]
    assert choice.chosen is not None
    assert choice.chosen.target == "c"


def test_one_failed_contract_is_enough() -> None:
    choice = choose(spec("a"), results(a=1.0), [verdict("a", "pass"), verdict("a", "fail", -0.1)])
    assert choice.chosen is None
    assert choice.standings[0].status == "fail"
    assert choice.standings[0].tightest.margin == -0.1


def test_the_preference_decides_between_two_that_pass() -> None:
    verdicts = [verdict("a", "pass"), verdict("b", "pass")]
    assert choose(spec("a", "b"), results(a=2.0, b=1.0), verdicts).chosen.target == "b"
    assert choose(spec("a", "b"), results(a=1.0, b=2.0), verdicts).chosen.target == "a"


def test_a_target_whose_preferred_figure_is_unknown_is_not_chosen() -> None:
    verdicts = [verdict("a", "pass"), verdict("b", "undecided")]
    choice = choose(spec("a", "b"), results(a=None, b=1.0), verdicts)
    assert choice.deciding == "energy"
    assert [(s.target, s.status) for s in choice.standings] == [("b", "undecided"), ("a", "unweighed")]
    assert choice.chosen.target == "b"


def test_a_preference_nobody_can_meet_is_passed_over() -> None:
    choice = choose(spec("a", "b"), results(a=None, b=None), [verdict("a", "pass"), verdict("b", "pass")])
    assert choice.deciding == "latency"
    assert choice.chosen.status == "pass"


def test_an_unmeasured_target_comes_last_and_is_never_chosen() -> None:
    choice = choose(spec("a"), {}, [verdict("a", "undecided", None)])
    assert choice.chosen is None
    assert choice.standings[0].status == "not measured"


def test_without_budgets_there_is_nothing_to_choose_by() -> None:
    choice = choose(spec("a"), results(a=1.0), [verdict("a", "pass", None, "output bit-exact")])
    assert choice.standings[0].status == "no contract"
    assert choice.chosen is None

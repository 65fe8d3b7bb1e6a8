"""What is set aside teaches nothing, and what was there before is asked as users ask."""

import math
from dataclasses import replace

import pytest
from worlds import world

from specc.predict.results import Published, published
from specc.predict.validation import Trial, boards, rounds, submitters, trials


def few() -> list[Published]:
    """Two submitters of three rounds, and a collection that is younger."""
    wanted = ("STMicroelectronics, performance", "plumerai, performance", "ST model zoo, current")
    return [one for one in published() if any(name in one.collection for name in wanted)]


def errors(found: list[Trial]) -> list[float]:
    return [trial.error for trial in found]


def slowed(results: list[Published], name: str) -> list[Published]:
    return [replace(one, latency=one.latency * 7) if one.latency and name in one.collection else one for one in results]


def test_no_round_learns_from_itself_or_from_what_came_after_it() -> None:
    found, slower = (dict(rounds(results)) for results in (few(), slowed(slowed(few(), "v1.1"), "zoo")))
    assert len(found["v1.0"]) == 28 and len(found["v1.1"]) == 30
    assert errors(slower["v1.0"]) == pytest.approx(errors(found["v1.0"]))
    assert errors(slower["v1.1"]) == pytest.approx([error - math.log(7) for error in errors(found["v1.1"])])


def test_no_submitter_is_predicted_from_its_own_results() -> None:
    found, slower = (submitters(results)["plumerai"] for results in (few(), slowed(few(), "plumerai")))
    # The board that none but this submitter used has the core of another one.
    assert "psoc62" in {trial.observation.subject.design for trial in found}
    assert errors(slower) == pytest.approx([error - math.log(7) for error in errors(found)])


def test_boards_are_set_aside_one_by_one_and_lie_in_their_intervals_as_often_as_those_say() -> None:
    found = boards(world(12, 3, seed=12))
    assert {trial.observation.subject.design for trial in found} == {f"design{number}" for number in range(12)}
    held = [trial.inside[0] for trial in found]
    assert None not in held
    assert 0.5 <= sum(map(bool, held)) / len(held) <= 1


def test_a_core_that_the_rest_does_not_know_is_passed_over() -> None:
    some = world(4, 3, seed=13)
    lonely = [replace(one, subject=replace(one.subject, core="riscv32")) for one in some[:2]]
    assert trials(lonely, some) == []
    assert len(trials([*lonely, some[0]], some[3:])) == 1

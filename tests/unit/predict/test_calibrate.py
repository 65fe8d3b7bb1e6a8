"""What is left out stays out, and intervals hold as often as they say."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import world

from specc.predict.calibrate import NOVELTIES, Miss, Novelty, folds, misses, multiple
from specc.predict.model import Model, Observation, fit
from specc.predict.predictor import observations_of
from specc.predict.results import published

BASE = world(4, 4, seed=1)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("uvw"), st.sampled_from("xy")), min_size=2))
def test_no_fold_trains_on_what_it_leaves_out(rows: list[tuple[str, str, str]]) -> None:
    observations = [
        replace(BASE[0], subject=replace(BASE[0].subject, design=design, software=software, network=network))
        for design, network, software in rows
    ]
    for novelty in NOVELTIES:
        tested = 0
        for left_out, rest in folds(observations, novelty):
            tested += len(left_out)
            designs, networks = {one.subject.design for one in rest}, {one.network for one in rest}
            pairs = {(one.subject.design, one.network) for one in rest}
            for one in left_out:
                if novelty in ("board", "both"):
                    assert one.subject.design not in designs
                if novelty in ("network", "both"):
                    assert one.network not in networks
                assert (one.subject.design, one.network) not in pairs
        assert tested == len(observations)


def test_one_board_by_several_submitters_is_left_out_whole() -> None:
    """The boards that most submitters used, in the results that train."""
    observations = observations_of(published())
    by_design = {design: rest for left_out, rest in folds(observations, "board") for design in _designs(left_out)}
    for design in ("stm32l4+", "stm32h7a3", "stm32u5"):
        assert len({one.subject.software for one in observations if one.subject.design == design}) > 2
        assert design not in _designs(by_design[design])


def _designs(observations: list[Observation]) -> set[str]:
    return {one.subject.design for one in observations}


def solved(model: Model, kept: list[int], asked: int) -> tuple[float, float]:
    """Value and deviation for one result from others, by the normal equations of the linear model."""
    linear = model.linear
    rows, noise = linear.rows[kept], linear.noise[kept]
    covariance = np.linalg.inv((rows.T / noise) @ rows + np.diag(1 / linear.prior))
    parameters = covariance @ (rows.T @ (linear.target[kept] / noise))
    row = linear.rows[asked]
    return float(row @ parameters), float(np.sqrt(row @ covariance @ row + linear.noise[asked]))


@pytest.mark.parametrize("novelty", NOVELTIES)
def test_what_is_left_out_is_predicted_from_the_rest_alone(novelty: Novelty) -> None:
    model = fit(BASE)
    found = {id(miss.observation): miss for miss in misses(BASE, novelty, model)}
    for left_out, rest in folds(BASE, novelty):
        kept = [place for place, one in enumerate(BASE) if any(one is other for other in rest)]
        for one in left_out:
            place = next(place for place, other in enumerate(BASE) if one is other)
            if id(one) in found:
                value, deviation = solved(model, kept, place)
                assert found[id(one)].error == pytest.approx(value - model.linear.target[place], abs=1e-6)
                assert found[id(one)].deviation == pytest.approx(deviation, abs=1e-6)
    assert found


def test_the_error_of_a_board_does_not_depend_on_its_own_results() -> None:
    """A leak would make a wrong board predict itself."""
    model = fit(BASE)
    own = np.array([one.subject.design == "design0" for one in BASE])
    tampered = replace(model, linear=replace(model.linear, target=model.linear.target + own * math.log(7)))
    original = [m.error for m in misses(BASE, "board", model) if m.group == "design0"]
    shifted = [m.error for m in misses(BASE, "board", tampered) if m.group == "design0"]
    assert original
    assert shifted == pytest.approx([error - math.log(7) for error in original], abs=1e-6)


def test_a_core_on_one_board_alone_is_passed_over() -> None:
    lonely = [replace(one, subject=replace(one.subject, core="riscv32", design="alone")) for one in BASE[:4]]
    for novelty, tested in (("board", False), ("network", True)):
        found = misses([*BASE, *lonely], novelty)  # type: ignore[arg-type]
        assert ("alone" in {miss.observation.subject.design for miss in found}) is tested


def scored(group: str, *scores: float) -> list[Miss]:
    return [Miss(BASE[0], group, error=score, deviation=1.0) for score in scores]


def test_the_width_counts_each_board_once() -> None:
    many = scored("a", *[0.1] * 96)
    others = scored("b", 1.0) + scored("c", 2.0) + scored("d", 3.0)
    # Of four boards, 0.6 × 5 = 3 must hold: a, b and c. By results alone, 96 of 99 would hold at 0.1.
    assert multiple(many + others, 0.6) == 2.0
    assert multiple(many + others, 0.8) == 3.0
    assert multiple(many + others, 0.81) is None


@pytest.mark.parametrize(("boards", "level"), [(3, 0.8), (18, 0.95), (0, 0.8)])
def test_too_few_boards_promise_nothing(boards: int, level: float) -> None:
    found = [miss for number in range(boards) for miss in scored(f"board{number}", 1.0)]
    assert multiple(found, level) is None


@pytest.mark.parametrize("novelty", ["board", "both"])
def test_intervals_hold_on_boards_of_the_same_world(novelty: Novelty) -> None:
    """Thirty boards calibrate; sixty more of the same world are predicted. The world's spread is twice the model's."""
    whole = world(90, 5, seed=11, spread=0.6)
    seen, unseen = whole[: 30 * 5], whole[30 * 5 :]
    model = fit(seen)
    found = misses(seen, novelty, model)
    for level in (0.8, 0.95):
        width = multiple(found, level)
        assert width is not None
        inside = 0
        for one in unseen:
            value, deviation = model.predict(replace(one.subject, software=""))
            inside += abs(value - math.log(one.cycles)) <= width * deviation
        assert inside / len(unseen) >= level - 0.05
        assert level == 0.95 or inside / len(unseen) <= 0.95  # nor is it wide for nothing

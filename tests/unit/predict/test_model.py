"""The model recovers worlds whose rules are known, and says where it is uncertain."""

import math
import random
from dataclasses import replace

import pytest
from worlds import CORES, DSP, mixes, work, world

from specc.predict.model import NEXT, Observation, Subject, fit
from specc.predict.predictor import observations_of
from specc.predict.results import published


def test_without_spread_a_new_network_on_a_known_core_is_predicted_within_a_tenth() -> None:
    model = fit(world(9, 30, seed=1, spread=0.0, noise=0.0))
    for mix in mixes(20, random.Random(99)).values():
        for core, factor in CORES.items():
            value, _ = model.predict(Subject(core, core in DSP, "tuned", "software0", "", mix))
            assert math.exp(value) == pytest.approx(work(mix) * factor, rel=0.1)


def test_costs_are_recovered() -> None:
    model = fit(world(9, 40, seed=2, spread=0.0, noise=0.0))
    assert model.cost("depthwise", "tuned") == pytest.approx(4.0, rel=0.1)
    assert model.cost("pointwise", "tuned") == pytest.approx(1.5, rel=0.1)
    assert model.cost("outputs", "tuned") == pytest.approx(10.0, rel=0.3)


def test_one_outlying_board_does_not_move_its_core_far() -> None:
    usual = world(12, 10, seed=3, spread=0.0, noise=0.0)
    slow = [
        Observation(replace(one.subject, design="slow"), one.cycles * 5)
        for one in usual
        if one.subject.design == "design0"
    ]
    subject = replace(usual[0].subject, design="")
    before, after = fit(usual).predict(subject)[0], fit([*usual, *slow]).predict(subject)[0]
    assert before < after < before + math.log(5) / 2


def test_what_was_never_seen_is_less_certain() -> None:
    model = fit(world(9, 10, seed=4))
    known = world(9, 10, seed=4)[0].subject
    deviations = [
        model.predict(subject)[1]
        for subject in (
            known,
            replace(known, design=""),
            replace(known, design="", software=""),
            replace(known, design="", software="", kernels="reference"),
        )
    ]
    assert deviations == sorted(deviations)
    assert len(set(deviations)) == 4


def test_a_start_changes_the_way_and_not_the_result() -> None:
    observations = world(6, 8, seed=5)
    cold = fit(observations)
    warm = fit(observations, fit(world(6, 8, seed=6)))
    for one in observations:
        assert warm.predict(one.subject)[0] == pytest.approx(cold.predict(one.subject)[0], abs=1e-3)


def test_a_fit_has_come_to_rest() -> None:
    """The costs are not linear: with whole steps, the published results swing from side to side for ever."""
    observations = observations_of(published())
    found = fit(observations)
    again = fit(observations, found)
    assert again.parameters == pytest.approx(found.parameters, abs=0.02)
    assert dict(again.deviations) == pytest.approx(dict(found.deviations), rel=0.02)


def test_scaling_every_latency_scales_every_prediction() -> None:
    observations = world(6, 8, seed=7)
    doubled = [replace(one, cycles=one.cycles * 2) for one in observations]
    subject = replace(observations[0].subject, design="")
    difference = fit(doubled).predict(subject)[0] - fit(observations).predict(subject)[0]
    assert difference == pytest.approx(math.log(2), abs=0.01)


def test_the_newest_release_counts_and_older_ones_are_slower() -> None:
    """Every board ran an old release and one that is twice as fast."""
    old = world(9, 10, seed=8, spread=0.1, noise=0.05)
    older = [replace(one, subject=replace(one.subject, newer=1)) for one in old]
    newest = [replace(one, cycles=one.cycles / 2) for one in old]
    model = fit([*older, *newest])
    subject = replace(old[0].subject, design="")
    named = {newer: model.predict(replace(subject, newer=newer)) for newer in (1, 0, NEXT)}
    assert named[1][0] - named[0][0] == pytest.approx(math.log(2), abs=0.05)
    # one not seen yet goes on as they did, half a step, and is less certain
    assert named[0][0] - named[NEXT][0] == pytest.approx(math.log(2) / 2, abs=0.2)
    assert named[NEXT][1] > named[0][1]


def test_a_network_that_one_release_speeds_up_stays_fast() -> None:
    old = world(9, 6, seed=9, spread=0.1, noise=0.05)
    older = [replace(one, subject=replace(one.subject, newer=1)) for one in old]
    newest = [replace(one, cycles=one.cycles / (3 if one.network == "net0" else 1)) for one in old]
    model = fit([*older, *newest])

    def step(network: str) -> float:
        subject = replace(next(one.subject for one in old if one.network == network), design="")
        return model.predict(replace(subject, newer=1))[0] - model.predict(subject)[0]

    assert step("net0") == pytest.approx(math.log(3), abs=0.15)
    assert step("net1") == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize("spread", [0.2, 0.8])
def test_deviations_are_those_of_the_world(spread: float) -> None:
    """Sixty boards whose factors are drawn with a known deviation; the error's is 0.1."""
    model = fit(world(60, 5, seed=10, spread=spread, noise=0.1))
    boards = math.hypot(model.deviation("design"), model.deviation("software and design"))  # one software a board
    assert boards == pytest.approx(spread, rel=0.25)
    assert model.noise[True] == pytest.approx(0.1, rel=0.15)


def test_kernels_that_are_not_tuned_may_be_less_regular() -> None:
    regular, wild = world(9, 12, seed=11, noise=0.05), world(9, 12, seed=12, noise=0.5)
    portable = [replace(one, subject=replace(one.subject, kernels="portable", software="any")) for one in wild]
    model = fit([*regular, *portable])
    assert model.noise[True] == pytest.approx(0.05, rel=0.3)
    assert model.noise[False] == pytest.approx(0.5, rel=0.3)

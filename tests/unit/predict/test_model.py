"""The model recovers worlds whose rules are known, and says where it is uncertain."""

import math
import random
from dataclasses import replace

import pytest
from worlds import CORES, DSP, mixes, work, world

from specc.predict.model import Observation, Subject, fit


def test_without_spread_a_new_network_on_a_known_core_is_predicted_within_a_tenth() -> None:
    model = fit(world(9, 30, seed=1, spread=0.0, noise=0.0))
    for mix in mixes(20, random.Random(99)).values():
        for core, factor in CORES.items():
            value, _ = model.predict(Subject(core, core in DSP, "tuned", "software0", "", mix))
            assert math.exp(value) == pytest.approx(work(mix) * factor, rel=0.1)


def test_costs_are_recovered() -> None:
    model = fit(world(9, 40, seed=2, spread=0.0, noise=0.0))
    assert model.cost("depthwise") == pytest.approx(4.0, rel=0.1)
    assert model.cost("pointwise") == pytest.approx(1.5, rel=0.1)
    assert model.cost("outputs") == pytest.approx(10.0, rel=0.3)


def test_one_outlying_board_does_not_move_its_core_far() -> None:
    usual = world(12, 10, seed=3, spread=0.0, noise=0.0)
    slow = [
        Observation(replace(one.subject, design="slow"), one.network, one.cycles * 5)
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


def test_scaling_every_latency_scales_every_prediction() -> None:
    observations = world(6, 8, seed=7)
    doubled = [replace(one, cycles=one.cycles * 2) for one in observations]
    subject = replace(observations[0].subject, design="")
    difference = fit(doubled).predict(subject)[0] - fit(observations).predict(subject)[0]
    assert difference == pytest.approx(math.log(2), abs=0.01)

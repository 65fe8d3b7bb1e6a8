"""The fitted model of energy, on recordings whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from specc.measure.energy.model import LAYERS_AT_LEAST, EnergyModelError, Sample, fit

ALPHA, BETA, GAMMA = 0.3e-9, 1.1e-9, 4e-15  # joules per cycle, per access, per hertz


def recordings(
    count: int = 40, *, noise: float = 0.0, seed: int = 1, clocks: tuple[float, ...] = (48e6, 120e6)
) -> list[Sample]:
    """Layers with 10^4 to 10^6 cycles and a tenth to a half as many accesses, at two clocks."""
    generator = np.random.default_rng(seed)
    cycles = 10 ** generator.uniform(4, 6, count)
    accesses = cycles * generator.uniform(0.1, 0.5, count)
    clock = generator.choice(clocks, count)
    joules = ALPHA * cycles + BETA * accesses + GAMMA * clock
    joules *= 1 + noise * generator.standard_normal(count)
    rows = zip(cycles, accesses, clock, joules, strict=True)
    return [Sample(f"layer {index}", *(float(value) for value in row)) for index, row in enumerate(rows)]


def test_without_noise_the_truth_is_found() -> None:
    model = fit(recordings())
    assert (model.alpha, model.beta, model.gamma) == pytest.approx((ALPHA, BETA, GAMMA), rel=1e-6)
    assert model.r2 == pytest.approx(1)
    found = model.predict(2e5, 5e4, 100e6)
    assert found.value == pytest.approx(ALPHA * 2e5 + BETA * 5e4 + GAMMA * 100e6)
    assert found.high - found.low < 1e-6 * found.value
    assert found.evidence == "predicted" and "40 recorded layers" in found.basis


def test_the_interval_covers_layers_that_were_never_recorded() -> None:
    """Over 200 fits of 30 layers each, about 95 % of new layers lie inside; jackknife+ promises 90 % at the least."""
    inside = []
    for seed in range(200):
        *known, unseen = recordings(31, noise=0.05, seed=seed)
        figure = fit(known).predict(*unseen.terms)
        if figure.value is not None:  # within the range of the others
            inside.append(figure.low <= unseen.joules <= figure.high)
    assert len(inside) > 150
    assert 0.9 <= sum(inside) / len(inside) < 1


def test_r2_is_that_of_layers_left_out_by_hand() -> None:
    samples = recordings(25, noise=0.05)
    model = fit(samples)
    truth = np.asarray([sample.joules for sample in samples])
    terms = np.asarray([sample.terms for sample in samples])
    left_out = []
    for index in range(25):
        kept = [other for other in range(25) if other != index]
        # The normal equations, solved in scaled units: another way than the model's.
        scale = np.asarray([1e6, 1e6, 1e8])
        scaled = terms[kept] / scale
        solution = np.linalg.solve(scaled.T @ scaled, scaled.T @ truth[kept]) / scale
        left_out.append(float(terms[index] @ solution))
    expected = 1 - ((truth - left_out) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    assert model.r2 == pytest.approx(expected, rel=1e-6)


def test_too_few_layers_are_refused() -> None:
    """95 % of n + 1 errors must be at most n: n is 19."""
    assert LAYERS_AT_LEAST == 19
    with pytest.raises(EnergyModelError, match=r"18 different layers were recorded; a fit needs 19"):
        fit(recordings(18))
    assert fit(recordings(19)).layers == 19


def test_the_same_layer_recorded_often_is_one_layer() -> None:
    again = [Sample("the same", *sample.terms, sample.joules) for sample in recordings(40)]
    with pytest.raises(EnergyModelError, match="1 different layers"):
        fit(again)


def test_energy_that_counters_do_not_explain_is_refused() -> None:
    generator = np.random.default_rng(3)
    random = [Sample(s.layer, *s.terms, float(generator.uniform(1e-5, 1e-3))) for s in recordings()]
    with pytest.raises(EnergyModelError, match=r"with an R² of -?\d"):
        fit(random)


def test_counters_that_rise_together_are_refused() -> None:
    parallel = [Sample(s.layer, s.cycles, 0.25 * s.cycles, s.clock_hz, s.joules) for s in recordings()]
    with pytest.raises(EnergyModelError, match="do not vary independently"):
        fit(parallel)


def test_one_clock_is_enough() -> None:
    model = fit(recordings(clocks=(80e6,)))
    assert model.predict(2e5, 5e4, 80e6).value == pytest.approx(ALPHA * 2e5 + BETA * 5e4 + GAMMA * 80e6)


@pytest.mark.parametrize(
    ("terms", "what"),
    [((1e9, 5e4, 100e6), "cycles"), ((2e5, 1, 100e6), "memory accesses"), ((2e5, 5e4, 16e6), "Hz")],
)
def test_beyond_the_recordings_nothing_is_said(terms: tuple[float, float, float], what: str) -> None:
    found = fit(recordings()).predict(*terms)
    assert found.value is None and found.evidence == "unknown"
    assert f"{what} are outside of what was recorded" in found.basis


def test_an_interval_never_reaches_below_zero() -> None:
    model = fit(recordings(noise=0.2, seed=4))
    low = min(model.predict(*sample.terms).low for sample in recordings(noise=0.2, seed=4))
    assert low >= 0

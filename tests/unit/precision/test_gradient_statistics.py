"""Statistics of a run against the same figures from all gradients of all samples at once."""

import math

import numpy as np
import pytest
from random_specs import calibrated, network_of, spec_of

from specc.numerics.weights import FloatArray
from specc.precision.arithmetic import reference
from specc.precision.backward import FullGradient, Gradient, OuterGradient, backward
from specc.precision.forward import forward
from specc.precision.moments import moments
from specc.precision.run import Run, Statistics
from specc.precision.statistics import Estimate, LayerSums, layer_statistics, student_t
from specc.precision.study import Study
from specc.spec.model import LayerSpec

LAYERS = (
    LayerSpec(name="c", kind="conv", kernel=(3, 3), units=4, padding="same", activation="relu"),
    LayerSpec(name="w", kind="dwconv", kernel=(3, 3), padding="same"),
    LayerSpec(name="p", kind="avgpool"),
    LayerSpec(name="h", kind="dense", units=5, activation="relu"),
    LayerSpec(name="d", kind="dense", units=3),
)
ITERATIONS = 203  # not a multiple of the blocks


def study(**options: int) -> Study:
    spec = spec_of(*LAYERS, shape=(6, 5, 2))
    return Study.of(spec, network_of(spec), iterations=ITERATIONS, seed=7, **options)


def gradients(own: Study, block: int, quantized: bool) -> dict[str, FloatArray]:
    """Every sample's gradients of one block, multiplied out in float64."""
    arithmetic = own.tables.arithmetic(calibrated(5)) if quantized else reference(own.network, own.tables.parameters)
    parts: dict[str, list[FloatArray]] = {}
    for chunk in own.chunks(block):
        trace = forward(arithmetic, own.samples.inputs(own.seed, chunk))
        found = backward(arithmetic, trace, own.loss.reaching(own.network, trace, None))
        for name, gradient in found.items():
            parts.setdefault(name, []).append(multiplied(gradient))
    return {name: np.concatenate(part) for name, part in parts.items()}


def multiplied(gradient: Gradient) -> FloatArray:
    if isinstance(gradient, FullGradient):
        return gradient.values.astype(np.float64)
    pairs = zip(gradient.left.astype(np.float64), gradient.right.astype(np.float64), strict=True)
    return np.array([np.outer(a, b).ravel() for a, b in pairs])


def plain_statistics(q: list[FloatArray], f: list[FloatArray]) -> dict[str, float]:
    """The definitions, from the gradients of some blocks: covariances within blocks, pooled."""
    d = [a - b for a, b in zip(q, f, strict=True)]
    freedom = sum(len(part) - 1 for part in d)

    def covariance(a: list[FloatArray], b: list[FloatArray]) -> float:
        pairs = zip(a, b, strict=True)
        return sum(float(((x - x.mean(0)) * (y - y.mean(0))).sum()) for x, y in pairs) / freedom

    n = sum(map(len, d))
    mean = np.concatenate(d).mean(axis=0)
    full = covariance(f, f)
    return {
        "variance": covariance(d, d) / full,
        "gain": covariance(q, f) / full,
        "ratio": covariance(q, q) / full,
        "power": covariance(q, q),
        "bias squared": (float(mean @ mean) - covariance(d, d) / n) / full,
    }


@pytest.fixture(scope="module")
def found() -> Statistics:
    return study().evaluate(calibrated(5))


@pytest.fixture(scope="module")
def every() -> tuple[list[dict[str, FloatArray]], list[dict[str, FloatArray]]]:
    own = study()
    blocks = range(own.blocks)
    return [gradients(own, b, True) for b in blocks], [gradients(own, b, False) for b in blocks]


@pytest.mark.parametrize("layer", ["c", "w", "h", "d"])
def test_statistics_and_intervals_are_those_of_the_definitions(layer: str, found: Statistics, every) -> None:
    q, f = ([block[layer] for block in side] for side in every)
    blocks = len(q)
    whole = plain_statistics(q, f)
    others = [plain_statistics(q[:k] + q[k + 1 :], f[:k] + f[k + 1 :]) for k in range(blocks)]
    got = found.layer(layer)
    for name in ("variance", "gain", "ratio", "power"):
        estimate: Estimate = getattr(got, name)
        left = np.array([other[name] for other in others])
        error = math.sqrt((blocks - 1) / blocks * ((left - left.mean()) ** 2).sum())
        assert estimate.value == pytest.approx(whole[name], rel=1e-5)
        assert estimate.error == pytest.approx(error, rel=1e-4)
        assert estimate.high - estimate.value == pytest.approx(2.0096 * error, rel=1e-3)  # Student's t, 49 degrees
    assert got.bias is not None
    assert got.bias.value == pytest.approx(math.sqrt(max(0, whole["bias squared"])), rel=1e-4, abs=1e-6)


def test_the_ratio_follows_from_variance_and_gain(found: Statistics) -> None:
    for own in found.layers:
        assert own.ratio.value == pytest.approx(own.variance.value + 2 * own.gain.value - 1, rel=1e-9)


def test_iterations_are_all_taken(found: Statistics) -> None:
    assert found.iterations == ITERATIONS


@pytest.mark.parametrize(("freedom", "quantile"), [(4, 2.7764), (10, 2.2281), (24, 2.0639), (49, 2.0096)])
def test_students_t_is_that_of_the_tables(freedom: int, quantile: float) -> None:
    assert student_t(freedom) == pytest.approx(quantile, abs=0.01 if freedom < 10 else 0.0003)


def test_outer_products_give_the_sums_of_what_they_multiply_to() -> None:
    draw = np.random.default_rng(1)
    q, f = (OuterGradient(draw.normal(size=(9, 4)), draw.normal(size=(9, 6))) for _ in range(2))
    short, long = moments(q, f), moments(FullGradient(multiplied(q)), FullGradient(multiplied(f)))
    for name in ("difference", "full", "difference_square", "cross", "full_square"):
        np.testing.assert_allclose(getattr(short, name), getattr(long, name), rtol=1e-12)


def test_a_difference_far_below_the_gradients_is_not_lost() -> None:
    """Squares of gradients that are equal to 9 digits would leave nothing of their difference."""
    draw = np.random.default_rng(1)
    left, right = draw.normal(size=(50, 4)), draw.normal(size=(50, 6))
    moved = OuterGradient(left * (1 + 1e-9), right)
    expected = float((np.einsum("nu,nf->nuf", left, right) ** 2).sum()) * 1e-18
    assert moments(moved, OuterGradient(left, right)).difference_square == pytest.approx(expected, rel=1e-6)


def test_intervals_cover_the_truth() -> None:
    """Gradients of known covariance, 200 times: 95 % of the intervals hold the truth, give or take."""
    draw = np.random.default_rng(3)
    blocks, each, weights, truth, shift = 50, 20, 6, 0.04, 0.05
    counts = np.full(blocks, float(each))
    hits = {"variance": 0, "ratio": 0, "bias": 0}
    for _ in range(200):
        f = draw.normal(size=(blocks, each, weights))
        d = draw.normal(size=(blocks, each, weights)) * math.sqrt(truth) + shift
        own = [x - x.mean(axis=1, keepdims=True) for x in (d, f)]
        sums = LayerSums(*((a * b).sum(axis=(1, 2)) for a, b in ((own[0], own[0]), own, (own[1], own[1]))), d.mean(1))
        got = layer_statistics("l", counts, sums)
        for name, value in (("variance", truth), ("ratio", 1 + truth), ("bias", shift)):
            estimate = getattr(got, name)
            hits[name] += estimate.low <= value <= estimate.high
    assert all(180 <= count <= 198 for count in hits.values()), hits


def test_a_gradient_that_never_varies_has_no_statistics() -> None:
    flat = LayerSums(np.ones(4), np.zeros(4), np.zeros(4), np.ones((4, 3), np.float32))
    got = layer_statistics("l", np.full(4, 5.0), flat)
    assert got.variance is None and got.bias is None and got.power.value > 0


def test_equal_seeds_give_equal_digests_and_others_do_not() -> None:
    first, second = study().evaluate(calibrated(5)), study().evaluate(calibrated(5))
    assert first.digest == second.digest
    assert study().evaluate(calibrated(6)).digest != first.digest


def test_remembering_changes_nothing() -> None:
    remembering = study(memory=1 << 28)
    for bits in (5, 6, 5, 7):
        assert remembering.evaluate(calibrated(bits)).digest == study().evaluate(calibrated(bits)).digest


def test_an_interrupted_run_goes_on_where_it_was(found: Statistics) -> None:
    own = study()
    arithmetic = own.tables.arithmetic(calibrated(5))

    def stop(done: int, total: int) -> None:
        if done > total / 3:
            raise KeyboardInterrupt

    run = own.new_run()
    with pytest.raises(KeyboardInterrupt):
        own.advance(run, arithmetic, stop)
    assert 0 < len(run.missing()) < own.blocks
    again = own.new_run()
    again.restore(run.to_bytes())
    own.advance(again, arithmetic)
    assert again.statistics().digest == found.digest


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"x" * 1000])
def test_a_damaged_run_is_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match="not a stored run"):
        study().new_run().restore(damage)


def test_a_run_of_another_network_is_refused() -> None:
    with pytest.raises(ValueError, match="another network"):
        study().new_run().restore(Run(50, {"c": 3}).to_bytes())


def test_progress_counts_iterations() -> None:
    seen: list[tuple[int, int]] = []
    study().evaluate(calibrated(5), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (ITERATIONS, ITERATIONS) and len(seen) == 50


@pytest.mark.parametrize("iterations", [0, 1, 19])
def test_too_few_iterations_are_refused(iterations: int) -> None:
    spec = spec_of(*LAYERS, shape=(6, 5, 2))
    with pytest.raises(ValueError, match="at least 20"):
        Study.of(spec, network_of(spec), iterations=iterations, seed=1)

"""The cause of a difference is named where a fault was planted, and nowhere else."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_zoo import quantized, random_network, spec_of

from specc.numerics import golden
from specc.numerics.causes import NO_CAUSE, likely_cause
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork
from specc.spec.model import LayerSpec, QuantizationRow

LAYERS = [
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=6, activation="relu"),
    LayerSpec(name="dw", kind="dwconv", kernel=(3, 3), padding="same"),
    LayerSpec(name="sum", kind="add", inputs=("conv", "dw")),
    LayerSpec(name="pool", kind="avgpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="dense", kind="dense", units=10),
]


@pytest.fixture(scope="module")
def network() -> QuantizedNetwork:
    rows = [QuantizationRow(layer="conv", bits=12), QuantizationRow(layer="*", bits=8)]
    return quantized(spec_of(LAYERS, (8, 8, 3), rows))


@pytest.fixture(scope="module")
def tensors(network: QuantizedNetwork) -> dict[str, IntArray]:
    form = network.formats["x"]
    return golden.run(network, np.random.default_rng(5).integers(form.low, form.high + 1, (4, 8, 8, 3)))


def cause(network: QuantizedNetwork, tensors: dict[str, IntArray], layer: str, found: IntArray) -> str:
    assert not np.array_equal(found, tensors[layer])
    return likely_cause(network, network.network.layer(layer), tensors, found)


def changed(network: QuantizedNetwork, layer: str, **changes: object) -> QuantizedNetwork:
    numbers = {**network.numbers, layer: dataclasses.replace(network.numbers[layer], **changes)}
    return dataclasses.replace(network, numbers=numbers)


def run_layer(network: QuantizedNetwork, tensors: dict[str, IntArray], name: str) -> IntArray:
    layer = network.network.layer(name)
    return golden._layer(network, layer, [tensors[source] for source in layer.inputs])


Requantize = Callable[[int, int, int], int]


@pytest.mark.parametrize("layer", ["conv", "dw", "sum", "pool", "dense"])
@pytest.mark.parametrize(
    ("fault", "one"),
    [
        ("the fraction is cut off downwards", lambda a, m, s: a * m >> s),
        ("the fraction is cut off towards zero", lambda a, m, s: (abs(a * m) >> s) * (1 if a > 0 else -1)),
    ],
)
def test_other_roundings(
    *,
    network: QuantizedNetwork,
    tensors: dict[str, IntArray],
    monkeypatch: pytest.MonkeyPatch,
    layer: str,
    fault: str,
    one: Requantize,
) -> None:
    """In integers of Python, one by one."""
    monkeypatch.setattr(golden, "requantize", np.vectorize(lambda a, m, s: one(int(a), int(m), int(s))))
    found = run_layer(network, tensors, layer)
    monkeypatch.undo()
    if layer == "conv" and "zero" in fault:  # behind a ReLU at code 0 both are the same
        fault = "the fraction is cut off"
    assert cause(network, tensors, layer, found).startswith(f"rounding: {fault}")


@pytest.mark.parametrize(("halves", "rounded"), [("to the even code", 2), ("away from zero", -3)])
def test_ties_alone(network: QuantizedNetwork, tensors: dict[str, IntArray], halves: str, rounded: int) -> None:
    """A layer whose factor is 1/2: half of its sums are ties."""
    count = network.numbers["dw"].multipliers.size
    halving = changed(network, "dw", multipliers=np.full(count, 2**30), shifts=np.full(count, 31))
    halving = changed(halving, "dw", weights=np.sign(network.numbers["dw"].weights), clamp_low=-9999, clamp_high=9999)
    right = {**tensors, "dw": run_layer(halving, tensors, "dw")}
    layer = halving.network.layer("dw")
    total = golden.sums(halving, layer, [tensors["conv"]])
    zero = halving.layer_format(layer).zero_point
    exact = np.rint(total / 2) if rounded == 2 else np.trunc(total / 2 + np.copysign(0.5, total))
    found = zero + np.clip(exact.astype(np.int64), -9999 - zero, 9999 - zero)
    assert np.abs(found - right["dw"]).max() == 1
    assert cause(halving, right, "dw", found).startswith(f"rounding: halves go {halves}")


@pytest.mark.parametrize("layer", ["dw", "dense"])
def test_no_clamp(network: QuantizedNetwork, tensors: dict[str, IntArray], layer: str) -> None:
    """A C cast keeps the low byte of what should have been clamped."""
    own = network.numbers[layer]
    loud = changed(network, layer, shifts=own.shifts - 2)
    free = run_layer(changed(loud, layer, clamp_low=-(2**40), clamp_high=2**40), tensors, layer)
    right = {**tensors, layer: run_layer(loud, tensors, layer)}
    found = free.astype(np.int8).astype(np.int64)
    assert cause(loud, right, layer, found) == "saturation: codes wrap instead of being clamped"


def test_other_bounds(network: QuantizedNetwork, tensors: dict[str, IntArray]) -> None:
    """A ReLU without its lower bound, and an upper bound that is too low."""
    own = network.numbers["conv"]
    loud = changed(network, "conv", clamp_low=0)
    right = {**tensors, "conv": run_layer(loud, tensors, "conv")}
    found = run_layer(changed(loud, "conv", clamp_low=-128), tensors, "conv")
    assert cause(loud, right, "conv", found) == "saturation: clamped to -128..127, what 8 bits hold, not to 0..127"
    low, high = own.clamp_low, own.clamp_high - 40
    found = run_layer(changed(network, "conv", clamp_high=high), tensors, "conv")
    assert (
        cause(network, tensors, "conv", found) == f"saturation: codes end at {low}..{high}, not at {low}..{high + 40}"
    )


def test_an_output_that_is_one_code_everywhere_has_no_cause(
    network: QuantizedNetwork, tensors: dict[str, IntArray]
) -> None:
    for layer in ("conv", "sum", "dense"):
        assert cause(network, tensors, layer, 0 * tensors[layer] + 3) == NO_CAUSE


def test_accumulators(network: QuantizedNetwork, tensors: dict[str, IntArray]) -> None:
    narrow = run_layer(changed(network, "conv", accumulator_bits=16), tensors, "conv")
    assert cause(network, tensors, "conv", narrow) == "accumulator: it wraps at 16 bits instead of wrapping at 32"
    asked = changed(network, "conv", accumulator_bits=16)
    right = {**tensors, "conv": narrow}
    assert "wraps at 32 bits" in cause(asked, right, "conv", tensors["conv"])
    layer = network.network.layer("conv")
    total = np.clip(golden.sums(network, layer, [tensors["x"]]), -32768, 32767)
    own = network.numbers["conv"]
    found = network.formats["conv"].zero_point + golden.requantize(total, own.multipliers, own.shifts)
    found = np.clip(found, own.clamp_low, own.clamp_high)
    assert cause(asked, right, "conv", found) == "accumulator: it saturates at 16 bits instead of wrapping at 16"


@pytest.mark.parametrize("layer", ["dw", "dense", "sum"])
@pytest.mark.parametrize("offset", [-1, 3, 20])
def test_zero_point(network: QuantizedNetwork, tensors: dict[str, IntArray], layer: str, offset: int) -> None:
    form = network.formats[layer]
    moved = dataclasses.replace(form, zero_point=form.zero_point + offset)
    wrong = dataclasses.replace(network, formats={**network.formats, layer: moved})
    found = run_layer(wrong, tensors, layer)
    assert cause(network, tensors, layer, found) == f"zero point: every code is off by {offset:+d} before the clamp"


@pytest.mark.parametrize("layer", ["conv", "dw", "pool", "dense"])
@pytest.mark.parametrize("factor", [0.5, 1.05, 2])
def test_scale(network: QuantizedNetwork, tensors: dict[str, IntArray], layer: str, factor: float) -> None:
    own = network.numbers[layer]
    wrong = changed(network, layer, multipliers=np.rint(own.multipliers * factor).astype(np.int64))
    found = cause(network, tensors, layer, run_layer(wrong, tensors, layer))
    assert found.startswith("scale: every sum is multiplied by ") and found.endswith(" times the multiplier")
    assert float(found.split()[6]) == pytest.approx(factor, rel=0.01)


def test_a_bias_that_is_left_out(network: QuantizedNetwork, tensors: dict[str, IntArray]) -> None:
    bias = np.arange(1, 11) * 1000
    asked = changed(network, "dense", bias=bias)
    right = {**tensors, "dense": run_layer(asked, tensors, "dense")}
    found = run_layer(changed(asked, "dense", bias=0 * bias), tensors, "dense")
    assert cause(asked, right, "dense", found) == "bias: it is not added"


def test_channels_that_are_wrong_alone_are_named(network: QuantizedNetwork, tensors: dict[str, IntArray]) -> None:
    own: LayerNumbers = network.numbers["dw"]
    multipliers = own.multipliers.copy()
    multipliers[4] = multipliers[4] // 2
    found = run_layer(changed(network, "dw", multipliers=multipliers), tensors, "dw")
    said = cause(network, tensors, "dw", found)
    assert said.startswith("scale: every sum is multiplied by 0.5") and said.endswith(", in channel 4 alone")
    assert own.weights is not None
    weights = own.weights.copy()
    weights[1, 1, 2] = -weights[1, 1, 2]
    weights[0, 1, 2] += 9  # two that are wrong are too many to tell
    found = run_layer(changed(network, "dw", weights=weights), tensors, "dw")
    assert cause(network, tensors, "dw", found) == f"{NO_CAUSE}, in channel 2 alone"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    layer=st.sampled_from(["conv", "dw", "sum", "pool", "dense"]),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    size=st.sampled_from([1, 5, 127]),
)
def test_noise_has_no_cause(
    *, network: QuantizedNetwork, tensors: dict[str, IntArray], seed: int, layer: str, share: float, size: int
) -> None:
    """One code or many, off by one or by anything."""
    draw = np.random.default_rng(seed)
    right = tensors[layer]
    noise = draw.integers(1, size + 1, right.shape) * draw.choice([-1, 1], right.shape)
    where = draw.random(right.shape) < share
    where.flat[draw.integers(right.size)] = True
    found = np.clip(right + noise * where, network.formats[layer].low, network.formats[layer].high)
    if not np.array_equal(found, right):
        assert cause(network, tensors, layer, found).startswith(NO_CAUSE)


def test_every_kind_of_layer_has_an_answer() -> None:
    """Wrong codes in each layer of networks of every kind, one element or all of them."""
    for seed in range(4):
        network = random_network(seed, layers=14)
        form = network.formats["x"]
        shape = (3, *network.network.input_shape)
        tensors = golden.run(network, np.random.default_rng(seed).integers(form.low, form.high + 1, shape))
        for layer in network.network.layers:
            found = tensors[layer.name].copy()
            found.flat[0] = found.flat[0] - 1 if found.flat[0] > 0 else found.flat[0] + 1
            assert likely_cause(network, layer, tensors, found)
            if len(np.unique(tensors[layer.name])) >= 3:
                moved = np.roll(tensors[layer.name], 1)
                assert likely_cause(network, layer, tensors, moved).startswith(NO_CAUSE)

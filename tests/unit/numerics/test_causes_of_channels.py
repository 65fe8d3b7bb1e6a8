"""Faults of some channels, and of the border: named where they were planted, each computed by other means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_zoo import quantized, spec_of
from test_causes import cause, changed, run_layer

from specc.numerics import golden
from specc.numerics.causes import NO_CAUSE
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.spec.model import LayerSpec, QuantizationRow

LAYERS = [
    LayerSpec(name="conv", kind="conv", kernel=(3, 2), padding="same", units=6, activation="relu"),
    LayerSpec(name="dw", kind="dwconv", kernel=(3, 3), padding="same"),
    LayerSpec(name="dense", kind="dense", units=7),
]
BATCH = 24


@pytest.fixture(scope="module")
def network() -> QuantizedNetwork:
    made = quantized(spec_of(LAYERS, (7, 6, 3), [QuantizationRow(layer="*", bits=8)]))
    draw = np.random.default_rng(3)
    for name in ("conv", "dw", "dense"):
        bias = made.numbers[name].bias
        assert bias is not None
        made = changed(made, name, bias=bias + draw.integers(-300, 300, bias.shape))
    return made


@pytest.fixture(scope="module")
def tensors(network: QuantizedNetwork) -> dict[str, IntArray]:
    form = network.formats["x"]
    return golden.run(network, np.random.default_rng(5).integers(form.low, form.high + 1, (BATCH, 7, 6, 3)))


@pytest.mark.parametrize("layer", ["conv", "dw"])
def test_padding_with_the_code_0(network: QuantizedNetwork, tensors: dict[str, IntArray], layer: str) -> None:
    """The image with a frame of zeros around it, by hand: what a kernel computes that clears its frame with memset."""
    own, source = network.network.layer(layer), network.formats[network.network.layer(layer).inputs[0]]
    assert source.zero_point
    x = tensors[own.inputs[0]]
    height, width = own.kernel
    top, left = own.pad_before
    below, right = height - 1 - top, width - 1 - left
    framed = np.pad(x, ((0, 0), (top, below), (left, right), (0, 0)))
    numbers = network.numbers[layer]
    assert numbers.weights is not None and numbers.bias is not None
    total = np.zeros_like(tensors[layer]) + numbers.bias
    for row in range(height):
        for column in range(width):
            part = framed[:, row : row + x.shape[1], column : column + x.shape[2]] - source.zero_point
            weights = numbers.weights[:, row, column] if layer == "conv" else numbers.weights[row, column]
            total += part @ weights.T if layer == "conv" else part * weights
    codes = network.formats[layer].zero_point + golden.requantize(total, numbers.multipliers, numbers.shifts)
    found = np.clip(codes, numbers.clamp_low, numbers.clamp_high)
    assert cause(network, tensors, layer, found) == (
        f"padding: it has the code 0, not {source.zero_point}, the zero point"
    )


@pytest.mark.parametrize("layer", ["conv", "dw", "dense"])
@pytest.mark.parametrize(("shift", "whose"), [(1, "the channel before"), (-1, "the channel behind"), (0, "channel 0")])
def test_constants_of_another_channel(
    network: QuantizedNetwork, tensors: dict[str, IntArray], layer: str, shift: int, whose: str
) -> None:
    own = network.numbers[layer]
    assert own.bias is not None

    def moved(values: IntArray) -> IntArray:
        return np.roll(values, shift) if shift else np.full_like(values, values[0])

    found = run_layer(
        changed(network, layer, multipliers=moved(own.multipliers), shifts=moved(own.shifts)), tensors, layer
    )
    assert cause(network, tensors, layer, found) == f"scale: each channel has the multiplier of {whose}"
    found = run_layer(changed(network, layer, bias=moved(own.bias)), tensors, layer)
    assert cause(network, tensors, layer, found) == f"bias: each channel has that of {whose}"


def test_channels_in_another_order(network: QuantizedNetwork, tensors: dict[str, IntArray]) -> None:
    for layer in ("dw", "dense"):
        found = tensors[layer].copy()
        found[..., [1, 4]] = found[..., [4, 1]]
        assert cause(network, tensors, layer, found).startswith("order: channel 1 holds what belongs to channel 4")


@pytest.mark.parametrize(
    ("layer", "place", "words"),
    [
        ("conv", (4, 2, 0, 1), "filter 4 for input channel 1 in row 2, column 0"),
        ("dw", (0, 2, 3), "channel 3 in row 0, column 2"),
        ("dense", (5, 17), "unit 5 for input 17"),
    ],
)
@pytest.mark.parametrize("change", ["bit 6 flipped", "zero"])
def test_one_wrong_weight(
    *,
    network: QuantizedNetwork,
    tensors: dict[str, IntArray],
    layer: str,
    place: tuple[int, ...],
    words: str,
    change: str,
) -> None:
    weights = network.numbers[layer].weights
    assert weights is not None
    damaged = weights.copy()
    damaged[place] = 0 if change == "zero" else int(weights[place]) ^ 64
    found = run_layer(changed(network, layer, weights=damaged), tensors, layer)
    said = cause(network, tensors, layer, found)
    assert said.startswith(f"weights: that of {words} counts as ")
    counted, right = (int(value) for value in said.split(" counts as ")[1].split(", not as "))
    assert right == weights[place] and abs(counted - damaged[place]) <= (0 if layer != "dense" else 8)


def test_one_weight_of_inputs_that_are_always_equal_cannot_be_told(
    network: QuantizedNetwork, tensors: dict[str, IntArray]
) -> None:
    """Two inputs with the same codes: either weight might be the wrong one."""
    x = tensors["dw"].reshape(BATCH, -1).copy()
    x[:, 18] = x[:, 17]
    same = {**tensors, "dw": x.reshape(tensors["dw"].shape)}
    same["dense"] = run_layer(network, same, "dense")
    weights = network.numbers["dense"].weights
    assert weights is not None
    damaged = weights.copy()
    damaged[5, 17] ^= 64
    found = run_layer(changed(network, "dense", weights=damaged), same, "dense")
    assert cause(network, same, "dense", found) == f"{NO_CAUSE}, in channel 5 alone"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    layer=st.sampled_from(["conv", "dw", "dense"]),
    channels=st.integers(1, 4),
    share=st.sampled_from([0.02, 0.2, 1.0]),
    size=st.sampled_from([1, 5, 127]),
)
def test_noise_in_some_channels_has_no_cause(
    *,
    network: QuantizedNetwork,
    tensors: dict[str, IntArray],
    seed: int,
    layer: str,
    channels: int,
    share: float,
    size: int,
) -> None:
    draw = np.random.default_rng(seed)
    right = tensors[layer]
    where = draw.random(right.shape) < share
    where[..., channels:] = False
    noise = draw.integers(1, size + 1, right.shape) * draw.choice([-1, 1], right.shape)
    found = np.clip(right + noise * where, network.formats[layer].low, network.formats[layer].high)
    if not np.array_equal(found, right):
        assert cause(network, tensors, layer, found).startswith(NO_CAUSE)


def test_wrapped_accumulators_are_looked_at_too(network: QuantizedNetwork, tensors: dict[str, IntArray]) -> None:
    narrow = changed(network, "conv", accumulator_bits=14)
    right = {**tensors, "conv": run_layer(narrow, tensors, "conv")}
    found = run_layer(changed(narrow, "conv", bias=np.roll(narrow.numbers["conv"].bias, 1)), tensors, "conv")
    assert cause(narrow, right, "conv", found) == "bias: each channel has that of the channel before"

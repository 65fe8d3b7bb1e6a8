"""One shift for every channel: the same codes as the integer model's, from the folded constants."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_generate import dense_chain

from specc.codegen.folding import fold
from specc.graph.network import Layer
from specc.numerics import golden
from specc.numerics.quantized import QuantizedNetwork

CHANNELS, TAPS = 5, 6  # of `dense_chain`


@st.composite
def networks(draw: st.DrawFn) -> QuantizedNetwork:
    """One dense layer with five units; some of its channels reach few codes, or one."""
    network = dense_chain("a")
    layer = network.network.layers[0]
    numbers = st.lists(st.integers(-128, 127), min_size=TAPS, max_size=TAPS)
    own = dataclasses.replace(
        network.numbers["a"],
        weights=np.array([draw(numbers) for _ in range(CHANNELS)]),
        bias=np.array([draw(st.integers(-(2**24), 2**24)) for _ in range(CHANNELS)]),
        multipliers=np.array([draw(st.integers(2**30, 2**31 - 1)) for _ in range(CHANNELS)]),
        shifts=np.array([draw(st.one_of(st.integers(33, 46), st.integers(45, 62))) for _ in range(CHANNELS)]),
        accumulator_bits=draw(st.sampled_from([16, 24, 32])),
        clamp_low=-128,
        clamp_high=127,
    )
    formats = {
        name: dataclasses.replace(form, zero_point=draw(st.integers(-128, 127)))
        for name, form in network.formats.items()
    }
    return dataclasses.replace(network, numbers={layer.name: own}, formats=formats)


@given(
    networks(),
    st.lists(st.lists(st.integers(-128, 127), min_size=TAPS, max_size=TAPS), min_size=1, max_size=20),
    st.sampled_from([8, 16]),
)
def test_codes_are_those_of_the_integer_model(network: QuantizedNetwork, inputs: list[list[int]], bits: int) -> None:
    folded = fold(network, network.network.layers[0], bits=bits)
    if folded is None:
        return
    assert np.abs(folded.weights).max() <= 1 << (bits - 1)
    codes = np.array([*inputs, [-128] * TAPS, [127] * TAPS])
    sums = folded.bias + codes @ folded.weights.T
    assert np.abs(folded.bias).max() < 2**31 and np.abs(sums).max() < 2**31
    high = (sums * folded.multipliers) >> 32
    assert np.abs(high + folded.rounding).max() < 2**31
    expected = golden.run(network, codes)["a"]
    assert (np.clip((high + folded.rounding) >> folded.shift, -128, 127) == expected).all()


def with_numbers(**changes: object) -> QuantizedNetwork:
    network = dense_chain("a")
    plain = {
        "weights": np.full((CHANNELS, TAPS), 100),
        "bias": np.zeros(CHANNELS, np.int64),
        "multipliers": np.full(CHANNELS, 2**30 + 12_345),
        "shifts": np.full(CHANNELS, 40),
        "clamp_low": -128,
        "clamp_high": 127,
    }
    own = dataclasses.replace(network.numbers["a"], **(plain | changes))
    return dataclasses.replace(network, numbers={"a": own})


def test_smaller_shifts_go_into_the_weights() -> None:
    folded = fold(*layer_of(with_numbers(shifts=np.array([40, 39, 38, 40, 33]))), bits=16)
    assert folded is not None and folded.shift == 8
    assert folded.weights[:, 0].tolist() == [100, 200, 400, 100, 12_800]


def test_weights_without_room_leave_larger_shifts_to_the_multiplier() -> None:
    network = with_numbers(shifts=np.array([45, 40, 41, 40, 43]))
    folded = fold(*layer_of(network), bits=8)
    assert folded is not None and folded.shift == 8
    assert (folded.weights == 100).all()
    assert folded.multipliers[1] == 2**30 + 12_345 and (folded.multipliers[[0, 2, 4]] < 2**30).all()


def test_a_channel_that_never_changes_has_no_weights() -> None:
    folded = fold(*layer_of(with_numbers(shifts=np.array([40, 40, 62, 40, 40]))), bits=16)
    assert folded is not None and folded.shift == 8
    assert not folded.weights[2].any() and folded.weights[1].all()


def test_sums_that_leave_their_accumulator_are_refused() -> None:
    assert fold(*layer_of(with_numbers(bias=np.full(CHANNELS, 2**31 - 1))), bits=16) is None  # the sum wraps
    assert fold(*layer_of(with_numbers(accumulator_bits=16)), bits=16) is None


def layer_of(network: QuantizedNetwork) -> tuple[QuantizedNetwork, Layer]:
    return network, network.network.layers[0]

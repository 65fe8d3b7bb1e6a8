"""Constants for multipliers in parts: every sum that a channel can reach has the code of the integer model."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kernels"))

from kernel_networks import side_by_side
from test_dsp_kernels import conv

from specc.codegen.folding import sum_ranges
from specc.codegen.parts import in_parts
from specc.numerics.quantized import QuantizedNetwork


def network_with(bias: list[int], multipliers: list[int], shifts: list[int]) -> QuantizedNetwork:
    network = side_by_side((1, 2, 3), [conv(len(bias), (1, 1))], seed=1)
    own = network.numbers["n0"]
    network.numbers["n0"] = dataclasses.replace(
        own,
        weights=np.resize([-3, 2, 1, 127, -127, 5, 0, 1, -1], (len(bias), 1, 1, 3)),
        bias=np.array(bias),
        multipliers=np.array(multipliers),
        shifts=np.array(shifts),
    )
    return network


channels = st.tuples(
    st.one_of(st.integers(-(2**22), 2**22), st.integers(-(2**30), 2**30)),
    st.integers(2**30, 2**31 - 1),
    st.integers(33, 62),
)


@given(st.lists(channels, min_size=1, max_size=4), st.data())
def test_codes_of_sums(constants: list[tuple[int, int, int]], data: st.DataObject) -> None:
    network = network_with(*map(list, zip(*constants, strict=True)))
    layer, numbers = network.network.layers[0], network.numbers["n0"]
    own = in_parts(network, layer)
    if own is None:
        return
    weights, zero_point = numbers.weights, network.formats["x"].zero_point
    assert weights is not None and numbers.bias is not None
    out = network.layer_format(layer)
    codes = np.array(data.draw(st.lists(st.integers(-128, 127), min_size=3, max_size=3)))
    gone = 30 // own.part_bits * own.part_bits + 1
    for channel, (bias, multiplier, shift) in enumerate(constants):
        taps = weights.reshape(-1, 3)[channel]
        exact = int(bias + ((codes - zero_point) * taps).sum())
        expected = (exact * multiplier + (1 << (shift - 1)) >> shift) + out.zero_point
        total = int(own.bias[channel] + (codes * own.weights[channel]).sum())
        assert abs(total) <= 2 ** (31 - own.part_bits)
        half = int(total * int(own.multipliers[channel])) >> (gone - 1 + int(own.shifts[channel]))
        code = ((half + 1) >> 1) + out.zero_point
        assert np.clip(code, -128, 127) == np.clip(expected, -128, 127)


def test_a_channel_of_one_code_gets_constants_of_its_own() -> None:
    """Of sums around 2^30 and a shift of 58: both are out of reach, and the code is always the same."""
    network = network_with([2**30, 0], [2**31 - 1, 2**30], [58, 40])
    layer = network.network.layers[0]
    own = in_parts(network, layer)
    assert own is not None and own.part_bits == 11
    assert not own.weights[0].any() and own.weights[1].tolist() == [127, -127, 5]
    assert own.bias[0] * int(own.multipliers[0]) / 2.0**41 == 8  # 2^30 * 2^31 / 2^58
    lowest, _ = sum_ranges(network, layer)
    assert lowest[0] > 2**29


def test_sums_and_shifts_out_of_reach() -> None:
    """Biases whose codes lie between two: 129 * 2^k * 2^30 / 2^(k + 31) is 64.5."""
    for power, part_bits in ((12, 11), (15, 8), (17, None)):
        network = network_with([129 << power], [2**30], [power + 31])
        own = in_parts(network, network.network.layers[0])
        assert (own and own.part_bits) == part_bits
    narrow = network_with([129 << 12], [2**30], [43])
    narrow.numbers["n0"] = dataclasses.replace(narrow.numbers["n0"], accumulator_bits=20)
    small = network_with([2**5], [2**23], [22])
    assert all(in_parts(network, network.network.layers[0]) is None for network in (narrow, small))

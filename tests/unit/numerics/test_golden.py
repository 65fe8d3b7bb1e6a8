"""The golden model against an oracle of plain loops, and its answers to wrong input."""

import naive_oracle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_zoo import corner_inputs, quantized, random_network, scrambled, spec_of

from specc.numerics import golden
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.model import LayerSpec, QuantizationRow


def assert_equals_oracle(network: QuantizedNetwork, random_inputs: int) -> None:
    inputs = corner_inputs(network, random_inputs, seed=3)
    batch = golden.run(network, inputs)
    for index, codes in enumerate(inputs):
        for tensor, expected in naive_oracle.run(network, codes).items():
            for position, code in expected.items():
                assert batch[tensor][index][position] == code, (tensor, position)


@pytest.mark.parametrize("seed", range(6))
def test_every_tensor_equals_plain_loops(seed: int) -> None:
    assert_equals_oracle(random_network(seed, layers=14), random_inputs=1)


@pytest.mark.parametrize("seed", range(10, 14))
def test_wrapping_accumulators_and_extreme_shifts_equal_plain_loops(seed: int) -> None:
    assert_equals_oracle(scrambled(random_network(seed, layers=12), seed), random_inputs=1)


@given(
    accumulator=st.integers(-(2**31), 2**31 - 1),
    multiplier=st.integers(0, 2**31 - 1),
    shift=st.integers(1, 62),
)
def test_requantize_rounds_half_up_once(accumulator: int, multiplier: int, shift: int) -> None:
    expected = (accumulator * multiplier + 2 ** (shift - 1)) // 2**shift
    assert int(golden.requantize(np.int64(accumulator), multiplier, shift)) == expected


@pytest.mark.parametrize(("accumulator", "expected"), [(3, 2), (-3, -1), (1, 1), (-1, 0), (2, 1), (-2, -1)])
def test_halves_round_towards_plus_infinity(accumulator: int, expected: int) -> None:
    assert int(golden.requantize(np.int64(accumulator), 2**30, 31)) == expected


@given(total=st.integers(-(2**62), 2**62 - 1), bits=st.integers(2, 32))
def test_wrap_keeps_the_low_bits(total: int, bits: int) -> None:
    wrapped = int(golden.wrap(np.int64(total), bits))
    assert -(2 ** (bits - 1)) <= wrapped < 2 ** (bits - 1)
    assert (wrapped - total) % 2**bits == 0


def test_sums_beyond_the_exact_range_of_float64_stay_exact() -> None:
    features = 70_001  # odd, as are both factors: the sum is odd and beyond 2**53, which float64 cannot hold
    a = np.full((1, features), 2**22 + 1, np.int64)
    b = np.full((features, 1), 2**15 - 1, np.int64)
    assert golden._exact_product(a, b)[0, 0] == (2**22 + 1) * (2**15 - 1) * features


def small() -> QuantizedNetwork:
    return quantized(spec_of([LayerSpec(name="d", kind="dense", units=3)], (4,), [QuantizationRow(layer="*", bits=8)]))


def test_a_single_input_and_a_batch_of_it_agree() -> None:
    network = small()
    inputs = corner_inputs(network, 2, seed=1)
    batch = golden.run(network, inputs)
    for index, codes in enumerate(inputs):
        assert np.array_equal(golden.run(network, codes)["d"], batch["d"][index])


@pytest.mark.parametrize("shape", [(3,), (5,), (2, 3), (1, 2, 4), ()])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="the network takes"):
        golden.run(small(), np.zeros(shape, np.int64))


@pytest.mark.parametrize("code", [128, -129, 10**9])
def test_codes_outside_the_format_are_refused(code: int) -> None:
    with pytest.raises(ValueError, match="the format from -128 to 127"):
        golden.run(small(), np.array([0, code, 0, 0]))

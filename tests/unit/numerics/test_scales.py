"""Multipliers: as close to the ratio as 31 bits allow, over the whole range."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.numerics.scales import add_multipliers, multipliers


@given(st.floats(2.0**-31, 2.0**29))
def test_ratio_is_reached_to_31_bits(ratio: float) -> None:
    (multiplier,), (shift,) = multipliers(np.array([ratio]))
    assert 2**30 <= multiplier < 2**31 and 1 <= shift <= 62
    assert abs(math.ldexp(int(multiplier), -int(shift)) - ratio) <= ratio * 2.0**-31


def test_a_mantissa_that_rounds_up_to_a_power_of_two_stays_in_range() -> None:
    (multiplier,), (shift,) = multipliers(np.array([1 - 2.0**-40]))
    assert (multiplier, shift) == (2**30, 30)


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, (2**30, 30)), (0.5, (2**30, 31)), (2.0**-40, (2**22, 62))])
def test_powers_of_two_are_exact(ratio: float, expected: tuple[int, int]) -> None:
    (multiplier,), (shift,) = multipliers(np.array([ratio]))
    assert (multiplier, shift) == expected


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.inf, math.nan, 2.0**30])
def test_what_no_multiplier_reaches_is_refused(ratio: float) -> None:
    with pytest.raises(OverflowError):
        multipliers(np.array([ratio]))


@given(st.floats(2.0**-20, 2.0**20), st.floats(2.0**-20, 2.0**20))
def test_both_inputs_of_an_addition_share_a_shift(first: float, second: float) -> None:
    (a, b), (shift, same) = add_multipliers(first, second)
    assert shift == same
    step = 2.0 ** -int(shift)
    assert abs(a * step - first) <= step and abs(b * step - second) <= step
    assert max(a, b) < 2**31

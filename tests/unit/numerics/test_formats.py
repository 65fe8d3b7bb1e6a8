"""Number formats against independent oracles: ml_dtypes, exhaustive search, and exact arithmetic on bit strings."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.numerics.formats import BlockFormat, FixedPoint, Posit, SmallFloat, by_name, names

ORACLES: dict[str, Any] = {
    "fp16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "fp8_e4m3": ml_dtypes.float8_e4m3fn,
    "fp8_e5m2": ml_dtypes.float8_e5m2,
    "fp6_e3m2": ml_dtypes.float6_e3m2fn,
    "fp6_e2m3": ml_dtypes.float6_e2m3fn,
    "fp4_e2m1": ml_dtypes.float4_e2m1fn,
}
reals = st.floats(allow_nan=False, allow_infinity=False, width=64)


def small_float(name: str) -> SmallFloat:
    found = by_name(name)
    assert isinstance(found, SmallFloat)
    return found


def interesting(values: np.ndarray) -> np.ndarray:
    """Every value, every border between neighbours, and the float32 numbers just beside them.

    In float32, because ml_dtypes rounds a float64 to float32 first: just beside a border it would round twice.
    """
    points = np.concatenate([values, (values[1:] + values[:-1]) / 2]).astype(np.float32)
    return np.concatenate([points, np.nextafter(points, np.float32(np.inf)), np.nextafter(points, np.float32(-np.inf))])


@pytest.mark.parametrize("name", ORACLES)
def test_every_value_is_one_of_the_oracles_and_none_is_missing(name: str) -> None:
    dtype = np.dtype(ORACLES[name])
    codes = np.arange(1 << small_float(name).bits, dtype=np.uint8 if dtype.itemsize == 1 else np.uint16)
    with np.errstate(invalid="ignore"):  # some codes are signalling not-a-numbers
        decoded = codes.view(dtype).astype(np.float64)
    expected = np.unique(decoded[np.isfinite(decoded)])
    assert np.array_equal(small_float(name).values(), expected)


@pytest.mark.parametrize("name", ORACLES)
def test_rounding_agrees_with_the_oracle_without_one_mismatch(name: str) -> None:
    form = small_float(name)
    points = interesting(form.values())
    generator = np.random.Generator(np.random.PCG64(5))
    spread = np.ldexp(generator.uniform(-2, 2, 200_000), generator.integers(-20, 18, 200_000)).astype(np.float32)
    points = np.concatenate([points, spread])
    points = points[np.abs(points) <= form.largest]  # what lies beyond is tested below: oracles differ there
    assert np.array_equal(form.round(points.astype(np.float64)), points.astype(ORACLES[name]).astype(np.float64))


@pytest.mark.parametrize(("name", "far"), [("fp16", np.inf), ("bf16", np.inf), ("fp8_e4m3", 448.0), ("fp4_e2m1", 6.0)])
def test_beyond_the_range_ieee_formats_overflow_and_the_others_saturate(name: str, far: float) -> None:
    beyond = np.array([1e300, -1e300, np.inf, -np.inf])
    assert np.array_equal(by_name(name).round(beyond), [far, -far, far, -far])


def test_fp16_overflows_where_ieee_754_does() -> None:
    # 65504 + half a step rounds to even, which is infinity; just below it is 65504.
    assert np.array_equal(by_name("fp16").round(np.array([65519.999, 65520.0])), [65504.0, np.inf])


@pytest.mark.parametrize("name", names())
def test_not_a_number_stays_so_and_zero_is_zero(name: str) -> None:
    rounded = by_name(name).round(np.array([0.0, -0.0]))
    assert np.array_equal(rounded, [0.0, 0.0])
    assert np.isnan(by_name(name).round(np.array([np.nan]))).all()


@pytest.mark.parametrize("name", names())
@given(st.lists(reals.filter(lambda x: abs(x) < 1e30), min_size=1, max_size=70))
def test_rounding_twice_changes_nothing(name: str, values: list[float]) -> None:
    form = by_name(name)
    once = form.round(np.array(values))
    assert np.array_equal(form.round(once), once) or isinstance(form, BlockFormat)


@given(st.integers(2, 12), st.floats(1e-6, 10), reals.filter(lambda x: abs(x) < 1e12), st.booleans())
def test_fixed_point_is_the_nearest_of_all_its_values(bits: int, step: float, value: float, symmetric: bool) -> None:
    form = FixedPoint("q", bits, step, symmetric)
    nearest = form.values()[np.argmin(np.abs(form.values() - value))]
    rounded = float(form.round(np.array([value]))[0])
    assert abs(rounded - value) <= abs(nearest - value) * (1 + 1e-12)
    assert rounded in form.values()


# ---- posits: an oracle in exact arithmetic, by writing out the bits of the number ----


def posit_bits(value: Fraction, exponent_bits: int, length: int) -> tuple[str, bool]:
    """The first `length` bits behind the sign of a positive number's infinite posit, and whether more are set."""
    scale = 0
    while value >= 2:
        value, scale = value / 2, scale + 1
    while value < 1:
        value, scale = value * 2, scale - 1
    regime, exponent = divmod(scale, 1 << exponent_bits)
    text = "1" * (regime + 1) + "0" if regime >= 0 else "0" * -regime + "1"
    text += format(exponent, f"0{exponent_bits}b") if exponent_bits else ""
    value -= 1
    while len(text) < length + 1 or value:
        if len(text) > length + 80:
            break
        value *= 2
        text += "1" if value >= 1 else "0"
        value -= value >= 1
    return text[:length], "1" in text[length + 1 :]


def posit_oracle(value: float, bits: int, exponent_bits: int) -> Fraction:
    """Round a positive number as the standard says: cut the bit string, round to nearest, ties to even."""
    length = bits - 1
    text, _ = posit_bits(Fraction(value), exponent_bits, length)
    longer, _ = posit_bits(Fraction(value), exponent_bits, length + 1)
    _, sticky = posit_bits(Fraction(value), exponent_bits, length)
    code = int(text, 2)
    if longer[-1] == "1" and (sticky or code % 2):
        code += 1
    code = min(max(code, 1), (1 << length) - 1)
    return posit_value(code, length, exponent_bits)


def posit_value(code: int, length: int, exponent_bits: int) -> Fraction:
    """Value of a code, from the definition, in fractions."""
    text = format(code, f"0{length}b")
    run = len(text) - len(text.lstrip(text[0]))
    regime = run - 1 if text[0] == "1" else -run
    rest = text[run + 1 :] + "0" * (exponent_bits + 1)
    exponent = int(rest[:exponent_bits], 2) if exponent_bits else 0
    tail = text[run + 1 + exponent_bits :]
    fraction = 1 + (Fraction(int(tail, 2), 1 << len(tail)) if tail else 0)
    return fraction * Fraction(2) ** (regime * (1 << exponent_bits) + exponent)


POSITS = [Posit(f"posit{bits} with {es} exponent bits", bits, es) for bits, es in ((6, 0), (8, 0), (8, 2), (16, 2))]


@pytest.mark.parametrize("posit", POSITS, ids=lambda posit: posit.name)
@given(st.floats(1e-20, 1e20))
def test_posits_round_as_bit_strings(posit: Posit, value: float) -> None:
    rounded = float(posit.round(np.array([value]))[0])
    assert Fraction(rounded) == posit_oracle(value, posit.bits, posit.exponent_bits)


def test_posit8_at_the_ends_does_not_round_to_the_arithmetic_middle() -> None:
    posit = Posit("p", 8, 2)
    smallest, second = posit.values()[posit.values() > 0][:2]
    assert (smallest, second) == (2.0**-24, 2.0**-20)
    # The string between them with one more bit is 2**-22, their geometric middle; the arithmetic one is 2**-21.09.
    assert np.array_equal(posit.round(np.array([2.0**-22 * 1.01, 2.0**-22, 2.0**-30])), [second, second, smallest])
    assert np.array_equal(posit.round(np.array([1e300, -1e300])), [2.0**24, -(2.0**24)])
    assert np.isnan(posit.round(np.array([np.inf]))).all()


@pytest.mark.parametrize("name", ["posit8", "posit16"])
def test_every_posit_rounds_to_itself(name: str) -> None:
    posit = by_name(name)
    assert isinstance(posit, Posit)
    values = posit.values()
    assert len(np.unique(values)) == (1 << posit.bits) - 1
    assert np.array_equal(posit.round(values), values)


# ---- blocks ----


@pytest.mark.parametrize("name", ["mxfp8", "mxfp6", "mxfp4", "mxint8"])
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_blocks_of_32_share_the_scale_of_their_largest(name: str, values: list[float]) -> None:
    form = by_name(name)
    assert isinstance(form, BlockFormat)
    expected: list[float] = []
    for start in range(0, len(values), 32):
        block = values[start : start + 32]
        top = max(abs(value) for value in block)
        if top == 0:
            expected += [0.0] * len(block)
            continue
        scale = 1.0  # by search: the power of two that brings the largest into the binade of the element's largest
        binade = math.frexp(form.element.largest)[1]
        while math.frexp(top / scale)[1] > binade:
            scale *= 2
        while math.frexp(top / scale)[1] < binade and scale > 2.0**-127:
            scale /= 2
        expected += [float(form.element.round(np.array([value / scale]))[0]) * scale for value in block]
    assert np.array_equal(form.round(np.array(values)), expected)


def test_a_block_keeps_its_shape_and_its_bits_count_the_scale() -> None:
    form = by_name("mxfp4")
    values = np.linspace(-1, 1, 3 * 5 * 40).reshape(3, 5, 40)
    rounded = form.round(values)
    assert rounded.shape == values.shape
    assert form.bits == 4.25
    # Under a block's scale its largest lies in [4, 8): it may saturate from just below 8 to 6, a quarter of it.
    assert np.abs(rounded - values).max() <= 0.25


def test_a_block_with_an_infinity_is_not_a_number() -> None:
    values = np.ones(64)
    values[3] = np.inf
    rounded = by_name("mxfp8").round(values)
    assert np.isnan(rounded[:32]).all()
    assert np.array_equal(rounded[32:], np.ones(32))


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        by_name("fp5")

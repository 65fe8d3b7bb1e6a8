"""Faults of sigmoid, tanh and softmax: named where they were planted, each computed one by one in plain Python."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_zoo import quantized, spec_of
from test_causes import cause

from specc.numerics import golden
from specc.numerics.causes import NO_CAUSE
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.spec.model import LayerSpec, QuantizationRow

CURVES = ("sigmoid", "tanh")
FUNCTIONS = {"sigmoid": lambda x: 1 / (1 + math.exp(-x)), "tanh": math.tanh}


def made(kind: str, bits: int) -> QuantizedNetwork:
    """A layer of that kind behind another whose output has a zero point of its own."""
    layers = [LayerSpec(name="a", kind="dense", units=40, activation="relu6"), LayerSpec(name="y", kind=kind)]
    return quantized(spec_of(layers, (6,), [QuantizationRow(layer="*", bits=bits)]))


def tensors_of(network: QuantizedNetwork) -> dict[str, IntArray]:
    form = network.formats["x"]
    return golden.run(network, np.random.default_rng(5).integers(form.low, form.high + 1, (40, 6)))


NETWORKS = {(kind, bits): made(kind, bits) for kind in (*CURVES, "softmax") for bits in (8, 12)}
TENSORS = {key: tensors_of(network) for key, network in NETWORKS.items()}


def codes_of(kind: str, bits: int, one: Callable[[float], int], *, zero_point: int | None = None) -> IntArray:
    """`one` gives the output's code of a real input."""
    network, tensors = NETWORKS[kind, bits], TENSORS[kind, bits]
    source = network.formats["a"]
    zero = source.zero_point if zero_point is None else zero_point
    return np.vectorize(lambda code: one(source.scale * (int(code) - zero)))(tensors["a"])


def said(kind: str, bits: int, found: IntArray) -> str:
    return cause(NETWORKS[kind, bits], TENSORS[kind, bits], "y", found)


def rounded(kind: str, bits: int) -> Callable[[float], int]:
    form = NETWORKS[kind, bits].formats["y"]
    return lambda y: max(form.low, min(form.high, math.floor(y / form.scale + 0.5) + form.zero_point))


@pytest.mark.parametrize(("kind", "other"), [CURVES, CURVES[::-1]])
def test_the_table_of_the_other_function(kind: str, other: str) -> None:
    code = rounded(kind, 8)
    assert said(kind, 8, codes_of(kind, 8, lambda x: code(FUNCTIONS[other](x)))) == f"table: it is that of {other}"


@pytest.mark.parametrize("kind", CURVES)
def test_the_zero_point_of_the_input(kind: str) -> None:
    code = rounded(kind, 8)
    assert NETWORKS[kind, 8].formats["a"].zero_point
    found = codes_of(kind, 8, lambda x: code(FUNCTIONS[kind](x)), zero_point=0)
    assert said(kind, 8, found) == "zero point: the input's is not taken off"


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("bits", [8, 12])
def test_values_that_are_cut_off(kind: str, bits: int) -> None:
    form = NETWORKS[kind, bits].formats["y"]

    def cut(x: float) -> int:
        return max(form.low, min(form.high, math.floor(FUNCTIONS[kind](x) / form.scale) + form.zero_point))

    assert said(kind, bits, codes_of(kind, bits, cut)) == "rounding: the fraction is cut off downwards"


def test_a_probability_of_one_that_wraps() -> None:
    """tanh(6) is 1, which 8 bits in steps of 1/128 do not hold: 128 becomes -128."""
    form = NETWORKS["tanh", 8].formats["y"]
    found = codes_of("tanh", 8, lambda x: (math.floor(math.tanh(x) / form.scale + 0.5) + 128) % 256 - 128)
    assert said("tanh", 8, found) == "saturation: codes wrap instead of being clamped"


@pytest.mark.parametrize("kind", CURVES)
def test_a_table_read_at_another_place(kind: str) -> None:
    network, x = NETWORKS[kind, 8], TENSORS[kind, 8]["a"]
    table = network.numbers["y"].table
    assert table is not None
    held = {code - 128: int(value) for code, value in enumerate(table)}
    late = np.vectorize(lambda code: held[min(code + 1, 127)])(x)
    assert said(kind, 8, late) == "table: it is read one entry too late"
    early = np.vectorize(lambda code: held[max(code - 1, -128)])(x)
    assert said(kind, 8, early) == "table: it is read one entry too early"
    unsigned = np.vectorize(lambda code: int(table[int(code) % 256]))(x)  # an index that C took as uint8_t
    assert said(kind, 8, unsigned) == "table: the code that it is read with is taken as unsigned"


@pytest.mark.parametrize("kind", CURVES)
def test_a_damaged_entry(kind: str) -> None:
    x, right = TENSORS[kind, 8]["a"], TENSORS[kind, 8]["y"]
    codes, counts = np.unique(x, return_counts=True)
    worst = int(codes[np.argmax(counts)])
    found = np.where(x == worst, right ^ 16, right)
    value = int(right[x == worst][0])
    assert said(kind, 8, found).startswith(
        f"table: 1 of its 256 entries is wrong, the first is that of code {worst}: {value ^ 16}, not {value}"
    )


@pytest.mark.parametrize("kind", CURVES)
def test_no_interpolation(kind: str) -> None:
    network, x = NETWORKS[kind, 12], TENSORS[kind, 12]["a"]
    own = network.numbers["y"]
    assert own.table is not None

    def nearest_below(code: int) -> int:
        place = max(own.table_first, min(own.table_last, int(code))) - own.table_first
        return max(own.clamp_low, min(own.clamp_high, math.floor(own.table[place >> own.table_shift] / 128 + 0.5)))

    found = np.vectorize(nearest_below)(x)
    assert said(kind, 12, found) == "table: nothing is interpolated between its entries"


# ---- softmax ----


def softmax(bits: int, share: Callable[[int, int], int], power: Callable[[float], float] = math.exp) -> IntArray:
    """`share` gives the code of a part of a sum; parts are rounded as the golden model rounds them."""
    network, x = NETWORKS["softmax", bits], TENSORS["softmax", bits]["a"]
    scale, unit = network.formats["a"].scale, 1 << golden.softmax_table_shift(bits)
    found = np.zeros_like(x)
    for number, row in enumerate(x.tolist()):
        parts = [_part(max(row) - code, scale, unit, power, wide=bits > 8) for code in row]
        found[number] = [share(part, sum(parts)) for part in parts]
    return found


def _part(distance: int, scale: float, unit: int, power: Callable[[float], float], *, wide: bool) -> int:
    if not wide:
        return round(power(-distance * scale) * unit)
    high, low = (round(power(-part * scale) * unit) for part in (distance // 256 * 256, distance % 256))
    return (high * low + unit // 2) // unit


def half_up(bits: int) -> Callable[[int, int], int]:
    half = 1 << (bits - 1)
    return lambda part, total: min(half - 1, (part * 2 * half + total // 2) // total - half)


@pytest.mark.parametrize("bits", [8, 12])
def test_quotients_that_are_cut_off(bits: int) -> None:
    half = 1 << (bits - 1)
    assert np.array_equal(softmax(bits, half_up(bits)), TENSORS["softmax", bits]["y"])  # the loops are right
    found = softmax(bits, lambda part, total: min(half - 1, part * 2 * half // total - half))
    assert said("softmax", bits, found) == "rounding: the quotient is cut off"


@pytest.mark.parametrize("bits", [8, 12])
def test_another_base(bits: int) -> None:
    found = softmax(bits, half_up(bits), power=lambda x: 2.0**x)
    assert said("softmax", bits, found) == "exponentials: powers of 2, not of e"
    found = softmax(bits, half_up(bits), power=lambda x: math.exp(x / 2))
    assert said("softmax", bits, found) == "exponentials: powers of half the distance"


def test_codes_of_a_softmax_that_are_all_off() -> None:
    right = TENSORS["softmax", 8]["y"]
    assert said("softmax", 8, np.clip(right + 2, -128, 127)) == "zero point: every code is off by +2 before the clamp"


def test_the_low_half_of_the_exponentials_left_out() -> None:
    network, x = NETWORKS["softmax", 12], TENSORS["softmax", 12]["a"]
    table = network.numbers["y"].table
    assert table is not None
    found = np.zeros_like(x)
    unit = 1 << golden.softmax_table_shift(12)
    for number, row in enumerate(x.tolist()):
        parts = [(int(table[(max(row) - code) // 256]) * unit + unit // 2) // unit for code in row]
        found[number] = [half_up(12)(part, sum(parts)) for part in parts]
    assert said("softmax", 12, found) == "exponentials: the low byte of the distance is left out"


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    key=st.sampled_from(sorted(NETWORKS)),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    size=st.sampled_from([1, 5, 127]),
)
def test_noise_has_no_cause(seed: int, key: tuple[str, int], share: float, size: int) -> None:
    draw = np.random.default_rng(seed)
    right = TENSORS[key]["y"]
    noise = draw.integers(1, size + 1, right.shape) * draw.choice([-1, 1], right.shape)
    where = draw.random(right.shape) < share
    where.flat[draw.integers(right.size)] = True
    form = NETWORKS[key].formats["y"]
    found = np.clip(right + noise * where, form.low, form.high)
    if not np.array_equal(found, right):
        assert said(*key, found).startswith(NO_CAUSE)

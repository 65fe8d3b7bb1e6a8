"""Sigmoid and tanh by tables: against the functions of Python's `math`, and against the documented arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from network_zoo import quantized, spec_of

from specc.numerics import golden, reference
from specc.numerics.inputs import draw_inputs
from specc.numerics.layer_numbers import unweighted_numbers
from specc.numerics.quantize import CALIBRATION_INPUTS, real_parameters
from specc.numerics.quantized import IntArray, TensorFormat
from specc.numerics.tables import function, slope
from specc.spec.model import LayerSpec, QuantizationRow

FUNCTIONS = {"sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0, "tanh": math.tanh}


def output_of(kind: str, source: TensorFormat, out: TensorFormat, codes: IntArray) -> IntArray:
    network = quantized(spec_of([LayerSpec(name="y", kind=kind)], (4,), [QuantizationRow(layer="*", bits=8)]))
    layer = network.network.layer("y")
    numbers = unweighted_numbers(layer, {"x": source, "y": out})
    return golden.tabulated(codes, numbers, source.bits)


def exact(kind: str, code: int, source: TensorFormat, out: TensorFormat) -> float:
    """The output's code before it is rounded and clamped."""
    return FUNCTIONS[kind](source.scale * (code - source.zero_point)) / out.scale + out.zero_point


@st.composite
def formats(draw: st.DrawFn, widths: st.SearchStrategy[int], scales: tuple[float, float]) -> TensorFormat:
    bits = draw(widths)
    half = 1 << (bits - 1)
    scale = 2.0 ** draw(st.floats(math.log2(scales[0]), math.log2(scales[1])))
    zero_point = draw(st.sampled_from([0, -half, half - 1, 3 % half]))
    if draw(st.booleans()):
        return TensorFormat(scale, zero_point, bits, -half, half - 1)
    narrow = draw(st.integers(1, half - 1))  # a range that is narrower than the width
    return TensorFormat(scale, 0, bits, -narrow, narrow)


@settings(max_examples=200)
@given(
    kind=st.sampled_from(["sigmoid", "tanh"]),
    source=formats(st.integers(2, 8), (1e-4, 4)),
    out=formats(st.integers(2, 16), (1e-6, 1)),
)
def test_narrow_codes_are_rounded_exactly(kind: str, source: TensorFormat, out: TensorFormat) -> None:
    codes = np.arange(source.low, source.high + 1)
    found = output_of(kind, source, out, codes)
    for code, y in zip(codes.tolist(), found.tolist(), strict=True):
        real = exact(kind, code, source, out)
        assume(abs(real % 1 - 0.5) > 1e-6 or not out.low < real < out.high)  # two libraries may differ at a tie
        assert y == max(out.low, min(out.high, math.floor(real + 0.5)))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["sigmoid", "tanh"]),
    source=formats(st.integers(9, 16), (1e-6, 4)),
    out=formats(st.integers(2, 16), (1e-6, 1)),
    seed=st.integers(0, 1000),
)
@example("tanh", TensorFormat(1e-9, 0, 16, -32768, 32767), TensorFormat(2**-7, 0, 8, -128, 127), 0)  # constant
@example("sigmoid", TensorFormat(1e3, 0, 16, -32768, 32767), TensorFormat(2**-16, -32768, 16, -32768, 32767), 0)
def test_wide_codes_are_within_one_code(kind: str, source: TensorFormat, out: TensorFormat, seed: int) -> None:
    draws = np.random.default_rng(seed).integers(source.low, source.high + 1, 2000)
    near = np.clip(source.zero_point + np.arange(-500, 500), source.low, source.high)
    codes = np.concatenate([draws, near, [source.low, source.high]])
    found = output_of(kind, source, out, codes)
    assert out.low <= found.min() and found.max() <= out.high
    for code, y in zip(codes.tolist(), found.tolist(), strict=True):
        real = max(out.low, min(out.high, exact(kind, code, source, out)))
        assert abs(y - real) <= 1.5 + 1e-6


@pytest.mark.parametrize("kind", ["sigmoid", "tanh"])
@pytest.mark.parametrize("scale", [2**-15, 2**-12, 2**-9, 0.01])
def test_a_table_of_sixteen_bits_is_small_and_rises(kind: str, scale: float) -> None:
    source = TensorFormat(scale, 0, 16, -(2**15), 2**15 - 1)
    fraction, zero = (16, -(2**15)) if kind == "sigmoid" else (15, 0)
    out = TensorFormat(2.0**-fraction, zero, 16, -(2**15), 2**15 - 1)
    network = quantized(spec_of([LayerSpec(name="y", kind=kind)], (4,), [QuantizationRow(layer="*", bits=16)]))
    numbers = unweighted_numbers(network.network.layer("y"), {"x": source, "y": out})
    assert numbers.table is not None and 4 * numbers.table.size <= 5000  # bytes
    found = golden.tabulated(np.arange(source.low, source.high + 1), numbers, 16)
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["sigmoid", "tanh"])
def test_real_functions_and_slopes(kind: str, dtype: type[np.floating]) -> None:
    x = np.array([-1e4, -90, -20, -1.5, -1e-3, 0, 1e-3, 0.7, 20, 90, 1e4], dtype)
    y = function(kind, x)
    assert y.dtype == dtype
    np.testing.assert_allclose(
        y, [FUNCTIONS[kind](float(value)) for value in x], rtol=1e-5 if dtype == np.float32 else 1e-14
    )
    step = 1e-5
    for value in (-3.0, -0.5, 0.0, 1.2):
        quotient = (FUNCTIONS[kind](value + step) - FUNCTIONS[kind](value - step)) / (2 * step)
        assert slope(kind, np.array(FUNCTIONS[kind](value))) == pytest.approx(quotient, rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "row", "scale", "zero"),
    [
        ("sigmoid", QuantizationRow(layer="*", bits=8), 2**-8, -128),
        ("tanh", QuantizationRow(layer="*", bits=8), 2**-7, 0),
        ("tanh", QuantizationRow(layer="*", bits=12, guard=1), 2**-12, 0),
        ("sigmoid", QuantizationRow(layer="*", bits=12, range=2.0, step=0.001), 0.001, 0),
    ],
)
def test_calibrated_outputs_have_the_range_of_the_function(
    kind: str, row: QuantizationRow, scale: float, zero: int
) -> None:
    """A row with a step keeps it: what reads the layer is promised those codes."""
    network = quantized(spec_of([LayerSpec(name="y", kind=kind)], (4,), [row]))
    assert (network.formats["y"].scale, network.formats["y"].zero_point) == (scale, zero)


@pytest.mark.parametrize("bits", [8, 12, 14])  # sums of wider products would wrap
def test_a_network_comes_close_to_real_numbers(bits: int) -> None:
    layers = [
        LayerSpec(name="a", kind="dense", units=6),
        LayerSpec(name="t", kind="tanh"),
        LayerSpec(name="b", kind="dense", units=4),
        LayerSpec(name="s", kind="sigmoid"),
    ]
    spec = spec_of(layers, (5,), [QuantizationRow(layer="*", bits=bits)])
    network = quantized(spec)
    x = draw_inputs(spec.model.input, CALIBRATION_INPUTS, 1)  # what saturates none of the calibrated ranges
    form = network.formats["x"]
    codes = np.clip(np.rint(x / form.scale) + form.zero_point, form.low, form.high).astype(np.int64)
    real = form.scale * (codes - form.zero_point)
    expected = reference.run(network.network, real_parameters(spec, network.network), real, np.float64)
    found = golden.run(network, codes)
    own = network.formats["s"]
    error = own.scale * (found["s"] - own.zero_point) - expected["s"]
    assert np.abs(error).max() < 6 * 2.0**-bits

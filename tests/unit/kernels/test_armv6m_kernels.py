"""The kernels for the Cortex-M0+ on the virtual board: every code of every layer is the integer golden model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_networks import EIGHT_BITS, Widths, differing_layers, side_by_side
from test_dsp_kernels import ADD, conv, dense

from specc.codegen import armv6m
from specc.codegen.choice import alternatives
from specc.codegen.generate import kernel_names
from specc.codegen.kernels import ARMV6M
from specc.codegen.toolchain import Toolchain
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.model import LayerSpec


def depthwise(kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), padding: str = "same") -> LayerSpec:
    return LayerSpec(name="a", kind="dwconv", kernel=kernel, stride=stride, padding=padding)


CASES = [
    ((5, 7, 1), [conv(1, (1, 1)), conv(5, (3, 3)), conv(6, (4, 2), (2, 2)), conv(3, (5, 7), padding="valid")]),
    ((4, 3, 5), [conv(4, (3, 3), (2, 2)), conv(7, (1, 1), (2, 2)), conv(2, (1, 1))]),
    ((4, 8, 18), [conv(3, (3, 3)), conv(2, (3, 4), (1, 2)), conv(2, (2, 2), (3, 3)), conv(2, (3, 7), padding="valid")]),
    ((3, 1, 5), [depthwise((3, 3)), depthwise((2, 1)), depthwise((3, 1), padding="valid")]),
    ((3, 4, 260), [depthwise((3, 3)), depthwise((3, 3), (2, 2)), depthwise((2, 3), padding="valid")]),
    *(
        ((4, width, 3), [depthwise((3, 3)), depthwise((3, 3), (2, 2)), depthwise((3, 3), (1, 3), "valid")])
        for width in (3, 5, 7, 9, 13)
    ),
    ((9, 11, 2), [depthwise((5, 5)), depthwise((4, 2), (1, 2)), depthwise((1, 7)), depthwise((7, 4), padding="valid")]),
    ((7, 3, 2), [ADD, ADD, ADD]),
    ((19,), [dense(1), dense(4), dense(10)]),
    ((120,), [dense(3), dense(8)]),
]
IDS = ["x".join(map(str, shape)) for shape, _ in CASES]


def variants(network: QuantizedNetwork) -> list[dict[str, str]]:
    """Kernels of the family for each layer, until each has had all of its own."""
    own = {
        layer.name: [str(kernel) for kernel in alternatives(network, layer, ARMV6M) if kernel.family == ARMV6M]
        for layer in network.network.layers
    }
    most = max(map(len, own.values()))
    return [{name: kernels[place % len(kernels)] for name, kernels in own.items() if kernels} for place in range(most)]


@pytest.mark.parametrize(("shape", "layers"), CASES, ids=IDS)
def test_every_code(toolchain: Toolchain, tmp_path: Path, shape: tuple[int, ...], layers: list[LayerSpec]) -> None:
    network = side_by_side(shape, layers, seed=sum(shape))
    for place, fixed in enumerate(variants(network)):
        assert differing_layers(toolchain, tmp_path / str(place), network, "cortex-m0+", fixed=fixed) == [], fixed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flag", "widths"),
    [
        ("-O0", EIGHT_BITS),
        ("-Os", Widths(weights=4)),
        ("-O3", Widths(weights=2)),
        ("-O2", Widths(accumulator=20)),
        ("-O2", Widths(codes=16)),
        ("-O2", Widths(clamps=(-7, 90))),
    ],
)
def test_other_widths_and_levels_of_optimisation(
    toolchain: Toolchain, tmp_path: Path, flag: str, widths: Widths
) -> None:
    for number, (shape, layers) in enumerate(CASES):
        network = side_by_side(shape, layers, seed=number, widths=widths)
        for place, fixed in enumerate(variants(network)):
            folder = tmp_path / f"{number}-{place}"
            assert differing_layers(toolchain, folder, network, "cortex-m0+", flag, fixed=fixed) == [], fixed


def test_the_layers_that_three_positions_compute() -> None:
    layers = [conv(4, (3, 3)), conv(4, (1, 5), padding="valid")]
    assert kernel_names(side_by_side((3, 5, 2), layers, seed=1), ARMV6M) == {
        "n0": "armv6m/conv_three",
        "n1": "armv6m/conv",  # one position in a row
    }
    assert kernel_names(side_by_side((3, 5, 2), layers, 1, Widths(codes=16)), ARMV6M)["n0"] == "armv6m/conv"


def test_sums_at_the_end_of_21_bits(toolchain: Toolchain, tmp_path: Path) -> None:
    """64 weights of 127 and one of 64, times the lowest code, are -2^20; with the other sign it takes two segments."""
    network = side_by_side((1, 4, 65), [conv(2, (1, 1)), conv(2, (1, 1))], seed=3)
    for name, sign in (("n0", 1), ("n1", -1)):
        weights = network.numbers[name].weights
        assert weights is not None
        weights[...] = 127 * sign
        weights[..., 0] = 64 * sign
    packed = [network.network.layer(name) for name in ("n0", "n1")]
    segments = [armv6m.PACKERS["conv"]["conv_three"](network, layer) for layer in packed]
    assert [one.macros["SEGMENTS"] for one in segments if one] == [1, 2]
    assert differing_layers(toolchain, tmp_path, network, "cortex-m0+") == []


@given(st.data())
def test_no_sum_of_a_segment_leaves_21_bits(data: st.DataObject) -> None:
    """Whatever the codes; and the segments are as few as can be."""
    taps, step = data.draw(st.integers(1, 300)), data.draw(st.sampled_from([4, 8]))
    magnitude = data.draw(st.integers(1, 128))
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    weights = draw.integers(-magnitude, magnitude, (3, taps))
    segment = armv6m.segment_taps(weights, (-128, 127), step)

    def within(length: int) -> bool:
        return all(
            sum(min(-128 * w, 127 * w) for w in part) >= -(2**20) and sum(max(-128 * w, 127 * w) for w in part) < 2**20
            for row in weights.tolist()
            for part in (row[start : start + length] for start in range(0, taps, length))
        )

    count = -(-taps // segment)
    assert segment % step == 0 and within(segment)
    assert not any(within(-(-taps // (fewer * step)) * step) for fewer in range(1, count))

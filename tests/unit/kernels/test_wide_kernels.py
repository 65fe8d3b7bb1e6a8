"""Kernels of the DSP extension for codes of up to 16 bits, and for what no faster kernel computes: every code."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel_networks import Widths, differing_layers, side_by_side
from test_dsp_kernels import CONVOLUTIONS, DENSE, conv, dense

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import DSP
from specc.codegen.toolchain import Toolchain
from specc.spec.model import LayerSpec


def depthwise(kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), padding: str = "same") -> LayerSpec:
    return LayerSpec(name="a", kind="dwconv", kernel=kernel, stride=stride, padding=padding)


Case = tuple[tuple[int, ...], list[LayerSpec]]

# Odd and even counts of channels and of positions, filters that are no multiple of four, a single position.
WINDOWS: list[Case] = [
    ((5, 7, 3), [conv(5, (3, 3)), conv(8, (2, 4), (2, 2)), conv(3, (5, 7), padding="valid"), conv(6, (1, 1))]),
    ((4, 6, 8), [conv(4, (3, 3)), conv(7, (1, 1)), depthwise((5, 3)), depthwise((2, 4), (1, 2)), depthwise((1, 1))]),
    ((7, 5, 4), [depthwise((3, 3)), depthwise((5, 4), (2, 1)), depthwise((4, 3), padding="valid"), conv(9, (2, 3))]),
]
VECTORS: Case = ((37,), [dense(1), dense(4), dense(11)])
WIDTHS = {
    "16 bits": Widths(16, 16),
    "16 bits, accumulators of 24": Widths(16, 16, accumulator=24),
    "12 bits, from 0": Widths(12, 12, clamps=(0, 2047)),
    "8 bits, to odd ends": Widths(8, 8, clamps=(-100, 77)),
    "16 by 8 bits": Widths(16, 8),
}


@pytest.mark.parametrize("name", WIDTHS)
def test_every_code(toolchain: Toolchain, tmp_path: Path, name: str) -> None:
    widths = WIDTHS[name]
    cases = [WINDOWS[len(name) % 2], WINDOWS[2], VECTORS] if widths.codes > 8 else WINDOWS[1:]
    for number, (shape, layers) in enumerate(cases):
        network = side_by_side(shape, layers, sum(shape), widths)
        assert all(kernel.endswith("_any") for kernel in kernel_names(network, DSP).values())
        assert differing_layers(toolchain, tmp_path / str(number), network) == []


@pytest.mark.slow
@pytest.mark.parametrize(("core", "flag"), [("cortex-m4", "-O0"), ("cortex-m7", "-O2"), ("cortex-m33", "-Os")])
def test_more_shapes_and_levels_of_optimisation(toolchain: Toolchain, tmp_path: Path, core: str, flag: str) -> None:
    for number, (shape, layers) in enumerate([*WINDOWS, *CONVOLUTIONS, *DENSE]):
        for name, widths in WIDTHS.items():
            network = side_by_side(shape, layers, number, widths)
            assert differing_layers(toolchain, tmp_path / f"{number} {name}", network, core, flag) == []


def test_channels_that_fill_no_words_are_left_to_the_generic_kernel() -> None:
    network = side_by_side((5, 7, 3), [depthwise((2, 2))], seed=1, widths=Widths(16, 16))
    assert kernel_names(network, DSP) == {"n0": "generic/dwconv"}


def test_weights_that_fill_no_half_together_take_16_bits_each(toolchain: Toolchain, tmp_path: Path) -> None:
    """-128 of a filter above -1 of the one before it is -32,769."""
    network = side_by_side((5, 7, 4), [conv(4, (3, 3))], seed=1, widths=Widths(symmetric=True))
    weights = network.numbers["n0"].weights
    assert weights is not None and kernel_names(network, DSP) == {"n0": "dsp/conv"}
    weights[1, 0, 0, 0], weights[0, 0, 0, 0] = -128, 0
    assert kernel_names(network, DSP) == {"n0": "dsp/conv"}
    weights[0, 0, 0, 0] = -1
    assert kernel_names(network, DSP) == {"n0": "dsp/conv_any"}
    assert differing_layers(toolchain, tmp_path, network) == []

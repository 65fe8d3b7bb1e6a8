"""Pools of the DSP extension on the virtual board: every code of every layer is the integer golden model's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from kernel_networks import Widths, differing_layers, side_by_side
from test_dsp_kernels import conv

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import DSP
from specc.codegen.toolchain import Toolchain
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.model import LayerSpec


def pool(kind: str, kernel: tuple[int, int], stride: tuple[int, int], padding: str = "valid") -> LayerSpec:
    return LayerSpec(name="a", kind=kind, kernel=kernel, stride=stride, padding=padding)


LARGEST = [pool("maxpool", (2, 2), (2, 2)), pool("maxpool", (3, 2), (1, 2), "same"), pool("maxpool", (1, 1), (1, 1))]
MEANS = [pool("avgpool", (2, 3), (1, 2)), pool("avgpool", (5, 51), (1, 1)), pool("avgpool", (1, 1), (2, 1))]


def drawn(shape: tuple[int, ...], layers: list[LayerSpec], widths: Widths) -> QuantizedNetwork:
    """With outputs of pools that are clamped, and in the format of their input where nothing rescales them."""
    network = side_by_side(shape, [*layers, conv(4, (1, 1))], sum(shape), widths)  # only layers with weights say widths
    half = 1 << (widths.codes - 1)
    draw = np.random.default_rng(1)
    formats, numbers = dict(network.formats), dict(network.numbers)
    for layer in network.network.layers:
        if layer.kind == "conv":
            continue
        clamps = {"clamp_low": int(draw.integers(-half, 0)), "clamp_high": int(draw.integers(0, half))}
        numbers[layer.name] = dataclasses.replace(numbers[layer.name], **clamps)
        if layer.kind == "avgpool":  # a mean times about 1
            elements = layer.kernel[0] * layer.kernel[1]
            shift = 29 + elements.bit_length()
            own = {"multipliers": np.array([(1 << shift) // elements]), "shifts": np.array([shift])}
            numbers[layer.name] = dataclasses.replace(numbers[layer.name], **own)
        elif layer.kind == "maxpool":
            formats[layer.name] = formats[network.network.input]
    return dataclasses.replace(network, formats=formats, numbers=numbers)


@pytest.mark.parametrize(
    ("shape", "layers", "widths"),
    [
        pytest.param((5, 7, 8), LARGEST, Widths(8), id="largest, 8 bits"),
        pytest.param((5, 7, 6), LARGEST, Widths(16), id="largest, 16 bits"),
        pytest.param((6, 51, 4), MEANS, Widths(8), id="means"),
    ],
)
def test_every_code(
    toolchain: Toolchain, tmp_path: Path, shape: tuple[int, ...], layers: list[LayerSpec], widths: Widths
) -> None:
    network = drawn(shape, layers, widths)
    assert {name.split("/")[0] for name in kernel_names(network, DSP).values()} == {DSP}
    assert differing_layers(toolchain, tmp_path, network) == []


def test_sums_that_a_half_of_a_word_does_not_hold_are_left_to_the_generic_kernel() -> None:
    network = side_by_side((16, 16, 4), [pool("avgpool", (16, 16), (1, 1)), conv(4, (1, 1))], 1)
    assert kernel_names(network, DSP)["n0"] == "generic/avgpool"

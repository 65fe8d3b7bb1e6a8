"""The kernels for the DSP extension on the virtual board: every code of every layer is the integer golden model's."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel_networks import Widths, differing_layers, side_by_side

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import DSP
from specc.codegen.toolchain import Toolchain
from specc.spec.model import LayerSpec


def conv(units: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), padding: str = "same") -> LayerSpec:
    return LayerSpec(name="a", kind="conv", kernel=kernel, stride=stride, padding=padding, units=units)


def depthwise(stride: tuple[int, int] = (1, 1), padding: str = "same") -> LayerSpec:
    return LayerSpec(name="a", kind="dwconv", kernel=(3, 3), stride=stride, padding=padding)


def dense(units: int) -> LayerSpec:
    return LayerSpec(name="a", kind="dense", units=units)


ADD = LayerSpec(name="a", kind="add")


# Widths on both sides of every unrolling, odd and even counts of positions, of taps and of blocks of filters.
CONVOLUTIONS = [
    ((1, 2, 4), [conv(4, (1, 1))]),
    *(((1, 3, channels), [conv(4, (1, 1))]) for channels in (30, 32, 34)),
    ((5, 7, 1), [conv(4, (1, 1)), conv(8, (3, 3)), conv(4, (4, 2), (2, 2)), conv(4, (5, 6), padding="valid")]),
    ((4, 5, 3), [conv(4, (3, 3), (2, 2)), conv(12, (1, 1), (2, 2)), conv(4, (2, 3), padding="valid")]),
    ((6, 4, 8), [conv(8, (1, 1)), conv(4, (3, 3)), conv(4, (3, 3), (2, 2)), conv(4, (1, 3), (3, 1), "valid")]),
    ((3, 2, 20), [conv(4, (1, 1)), conv(16, (3, 2))]),
]
DEPTHWISE = [
    ((3, 1, 5), [depthwise()]),
    ((3, 3, 260), [depthwise(), depthwise((2, 2)), depthwise(padding="valid")]),
    *(
        ((4 + width % 2, width, 3), [depthwise(), depthwise((2, 2)), depthwise((1, 2)), depthwise(padding="valid")])
        for width in (4, 5, 9, 10, 11, 15, 16, 22)
    ),
]


DENSE = [((size,), [dense(units) for units in (1, 4, 6, 11)]) for size in (1, 6, 16, 37, 1040)]
ADDITIONS = [(shape, [ADD, ADD]) for shape in ((1,), (4,), (7, 3, 2))]
SYMMETRIC = Widths(symmetric=True)  # which weights of two filters in one half of a word have to be
ALL = CONVOLUTIONS + DEPTHWISE + DENSE + ADDITIONS
CASES = [pytest.param(shape, layers, id="x".join(map(str, shape))) for shape, layers in ALL]


@pytest.mark.parametrize(("shape", "layers"), CASES)
def test_every_code_on_a_cortex_m4(
    toolchain: Toolchain, tmp_path: Path, shape: tuple[int, ...], layers: list[LayerSpec]
) -> None:
    network = side_by_side(shape, layers, sum(shape), SYMMETRIC)
    assert set(kernel_names(network, DSP).values()) <= {"dsp/conv", "dsp/dwconv", "dsp/dense", "dsp/add"}
    assert differing_layers(toolchain, tmp_path, network) == []


@pytest.mark.parametrize(("shape", "layers"), [pytest.param(*case, id=str(case[0])) for case in CONVOLUTIONS[-3:]])
def test_every_code_where_loads_stand_apart(
    toolchain: Toolchain, tmp_path: Path, shape: tuple[int, ...], layers: list[LayerSpec]
) -> None:
    network = side_by_side(shape, layers, sum(shape), SYMMETRIC)
    assert differing_layers(toolchain, tmp_path, network, "cortex-m7") == []


def test_the_lowest_weights_of_units_that_share_words(toolchain: Toolchain, tmp_path: Path) -> None:
    network = side_by_side(*DENSE[-1], seed=37)
    assert set(kernel_names(network, DSP).values()) == {"dsp/dense", "dsp/dense_bytes"}
    assert differing_layers(toolchain, tmp_path, network) == []


@pytest.mark.slow
@pytest.mark.parametrize(("core", "flag"), [("cortex-m7", "-O2"), ("cortex-m33", "-Os"), ("cortex-m4", "-O0")])
def test_other_cores_and_levels_of_optimisation(toolchain: Toolchain, tmp_path: Path, core: str, flag: str) -> None:
    for number, (shape, layers) in enumerate(ALL):
        network = side_by_side(shape, layers, sum(shape) + 1, SYMMETRIC)
        assert differing_layers(toolchain, tmp_path / str(number), network, core, flag) == []

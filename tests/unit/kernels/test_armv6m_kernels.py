"""The kernels for the Cortex-M0+ on the virtual board: every code of every layer is the integer golden model's."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel_networks import differing_layers, side_by_side
from test_dsp_kernels import conv, dense

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import ARMV6M
from specc.codegen.toolchain import Toolchain
from specc.spec.model import LayerSpec

CASES = [
    ((5, 7, 1), [conv(1, (1, 1)), conv(5, (3, 3)), conv(6, (4, 2), (2, 2)), conv(3, (5, 7), padding="valid")]),
    ((4, 3, 5), [conv(4, (3, 3), (2, 2)), conv(7, (1, 1), (2, 2)), conv(2, (1, 1))]),
    ((19,), [dense(1), dense(4), dense(10)]),
]


@pytest.mark.parametrize(("shape", "layers"), CASES, ids=["5x7x1", "4x3x5", "19"])
def test_every_code(toolchain: Toolchain, tmp_path: Path, shape: tuple[int, ...], layers: list[LayerSpec]) -> None:
    network = side_by_side(shape, layers, seed=sum(shape))
    assert set(kernel_names(network, ARMV6M).values()) <= {"armv6m/conv", "armv6m/dense"}
    assert differing_layers(toolchain, tmp_path, network, "cortex-m0+") == []

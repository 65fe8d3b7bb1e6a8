"""Kernels for weights of up to 4 bits, several in a byte of flash: every code is the integer golden model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_networks import Widths, differing_layers, side_by_side
from test_dsp_kernels import CONVOLUTIONS, DENSE, conv, dense, depthwise

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import ARMV6M, DSP, GENERIC, family_of
from specc.codegen.packed import in_words
from specc.codegen.toolchain import Toolchain
from specc.spec.model import LayerSpec

Case = tuple[tuple[int, ...], list[LayerSpec]]
AS_MUCH_AS_CAN_BE = 1 << 30  # bytes of flash to spare

# With filters that are no multiple of four, which some families leave to the generic kernel.
WINDOWS: Case = (
    (5, 7, 3),
    [conv(4, (3, 3)), conv(8, (1, 2)), conv(12, (4, 2), (2, 2)), conv(7, (2, 3)), depthwise((2, 1))],
)
VECTORS: Case = ((37,), [dense(1), dense(4), dense(11)])
WIDTHS = [
    Widths(codes=8, weights=4),
    Widths(codes=8, weights=2),
    Widths(codes=4, weights=4, clamps=(0, 7)),
    Widths(codes=3, weights=3),
    Widths(codes=16, weights=4),
]


@pytest.mark.parametrize("case", [WINDOWS, VECTORS], ids=["windows", "vectors"])
@pytest.mark.parametrize(
    ("core", "widths"),
    [
        *(pytest.param("cortex-m4", one, id=f"m4, {one.codes} by {one.weights}") for one in WIDTHS),
        *(pytest.param("cortex-m0+", one, id=f"m0+, {one.codes} by {one.weights}") for one in WIDTHS[:2]),
    ],
)
def test_every_code(toolchain: Toolchain, tmp_path: Path, core: str, widths: Widths, case: Case) -> None:
    network = side_by_side(*case, seed=sum(case[0]), widths=widths)
    kernels = kernel_names(network, family_of(core, has_dsp=True), AS_MUCH_AS_CAN_BE)
    assert all(kernel.endswith("_fields") for kernel in kernels.values())
    assert differing_layers(toolchain, tmp_path, network, core, spare_flash=AS_MUCH_AS_CAN_BE) == []


@pytest.mark.slow
@pytest.mark.parametrize(("core", "flag"), [("cortex-m4", "-O0"), ("cortex-m7", "-O2"), ("cortex-m0+", "-Os")])
def test_more_shapes_and_levels_of_optimisation(toolchain: Toolchain, tmp_path: Path, core: str, flag: str) -> None:
    for number, (shape, layers) in enumerate(CONVOLUTIONS + DENSE):
        for widths in WIDTHS:
            network = side_by_side(shape, layers, number, widths)
            folder = tmp_path / f"{number}-{widths.codes}-{widths.weights}"
            assert differing_layers(toolchain, folder, network, core, flag, spare_flash=AS_MUCH_AS_CAN_BE) == []


def test_families_have_their_own() -> None:
    network = side_by_side(*WINDOWS, seed=1, widths=Widths(weights=4))
    three = "armv6m/conv_three_fields"
    for family, first, last in (
        (DSP, "dsp/conv_fields", "generic/conv_fields"),
        (ARMV6M, three, three),
        (GENERIC, "generic/conv_fields", "generic/conv_fields"),
    ):
        kernels = kernel_names(network, family, AS_MUCH_AS_CAN_BE)
        assert (kernels["n0"], kernels["n3"]) == (first, last)


def test_weights_of_more_than_4_bits_stay_bytes() -> None:
    network = side_by_side(*WINDOWS, seed=1, widths=Widths(weights=5))
    assert not any("fields" in kernel for kernel in kernel_names(network, DSP, AS_MUCH_AS_CAN_BE).values())


def test_sums_that_would_leave_32_bits_are_left_to_the_generic_kernel() -> None:
    """Weights of 2 bits of every fourth filter raise its sums by 6 bits: a bias near 2**26 has no room for that.

    Sums around that bias make two codes, 63 and 64; if they made one, the channel would need neither weights nor bias.
    """
    network = side_by_side((3, 3, 4), [conv(4, (3, 3))], seed=1, widths=Widths(weights=2))
    assert kernel_names(network, DSP, AS_MUCH_AS_CAN_BE) == {"n0": "dsp/conv_fields"}
    numbers = network.numbers["n0"]
    assert numbers.bias is not None
    numbers.bias[3], numbers.multipliers[3], numbers.shifts[3] = (1 << 26) - (1 << 19), 1 << 30, 50
    assert kernel_names(network, DSP, AS_MUCH_AS_CAN_BE) == {"n0": "generic/conv_fields"}


@given(st.sampled_from([2, 4, 8]), st.data())
def test_fields_of_words(bits: int, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1), min_size=1, max_size=40))
    words = in_words(np.array(codes), bits)
    assert len(words) == -(-len(codes) * bits // 32) and words.min() >= -(2**31) and words.max() < 2**31
    whole = sum((int(word) % 2**32) << (32 * place) for place, word in enumerate(words))
    fields = [whole >> (bits * place) & ((1 << bits) - 1) for place in range(len(words) * 32 // bits)]
    signed = [field - (field >> (bits - 1) << bits) for field in fields]
    assert signed == codes + [0] * (len(signed) - len(codes))

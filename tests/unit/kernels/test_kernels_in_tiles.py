"""The kernels of every family in tiles, on the virtual board: every code is the integer golden model's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from kernel_networks import chain_by_rows, chain_in_tiles, differing_layers
from test_dsp_kernels import ADD, conv, depthwise
from test_rings import random_chain

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import DSP, family_of
from specc.codegen.toolchain import Toolchain
from specc.spec.model import LayerSpec

# Even and odd tiles, of one column, that do not come out even, with halos as wide as the tensor; rings of tensors that
# several layers read; strides that leave columns out.
CHAINS = [
    ((9, 12, 4), [depthwise(), conv(8, (1, 1)), depthwise((2, 1)), depthwise(padding="valid")], 4),
    ((12, 23, 3), [depthwise(padding="valid"), depthwise((2, 2)), depthwise()], 3),
    ((10, 13, 4), [depthwise(), conv(4, (3, 3)), ADD, depthwise(), conv(12, (5, 2), (2, 1))], 5),
    ((13, 17, 4), [conv(8, (1, 1)), conv(8, (3, 3)), ADD, depthwise((2, 2)), conv(5, (4, 3))], 1),
    ((8, 9, 5), [conv(8, (3, 3)), conv(4, (1, 1), (2, 2)), conv(4, (3, 3))], 2),
]
CASES = [pytest.param("cortex-m4", one, id="x".join(map(str, one[0]))) for one in CHAINS]
CASES += [pytest.param(core, CHAINS[2], id=core) for core in ("cortex-m7", "cortex-m33", "cortex-m0+")]


@pytest.mark.parametrize(("core", "chain"), CASES)
def test_every_code(
    toolchain: Toolchain, tmp_path: Path, core: str, chain: tuple[tuple[int, ...], list[LayerSpec], int]
) -> None:
    shape, layers, width = chain
    network = chain_in_tiles(shape, layers, sum(shape), width)
    family = family_of(core, has_dsp=True)
    assert any(name.startswith(family) for name in kernel_names(network, family).values())
    assert differing_layers(toolchain, tmp_path, network, core) == []


def test_a_tile_is_narrow_enough_for_a_kernel_that_its_layer_is_too_wide_for() -> None:
    """The quick depthwise kernel reaches 4,095 codes behind a row: not two rows of 48 columns of 48 codes."""
    layers = [conv(48, (1, 1)), depthwise()]
    whole, tiles = chain_by_rows((6, 48, 4), layers, 1), chain_in_tiles((6, 48, 4), layers, 1, 24)
    assert [kernel_names(network, DSP)["n1"] for network in (whole, tiles)] == ["dsp/dwconv_any", "dsp/dwconv"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("core", "flag"), [("cortex-m4", "-O2"), ("cortex-m7", "-O0"), ("cortex-m33", "-Os"), ("cortex-m0+", "-O2")]
)
def test_random_chains(toolchain: Toolchain, tmp_path: Path, core: str, flag: str) -> None:
    for seed in range(40):
        (height, columns, channels), layers = random_chain(seed)
        shape = (height, columns + 8, channels)  # room for tiles behind every stride
        network = chain_in_tiles(shape, layers, seed, random.Random(seed).randint(1, 2))
        assert differing_layers(toolchain, tmp_path / str(seed), network, core, flag) == [], seed

"""The kernels of every family over rings, on the virtual board: every code is the integer golden model's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from kernel_networks import chain_by_rows, differing_layers
from test_dsp_kernels import ADD, conv, depthwise

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import DSP, family_of
from specc.codegen.toolchain import Toolchain
from specc.spec.model import LayerSpec

# Windows that meet a ring's end at each of their rows, lack one above and below, and rings of 2, 4 and more rows.
CHAINS = [
    ((9, 5, 4), [depthwise(), conv(8, (1, 1)), depthwise((2, 1)), depthwise(padding="valid")]),
    ((12, 11, 3), [depthwise(padding="valid"), depthwise((2, 2)), depthwise()]),
    ((3, 4, 4), [conv(4, (3, 3)), depthwise((2, 2)), conv(4, (1, 1))]),  # a ring of 2 rows of 3
    ((10, 7, 4), [depthwise(), conv(4, (3, 3)), ADD, depthwise(), conv(12, (5, 2), (2, 1))]),  # rows kept for later
    ((13, 17, 4), [conv(8, (1, 1)), conv(8, (3, 3)), ADD, depthwise((2, 2)), conv(5, (4, 3))]),
]


def random_chain(seed: int) -> tuple[tuple[int, int, int], list[LayerSpec]]:
    choose = random.Random(seed)
    layers: list[LayerSpec] = []
    for _ in range(choose.randint(2, 6)):
        stride = (choose.choice([1, 1, 2]), choose.choice([1, 1, 2]))
        kernel = (choose.randint(1, 4), choose.randint(1, 3))
        layers.append(
            depthwise(stride)
            if choose.random() < 0.6
            else conv(choose.choice([4, 5, 8]), kernel, stride if kernel[0] > 1 else (1, 1))
        )
    # An addition needs two tensors of one shape.
    channels = choose.choice([1, 3, 4, 8])
    if choose.random() < 0.5:
        layers[:0] = [conv(channels, (3, 3)), ADD]
    return (choose.randint(12, 30), choose.randint(3, 24), channels), layers


CASES = [pytest.param("cortex-m4", *one, id="x".join(map(str, one[0]))) for one in CHAINS]
CASES += [pytest.param(core, *CHAINS[-1], id=core) for core in ("cortex-m33", "cortex-m0+")]


@pytest.mark.parametrize(("core", "shape", "layers"), CASES)
def test_every_code(
    toolchain: Toolchain, tmp_path: Path, core: str, shape: tuple[int, ...], layers: list[LayerSpec]
) -> None:
    network = chain_by_rows(shape, layers, seed=sum(shape))
    assert any(rows < network.network.shape(tensor)[0] for tensor, rows in network.rings.items())
    family = family_of(core, has_dsp=True)
    assert any(name.startswith(family) for name in kernel_names(network, family).values())
    assert differing_layers(toolchain, tmp_path, network, core) == []


def test_depthwise_layers_over_rings_keep_their_kernel() -> None:
    shape, layers = CHAINS[0]
    network = chain_by_rows(shape, layers, seed=1)
    assert {"x", "n1", "n2"} <= network.rings.keys()
    assert [kernel_names(network, DSP)[name] for name in ("n0", "n2", "n3")] == ["dsp/dwconv"] * 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("core", "flag"), [("cortex-m4", "-O2"), ("cortex-m7", "-O0"), ("cortex-m33", "-Os"), ("cortex-m0+", "-O2")]
)
def test_random_chains(toolchain: Toolchain, tmp_path: Path, core: str, flag: str) -> None:
    for seed in range(40):
        shape, layers = random_chain(seed)
        network = chain_by_rows(shape, layers, seed)
        assert differing_layers(toolchain, tmp_path / str(seed), network, core, flag) == [], seed

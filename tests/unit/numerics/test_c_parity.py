"""The generated C, compiled for this computer, against the golden model: every code of every layer."""

import pytest
from c_programs import assert_parity
from network_zoo import quantized, random_network, scrambled, spec_of

from specc.codegen.kernels import X86, family_of
from specc.codegen.toolchain import Toolchain
from specc.spec import Spec
from specc.spec.model import LayerSpec, QuantizationRow


@pytest.mark.parametrize("seed", range(100, 104))
def test_random_networks(toolchain: Toolchain, seed: int) -> None:
    assert_parity(toolchain, random_network(seed, layers=40), 6, "-O2")


@pytest.mark.parametrize("seed", range(200, 204))
def test_extreme_constants(toolchain: Toolchain, seed: int) -> None:
    assert_parity(toolchain, scrambled(random_network(seed, layers=40), seed), 6, "-O2")


@pytest.mark.skipif(family_of("host", has_dsp=False) != X86, reason="this computer is no x86")
@pytest.mark.parametrize("seed", [204, pytest.param(205, marks=pytest.mark.slow)])
def test_random_networks_with_x86_kernels(toolchain: Toolchain, seed: int) -> None:
    assert_parity(toolchain, random_network(seed, layers=40), 6, "-O2", family=X86)


@pytest.mark.parametrize("flag", ["-O0", "-Os", "-O3"])
def test_other_levels_of_optimisation(toolchain: Toolchain, flag: str) -> None:
    assert_parity(toolchain, scrambled(random_network(300, layers=25), 300), 3, flag)


def keyword_spotting() -> Spec:
    blocks = [
        layer
        for i in range(1, 5)
        for layer in (
            LayerSpec(name=f"depthwise{i}", kind="dwconv", kernel=(3, 3), padding="same", activation="relu"),
            LayerSpec(name=f"pointwise{i}", kind="conv", kernel=(1, 1), units=64, activation="relu"),
        )
    ]
    first = LayerSpec(
        name="conv", kind="conv", kernel=(10, 4), stride=(2, 2), padding="same", units=64, activation="relu"
    )
    last = [
        LayerSpec(name="pool", kind="avgpool"),
        LayerSpec(name="dense", kind="dense", units=12),
        LayerSpec(name="softmax", kind="softmax"),
    ]
    return spec_of([first, *blocks, *last], (49, 10, 1), [QuantizationRow(layer="*", bits=8)])


def test_keyword_spotting_network(toolchain: Toolchain) -> None:
    network = quantized(keyword_spotting())
    assert network.network.macs == 2_656_768
    assert_parity(toolchain, network, 30, "-O2")


@pytest.mark.parametrize(("conv_bits", "guard"), [(8, 0), (10, 1)])
def test_fixed_point_of_mixed_widths(toolchain: Toolchain, conv_bits: int, guard: int) -> None:
    layers = [
        LayerSpec(name="conv", kind="dwconv", kernel=(3, 3), padding="same"),
        LayerSpec(name="gap", kind="avgpool"),
        LayerSpec(name="mlp1", kind="dense", units=32, activation="relu"),
        LayerSpec(name="mlp2", kind="dense", units=16),
    ]
    rows = [
        QuantizationRow(layer="conv", bits=conv_bits, range=3.2, step=0.01),
        QuantizationRow(layer="mlp1", bits=12, range=2.5, step=0.001, guard=guard),
        QuantizationRow(layer="mlp2", bits=16, range=1.0, step=0.0003),
    ]
    network = quantized(spec_of(layers, (32, 32, 16), rows))
    containers = [network.formats[name].container_bits for name in ("x", "conv", "gap", "mlp1", "mlp2")]
    assert containers == ([8, 8, 16, 16, 16] if conv_bits == 8 else [16] * 5)
    assert_parity(toolchain, network, 20, "-O2")

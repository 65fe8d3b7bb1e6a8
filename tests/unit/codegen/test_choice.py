"""Kernels with smaller constants, where flash is to be spared: which layers give way, and that no more do than need."""

from __future__ import annotations

import pytest

from specc.codegen.choice import choose
from specc.codegen.kernels import DSP, GENERIC
from specc.graph.build import build_network
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec

WIDE, NARROW = "dsp/conv", "dsp/conv_fields"
# Of 8-bit weights in pairs, half go where weights of 4 bits share bytes.
EARLY, LATE = 8 * 28 // 2, 8 * 72 // 2


@pytest.fixture(scope="module")
def network() -> QuantizedNetwork:
    return two_convolutions(4)


def two_convolutions(bits: int) -> QuantizedNetwork:
    """`early` meets its weights, of so many bits, at 64 positions, `late` at 16."""
    layers = (
        LayerSpec(name="early", kind="conv", kernel=(3, 3), padding="same", units=8),
        LayerSpec(name="pool", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
        LayerSpec(name="late", kind="conv", kernel=(3, 3), padding="same", units=8),
        LayerSpec(name="dense", kind="dense", units=4),
    )
    source = InputSpec(name="x", shape=(8, 8, 3), distribution="normal")
    model = ModelSpec(name="net", input=source, layers=layers, weights=WeightsSpec(seed=1))
    table = QuantizationTable(
        model="net",
        rows=tuple(QuantizationRow(layer=name, bits=own) for name, own in (("*", 8), ("early", bits), ("late", bits))),
    )
    return quantize(Spec(edition=1, model=model, quantization=table), build_network(model))


@pytest.mark.parametrize(
    ("spare", "early", "late"),
    [
        (0, WIDE, WIDE),
        (1, WIDE, NARROW),
        (LATE, WIDE, NARROW),
        (LATE + 1, NARROW, NARROW),
        (10**6, NARROW, NARROW),
    ],
)
def test_the_fewest_positions_give_way_first(network: QuantizedNetwork, spare: int, early: str, late: str) -> None:
    chosen = choose(network, DSP, spare)
    assert {name: str(chosen[name]) for name in ("early", "late", "dense", "pool")} == {
        "early": early,
        "late": late,
        "dense": "dsp/dense",
        "pool": "dsp/maxpool",
    }


def test_what_is_spared_is_what_the_constants_lack(network: QuantizedNetwork) -> None:
    sizes = []
    for spare in (0, 10**6):
        chosen = choose(network, DSP, spare)
        kernels = [chosen[name] for name in ("early", "late")]
        sizes.append([4 * kernel.packed.weights.size for kernel in kernels if kernel and kernel.packed])
    assert [wide - narrow for wide, narrow in zip(*sizes, strict=True)] == [EARLY, LATE]


def test_a_family_without_smaller_constants_spares_nothing() -> None:
    network = two_convolutions(8)
    assert choose(network, GENERIC, 10**6) == choose(network, GENERIC)

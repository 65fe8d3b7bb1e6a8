"""Kernels of every family without exact rewrites, on the virtual board: every code is the integer golden model's."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel_networks import Widths, differing_layers, inputs_of, side_by_side

from specc.codegen.generate import kernel_names
from specc.codegen.kernels import family_of
from specc.codegen.rewrites import without
from specc.codegen.toolchain import Toolchain
from specc.graph.build import build_network
from specc.numerics import golden
from specc.numerics.quantize import quantize
from specc.spec import Spec
from specc.spec.kernels import Rewrite
from specc.spec.model import (
    Fusion,
    InputSpec,
    LayerKind,
    LayerSpec,
    ModelSpec,
    QuantizationRow,
    QuantizationTable,
    WeightsSpec,
)

LAYERS = [
    LayerSpec(name="", kind="conv", units=8, kernel=(3, 3), padding="same", activation="relu"),
    LayerSpec(name="", kind="conv", units=4, kernel=(2, 3), stride=(2, 2), padding="same"),
    LayerSpec(name="", kind="conv", units=8, kernel=(1, 1)),
    LayerSpec(name="", kind="conv", units=5, kernel=(3, 3), padding="valid"),
    LayerSpec(name="", kind="dwconv", kernel=(3, 3), padding="same"),
    LayerSpec(name="", kind="dwconv", kernel=(3, 3), stride=(2, 2), padding="same"),
    LayerSpec(name="", kind="dwconv", kernel=(5, 3), padding="same"),
    LayerSpec(name="", kind="maxpool", kernel=(3, 3), stride=(2, 2), padding="same"),
    LayerSpec(name="", kind="dense", units=7),
]
FOLDED: tuple[Rewrite, ...] = ("padding", "zero_points", "shifts")


@pytest.mark.parametrize("core", ["cortex-m0+", "cortex-m3", "cortex-m4"])
@pytest.mark.parametrize(
    "off",
    [("padding",), ("zero_points",), ("shifts",), FOLDED],
    ids="+".join,
)
def test_every_code(toolchain: Toolchain, tmp_path: Path, core: str, off: tuple[Rewrite, ...]) -> None:
    family = family_of(core, has_dsp=True)
    folded = side_by_side((9, 7, 4), LAYERS, seed=2)
    changed = without(folded, off, family)
    if off == ("shifts",) and family != "dsp":
        assert changed.off == frozenset()  # the same program
        return
    assert changed.off == set(off) if family == "dsp" else changed.off == set(off) - {"shifts"}
    assert differing_layers(toolchain, tmp_path, changed, core) == []


@pytest.mark.parametrize("core", ["cortex-m0+", "cortex-m4"])
def test_codes_of_16_bits_less_their_zero_point_take_32(toolchain: Toolchain, tmp_path: Path, core: str) -> None:
    folded = side_by_side((6, 5, 4), [*LAYERS[:3], LAYERS[4], LAYERS[8]], seed=2, widths=Widths(codes=16))
    changed = without(folded, ("zero_points",), family_of(core, has_dsp=True))
    assert changed.off == {"zero_points"}
    assert differing_layers(toolchain, tmp_path, changed, core) == []


@pytest.mark.parametrize("core", ["cortex-m0+", "cortex-m4"])
@pytest.mark.parametrize("kind", ["conv", "dwconv"])
def test_every_output_of_a_convolution_without_window_sums(
    toolchain: Toolchain, tmp_path: Path, core: str, kind: LayerKind
) -> None:
    layers = (
        LayerSpec(name="c", kind=kind, units=8 if kind == "conv" else None, kernel=(3, 3), padding="same"),
        LayerSpec(name="gap", kind="avgpool"),
    )
    model = ModelSpec(
        name="net",
        input=InputSpec(name="x", shape=(7, 6, 4), distribution="normal"),
        layers=layers,
        weights=WeightsSpec(seed=1),
        fusions=(Fusion(layers=("c", "gap"), method="window_sums"),),
    )
    table = QuantizationTable(model="net", rows=(QuantizationRow(layer="*", bits=8),))
    folded = quantize(Spec(edition=1, model=model, quantization=table), build_network(model))
    changed = without(folded, ("window_sums",), family_of(core, has_dsp=True))
    codes = inputs_of(folded, 1)
    assert (golden.run(folded, codes)["gap"] == golden.run(changed, codes)["gap"]).all()
    assert differing_layers(toolchain, tmp_path, changed, core) == []


def test_kernels_are_those_for_what_is_left() -> None:
    """Codes less their zero point take 16 bits; a padded copy needs no kernel for padding."""
    folded = side_by_side((9, 7, 4), LAYERS, seed=2, widths=Widths(symmetric=True))
    before, shifted, padded = (
        kernel_names(network, "dsp")
        for network in (folded, without(folded, ("zero_points",), "dsp"), without(folded, ("padding",), "dsp"))
    )
    assert {before["n0"], before["n4"], before["n8"]} == {"dsp/conv", "dsp/dwconv", "dsp/dense"}
    assert {shifted["n0"], shifted["n4"], shifted["n8"]} == {"dsp/conv_any", "dsp/dwconv_any", "dsp/dense_any"}
    assert padded == before

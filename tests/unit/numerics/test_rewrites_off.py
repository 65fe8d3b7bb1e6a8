"""Code without its exact rewrites: the same codes as with them, from the integer model and from the generated C."""

from __future__ import annotations

import dataclasses

import pytest
from c_programs import assert_parity, trace
from network_zoo import corner_inputs, random_network, scrambled
from test_schedule_parity import pooled

from specc.codegen.activations import with_separate_activations
from specc.codegen.generate import kernel_names, render
from specc.codegen.kernels import ARMV6M, DSP, FAMILIES, GENERIC, X86, family_of
from specc.codegen.rewrites import without
from specc.codegen.toolchain import Toolchain
from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.graph.build import build_network
from specc.graph.lifetimes import ALIGNMENT
from specc.graph.planner import Request, least_memory
from specc.measure.provenance import graph_hash
from specc.numerics import golden
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.source import SourceFile
from specc.spec.kernels import REWRITES, Rewrite

TEXT = """hwspec 1
model m {
  input x 9x7x4 { distribution uniform ±1 }
  conv   first { kernel 3x3, filters 8, padding same, activation relu }
  dwconv second { kernel 3x3, stride 2x2, padding same, activation relu6 }
  conv   third { kernel 1x1, filters 8, activation relu }
  conv   plain { kernel 1x1, filters 8 }
  add    both { from third + plain, activation relu }
  dense  out { units 5, activation relu6 }
  weights seed 3
}
quantization m {
  | layer  | bits | range   | step   |
  | ------ | ---- | ------- | ------ |
  | *      | 8    | ROW |
}
"""
SYMMETRIC, CALIBRATED = "±12.7   | 0.1   ", "calibrated |"
APART = {"first": (0, 127), "second": (0, 60), "third": (0, 127), "both": (0, 127), "out": (0, 60)}


def network(row: str = SYMMETRIC, *, by_rows: bool = False) -> QuantizedNetwork:
    sink = Sink()
    spec = load_text(SourceFile("test", TEXT.replace("ROW", row)), sink)
    assert spec is not None, sink.diagnostics
    made = quantize(spec, build_network(spec.model))
    if not by_rows:
        return made
    return dataclasses.replace(
        made, execution=least_memory(Request(made.network, made.value_bytes, alignment=ALIGNMENT))
    )


def test_every_activation_that_narrows_the_codes_is_taken_apart() -> None:
    """Zero is code 0 of a symmetric scale of 0.1, and 6 is code 60."""
    apart = with_separate_activations(network()).numbers
    assert {name: own.activation_clamp for name, own in apart.items() if own.activation_clamp} == APART
    assert all((own.clamp_low, own.clamp_high) == (-128, 127) for name, own in apart.items() if name in APART)


def test_where_saturation_is_the_activation_there_is_nothing_to_take_apart() -> None:
    made = network(CALIBRATED)
    apart = {name for name, own in with_separate_activations(made).numbers.items() if own.activation_clamp}
    assert apart == {
        name for name, own in made.numbers.items() if name in APART and (own.clamp_low, own.clamp_high) != (-128, 127)
    }
    assert "first" not in apart  # calibrated behind a ReLU, the lowest code is zero itself


def test_the_integer_model_gives_the_same_codes() -> None:
    made = network()
    inputs = corner_inputs(made, 8, seed=1)
    fused, apart = golden.run(made, inputs), golden.run(with_separate_activations(made), inputs)
    assert all((fused[name] == apart[name]).all() for name in fused)
    assert (fused["first"] == 0).any()  # the activation does something


@pytest.mark.parametrize("by_rows", [False, True])
def test_the_generated_code_gives_the_codes_of_the_fused_model(toolchain: Toolchain, *, by_rows: bool) -> None:
    made = network(by_rows=by_rows)
    assert bool(made.by_rows) == by_rows
    apart = with_separate_activations(made)
    assert_parity(toolchain, apart, 4)
    inputs = corner_inputs(made, 4, seed=7)
    assert (golden.run(apart, inputs)["out"] == golden.run(made, inputs)["out"]).all()


@pytest.mark.parametrize("family", [GENERIC, DSP])
def test_the_code_has_a_pass_for_each(family: str) -> None:
    """Whichever kernel computes the layer."""
    made = network()
    text = render(with_separate_activations(made), family)["network.c"]
    assert text.count('#include "activation.h"') == len(APART)
    assert '#include "activation.h"' not in render(made, family)["network.c"]


HOST_FAMILIES = [GENERIC, *([X86] if family_of("host", has_dsp=False) == X86 else [])]
OF_LAYERS: tuple[Rewrite, ...] = tuple(name for name in REWRITES if name not in ("rows", "window_sums"))


def assert_the_same(toolchain: Toolchain, folded: QuantizedNetwork, changed: QuantizedNetwork, family: str) -> None:
    """The C of the changed network has every code that the integer model has of the folded one."""
    inputs = corner_inputs(folded, 3, seed=5)
    expected = golden.run(folded, inputs)
    assert all((golden.run(changed, inputs)[name] == codes).all() for name, codes in expected.items())
    for index, outputs in enumerate(trace(toolchain, changed, inputs, "-O2", family=family)):
        for name in expected.keys() & outputs.keys():
            assert (outputs[name] == expected[name][index]).all(), f"input {index}, layer {name}"


@pytest.mark.parametrize("family", HOST_FAMILIES)
@pytest.mark.parametrize("off", [("padding",), ("zero_points",), OF_LAYERS])
def test_random_networks_give_the_same_codes(toolchain: Toolchain, off: tuple[Rewrite, ...], family: str) -> None:
    made = scrambled(random_network(500 + len(off), layers=40), 500)
    changed = without(made, off, family)
    assert changed.off >= set(off) - {"shifts", "activations"}
    assert "specc_copied_input" in render(changed, family)["network.c"]
    assert_the_same(toolchain, made, changed, family)


@pytest.mark.parametrize("family", HOST_FAMILIES)
@pytest.mark.parametrize("seed", range(4))
def test_window_sums_give_the_codes_of_every_output_added_up(toolchain: Toolchain, seed: int, family: str) -> None:
    """Layer by layer, and by rows."""
    made = pooled(seed, depthwise=seed % 2 == 1)
    changed = without(made, ("window_sums",), family)
    assert changed.off == {"window_sums"} and not changed.window_sums
    assert changed.formats["conv"].container_bits == 32
    request = Request(changed.network, changed.value_bytes, alignment=ALIGNMENT)
    for execution in (None, least_memory(request)):
        assert_the_same(toolchain, made, dataclasses.replace(changed, execution=execution), family)


def test_layers_by_rows_keep_what_a_copy_of_their_input_would_take_apart() -> None:
    changed = without(network(CALIBRATED, by_rows=True), ("padding", "zero_points"), GENERIC)
    whole = {layer.name for layer in changed.network.layers} - changed.by_rows
    text = render(changed)["network.c"]
    assert text.count('#include "input_pass.h"') <= len(whole)
    assert "padding" not in changed.off


@pytest.mark.parametrize("family", FAMILIES)
def test_a_rewrite_that_there_is_not_is_not_off(family: str) -> None:
    """One dense layer on a symmetric grid has no padding, zero point, shared shift or window sum."""
    text = TEXT.replace("ROW", SYMMETRIC)
    layers = text[text.index("  input") : text.index("  weights")]
    spec = load_text(SourceFile("test", text.replace(layers, "  input x 6\n  dense out { units 3 }\n")), Sink())
    assert spec is not None
    made = quantize(spec, build_network(spec.model))
    assert without(made, REWRITES, family).off == frozenset()


def test_shifts_are_folded_by_kernels_for_the_dsp_extension_alone() -> None:
    made = network()
    assert without(made, ("shifts",), DSP).off == {"shifts"}
    assert without(made, ("shifts",), ARMV6M).off == without(made, ("shifts",), GENERIC).off == frozenset()
    kernels = kernel_names(without(made, ("shifts",), DSP), DSP)
    assert (kernel_names(made, DSP)["first"], kernels["first"]) == ("dsp/conv", "dsp/conv_any")


def test_it_is_another_program_and_its_schedule_says_so() -> None:
    made = network()
    hashes = {graph_hash(without(made, (name,), DSP)) for name in OF_LAYERS if name != "zero_points"}
    assert len(hashes | {graph_hash(made)}) == 4
    apart = without(made, ("padding", "activations"), DSP)
    assert apart.schedule == f"{made.schedule}; without the rewrite of activations, padding"

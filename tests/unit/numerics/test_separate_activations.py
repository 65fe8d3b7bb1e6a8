"""Activations in passes of their own: the same codes as fused ones, from the integer model and from the generated C."""

from __future__ import annotations

import dataclasses

import pytest
from c_programs import assert_parity
from network_zoo import corner_inputs

from specc.codegen.activations import with_separate_activations
from specc.codegen.generate import render
from specc.codegen.kernels import DSP, GENERIC
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


def test_it_is_another_program_and_its_schedule_says_so() -> None:
    made = network()
    apart = with_separate_activations(made)
    assert graph_hash(apart) != graph_hash(made)
    assert apart.schedule == f"{made.schedule}; activations in passes of their own"

"""What the kernels section of a spec has built: by layer, by target, and beside what an experiment asks for."""

from __future__ import annotations

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.graph.build import build_network
from specc.measure.backend import BuildOptions
from specc.measure.kernels import Tunable, resolve
from specc.numerics.quantize import quantize
from specc.source import SourceFile

TEXT = """hwspec 1
model m {
  input x 8x8x4 { distribution normal 1 }
  conv  first { kernel 3x3, filters 8 }
  conv  last { kernel 3x3, filters 8 }
  relu act
  flatten flat
  dense out { units 4 }
  weights seed 1
}
quantization m {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
target m4 { use stm32f407 }
target m0 { use rp2040 }
target h  { use host }
"""

NARROW = TEXT.replace("| *     | 8    |", "| *     | 4    |")


def resolved(
    section: str, target: str = "m4", asked: BuildOptions | None = None, text: str = TEXT
) -> tuple[BuildOptions, tuple[Tunable, ...]]:
    sink = Sink()
    spec = load_text(SourceFile("test", f"{text}{section}\n"), sink)
    assert spec is not None, sink.diagnostics
    network = quantize(spec, build_network(spec.model))
    return resolve(spec, spec.target(target), network, asked or BuildOptions())


def test_without_a_section_nothing_is_asked_for() -> None:
    assert resolved("") == (BuildOptions(), ())
    assert resolved("kernels all { use fastest }") == (BuildOptions(), ())


def test_generic_for_all_is_the_generic_family_which_a_host_can_build() -> None:
    assert resolved("kernels all { use generic }", "h") == (BuildOptions(kernels="generic"), ())


def test_lines_for_layers_are_exceptions() -> None:
    built, tunable = resolved(
        "kernels m4 { use smallest, use fastest for first, use generic for out, weights sram for last }", text=NARROW
    )
    assert built == BuildOptions(
        fixed=(("last", "dsp/conv_fields"), ("act", "generic/relu"), ("out", "generic/dense")), in_sram=("last",)
    )
    assert tunable == ()


def test_narrow_weights_share_bytes_in_the_smallest_and_have_bytes_of_their_own_in_the_generic() -> None:
    built, _ = resolved("kernels m4 { use smallest, use generic for last }", text=NARROW)
    assert dict(built.fixed) == {
        "first": "dsp/conv_fields", "last": "generic/conv", "act": "generic/relu", "out": "dsp/dense_fields",
    }  # fmt: skip
    assert "dsp/conv_fields" in resolved("kernels m4 { use tuned }", text=NARROW)[1][0].kernels


def test_another_target_has_its_own() -> None:
    assert resolved("kernels m4 { use generic }", "m0") == (BuildOptions(), ())


def test_tuned_layers_have_every_kernel_and_both_places_where_none_is_said() -> None:
    built, tunable = resolved("kernels m4 { use tuned for first+out, weights flash for out }")
    assert built == BuildOptions()
    assert tunable == (
        Tunable("first", ("dsp/conv", "generic/conv"), ("flash", "sram")),
        Tunable("out", ("dsp/dense", "generic/dense"), ("flash",)),
    )


def test_a_layer_without_code_is_not_tuned() -> None:
    assert [one.layer for one in resolved("kernels all { use tuned }")[1]] == ["first", "last", "act", "out"]


@pytest.mark.parametrize("section", ["use tuned", "use smallest", "use generic for first"])
def test_a_family_that_an_experiment_asks_for_comes_before_the_section(section: str) -> None:
    asked = BuildOptions(kernels="generic")
    assert resolved(f"kernels m4 {{ {section} }}", asked=asked) == (asked, ())


def test_weights_that_an_experiment_places_come_before_the_section() -> None:
    asked = BuildOptions(weights="sram")
    built, tunable = resolved("kernels m4 { use tuned, weights flash for first, weights sram for last }", asked=asked)
    assert built == asked
    assert {one.places for one in tunable} == {("flash",)}

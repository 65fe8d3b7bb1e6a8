"""Variants: which values an axis has on a target, and that nothing else changes."""

from __future__ import annotations

import itertools

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.graph.build import build_network
from specc.measure import variants
from specc.measure.backend import BuildOptions
from specc.measure.variants import AXES, Change, VariantError, changes, declared_axes, grid, single, variant
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.source import SourceFile
from specc.spec import Spec
from specc.spec.kernels import REWRITES
from specc.units import quantity

TEXT = """hwspec 1
model m {
  input x 8x8x4
  conv  c { kernel 3x3, filters 4 }
  weights seed 1
}
quantization m {
  | layer | bits | range | step |
  | ----- | ---- | ----- | ---- |
  | *     | 8    | ±12.7 | 0.1  |
}
target t { use stm32f407, clock 168 MHz, compile "-Os" }
target h { use host }
budget t { memory sram <= 8 KiB }
"""


def spec(more: str = "") -> Spec:
    sink = Sink()
    found = load_text(SourceFile("test", TEXT + more), sink)
    assert found is not None, sink.diagnostics
    return found


def network_of(found: Spec) -> QuantizedNetwork:
    return quantize(found, build_network(found.model))


def labels(found: Spec, target: str, axis: str) -> list[str]:
    return [change.label for change in changes(found, found.target(target), axis, network_of(found))]  # type: ignore[arg-type]


def test_without_a_list_the_clocks_are_the_edges_of_the_wait_states() -> None:
    """RM0090, table 10: at 2.7 to 3.6 V a further wait state from 30, 60, 90, 120 and 150 MHz."""
    assert labels(spec(), "t", "clock") == ["30 MHz", "60 MHz", "90 MHz", "120 MHz", "150 MHz"]


def test_a_list_is_taken_less_what_the_target_has() -> None:
    found = spec('experiments { clock 84 MHz 168 MHz, compile "-O2" "-Os", bits 8 4, fusion on off }')
    assert labels(found, "t", "clock") == ["84 MHz"]
    assert labels(found, "t", "compile") == ["-O2"]
    assert labels(found, "t", "bits") == ["4 bits"]
    assert labels(found, "t", "fusion") == ["layers by rows"]
    assert declared_axes(found.experiments) == ("clock", "compile", "bits", "fusion")


def test_a_declared_schedule_is_switched_off() -> None:
    found = spec("schedule m { rows least }")
    assert labels(found, "t", "fusion") == ["layer by layer"]
    off = variant(found, found.target("t"), [Change("fusion", "off")])
    assert off.spec.model.rows == "never"


def test_tiles_are_those_that_are_listed_or_half_and_twice_the_declared_ones() -> None:
    text = TEXT.replace("  weights", "  relu r\n  relu s\n  weights")

    def fused(declared: str, more: str = "") -> Spec:
        sink = Sink()
        found = load_text(SourceFile("test", f"{text}schedule m {{ {declared} }}\n{more}"), sink)
        assert found is not None, sink.diagnostics
        return found

    assert labels(fused("fuse c+r tile 2"), "t", "tile") == ["tiles of 1 column", "tiles of 4 columns"]
    assert labels(fused("fuse c+r"), "t", "tile") == []
    listed = fused("fuse c+r tile 2", "experiments { tile 1 2 3 }")
    assert labels(listed, "t", "tile") == ["tiles of 1 column", "tiles of 3 columns"]
    assert declared_axes(listed.experiments) == ("tile",)
    cut = variant(listed, listed.target("t"), [Change("tile", 3)])
    assert [(one.layers, one.tile) for one in cut.spec.model.fusions] == [(("c", "r"), 3)]
    cut = variant(fused("fuse c+r"), listed.target("t"), [Change("tile", 3)])
    assert [one.tile for one in cut.spec.model.fusions] == [3]
    with pytest.raises(VariantError, match="no layers are fused"):
        variant(spec(), listed.target("t"), [Change("tile", 3)])


def test_a_host_has_no_clock_and_no_placement() -> None:
    assert [labels(spec(), "h", axis) for axis in ("clock", "placement")] == [[], []]
    with pytest.raises(VariantError, match="cannot be set"):
        variant(spec(), spec().target("h"), [Change("clock", quantity(1, "GHz"))])


def test_a_clock_above_the_highest_is_refused() -> None:
    with pytest.raises(VariantError, match="200 MHz is above the 168 MHz"):
        variant(spec(), spec().target("t"), [Change("clock", quantity(200, "MHz"))])


def test_other_widths_keep_the_range() -> None:
    made = variant(spec(), spec().target("t"), [Change("bits", 4)])
    assert made.spec.quantization is not None
    (row,) = made.spec.quantization.rows
    assert (row.bits, row.range) == (4, 12.7)
    assert row.step == pytest.approx(12.7 / 7)


def test_only_what_is_changed_changes() -> None:
    found = spec()
    target = found.target("t")
    made = variant(found, target, [Change("compile", "-O2"), Change("placement", "sram")])
    assert made.target.name == "t.compile-O2.placement-weights-in-SRAM"
    assert made.target == target.model_copy(update={"compile": "-O2", "name": made.target.name})
    assert made.options == BuildOptions(weights="sram")
    assert made.spec.budget_items(made.target.name) == found.budget_items("t")
    assert made.spec.model == found.model


def test_a_grid_is_every_combination_but_none() -> None:
    found = spec('experiments { clock 84 MHz 42 MHz, compile "-O2" }')
    made = grid(found, found.target("t"), ("clock", "compile"), network_of(found))
    wanted = set(itertools.product(("84 MHz", "42 MHz", None), ("-O2", None))) - {(None, None)}
    assert {tuple(c.label for c in one) for one in made} == {tuple(filter(None, one)) for one in wanted}
    assert len(made) == len(wanted)


def test_a_grid_beyond_reason_is_refused() -> None:
    found = spec(f"experiments {{ clock {' '.join(f'{n} MHz' for n in range(1, 150))} }}")
    with pytest.raises(VariantError, match="a grid of 300 variants of t; at most 256"):
        grid(found, found.target("t"), ("clock", "kernels"), network_of(found))


def rewritten(more: str = "") -> Spec:
    """A padded convolution on a symmetric grid, behind which a ReLU is more than saturation."""
    sink = Sink()
    text = TEXT.replace("filters 4 }", "filters 4, padding same, activation relu }")
    found = load_text(SourceFile("test", text + more), sink)
    assert found is not None, sink.diagnostics
    return found


def test_a_rewrite_is_switched_off_where_it_is_on_and_has_something_to_do() -> None:
    assert [labels(spec(), name, "rewrites") for name in ("t", "h")] == [[], []]
    every = ["activations", "padding", "shifts", "all"]
    assert labels(rewritten(), "t", "rewrites") == [f"rewrite {name} off" for name in every]
    left = rewritten("kernels all { rewrite padding shifts off }")
    assert labels(left, "t", "rewrites") == ["rewrite activations off"]


def test_rewrites_that_are_listed_are_tried_where_there_are_such() -> None:
    found = rewritten("experiments { rewrites padding window_sums all }")
    assert labels(found, "t", "rewrites") == ["rewrite padding off", "rewrite all off"]
    assert declared_axes(found.experiments) == ("rewrites",)


def test_a_rewrite_that_is_switched_off_leaves_the_rest_of_the_kernels() -> None:
    found = rewritten("kernels all { use generic, rewrite padding off }")
    made = variant(found, found.target("t"), [Change("rewrites", "activations")])
    own = made.spec.kernels_of(made.target.name)
    assert (own.off, own.choice("c")) == (("padding", "activations"), "generic")
    every = variant(found, found.target("t"), [Change("rewrites", "all")])
    assert every.spec.kernels_of(every.target.name).off == REWRITES


def test_kernels_are_the_choices_of_the_kernels_section() -> None:
    assert labels(spec(), "t", "kernels") == ["generic kernels"]
    found = spec("experiments { kernels fastest tuned smallest }")
    assert labels(found, "t", "kernels") == ["tuned kernels", "smallest kernels"]
    tuned = spec("kernels t { use tuned, weights sram }\nexperiments { kernels tuned fastest }")
    assert labels(tuned, "t", "kernels") == ["fastest kernels"]
    made = variant(tuned, tuned.target("t"), [Change("kernels", "fastest")])
    own = made.spec.kernels_of(made.target.name)
    assert (own.choice("c"), own.place("c")) == ("fastest", "sram")


def test_one_change_at_a_time() -> None:
    assert all(len(one) == 1 for one in single(spec(), spec().target("t"), AXES, network_of(spec())))


@pytest.mark.parametrize(
    ("compile", "installed", "other"),
    [
        ("-O2", True, ["gcc -O2"]),
        ("clang -O3", True, ["gcc -O3"]),
        ("gcc -Os", True, ["-Os"]),
        ("gcc -Os", False, ["-Os"]),
        ("-O2", False, []),
    ],
)
def test_the_other_compiler_is_tried_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, compile: str, installed: bool, other: list[str]
) -> None:
    monkeypatch.setattr(variants, "gcc_installed", lambda: installed)
    found = spec(f'target own {{ use host, compile "{compile}" }}')
    levels = ["-O0", "-O2", "-Os"]
    assert labels(found, "own", "compile") == [level for level in [*levels, *other] if level != compile]
    assert all("gcc" not in label for label in labels(found, "t", "compile")), "boards have one compiler"

"""Defects that an implementation may have, planted one by one: each is caught, and docs/precision.md says by what.

SPECC_UPDATE_DOCS=1 rewrites the table there: read the difference.
"""

import dataclasses
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pytest
from random_specs import network_of, spec_of, table

from specc.graph.network import Network
from specc.numerics import golden
from specc.numerics.causes import likely_cause
from specc.numerics.inputs import draw_inputs, encode
from specc.numerics.quantize import quantize
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.precision import forward as forward_module
from specc.precision import samples as samples_module
from specc.precision import study as study_module
from specc.precision.arithmetic import Arithmetic
from specc.precision.contract import judge
from specc.precision.forward import forward
from specc.precision.study import Study
from specc.precision.tables import Tables
from specc.spec import Spec
from specc.spec.contract import GradientContract, Harness, OutputContract
from specc.spec.model import LayerSpec, QuantizationRow

PAGE = Path(__file__).resolve().parents[3] / "docs" / "precision.md"
CHECKS = ("bit for bit", "variance", "ratio", "bias", "output error", "drift")
ITERATIONS = 2000

SPEC = spec_of(
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), units=6, padding="same", activation="relu"),
    LayerSpec(name="pool", kind="avgpool", kernel=(3, 3), stride=(3, 3)),
    LayerSpec(name="hidden", kind="dense", units=12, activation="relu"),
    LayerSpec(name="out", kind="dense", units=4),
    shape=(6, 6, 3),
    rows=table(
        QuantizationRow(layer="conv", bits=12, range=6.0, step=0.003),
        QuantizationRow(layer="hidden", bits=11, guard=1, range=2.0, step=0.001),
        QuantizationRow(layer="out", bits=12, range=6.0, step=0.003),
    ),
)
CURVES = spec_of(
    LayerSpec(name="first", kind="dense", units=12),
    LayerSpec(name="bend", kind="tanh"),
    LayerSpec(name="hidden", kind="dense", units=10),
    LayerSpec(name="gate", kind="sigmoid"),
    LayerSpec(name="out", kind="dense", units=4),
    LayerSpec(name="shares", kind="softmax"),
    shape=(6,),
    rows=table(
        QuantizationRow(layer="first", bits=12, range=6.0, step=0.003),
        QuantizationRow(layer="bend", bits=8, range=3.0, step=0.025),
        QuantizationRow(layer="*", bits=12, range=6.0, step=0.003),
    ),
)
HARNESS = Harness(
    iterations=ITERATIONS,
    seed="fresh",
    gradients=(
        GradientContract(statistic="variance", relation="<=", limit=0.05),
        GradientContract(statistic="drift", relation="<=", limit=0.25),
    ),
    output_error=OutputContract(relation="<=", limit=0.05),
)

Plant = Callable[[pytest.MonkeyPatch], None]
T = TypeVar("T")


def named(spec: Spec) -> str:
    """What is said of the first layer whose codes differ from the integer model's; nothing if none does."""
    network, quantized, found, expected = traced(spec)
    if not np.array_equal(found[network.input], expected[network.input]):
        return ""  # before the first layer
    for layer in network.layers:
        if not np.array_equal(found[layer.name], expected[layer.name]):
            return likely_cause(quantized, quantized.network.layer(layer.name), expected, found[layer.name])
    return ""


def caught_by(spec: Spec) -> set[str]:
    """The checks that do not pass."""
    network = network_of(spec)
    seeds = study_module.fresh_seed(), study_module.fresh_seed()
    runs = [Study.of(spec, network, iterations=ITERATIONS, seed=seed).evaluate(spec.quantization) for seed in seeds]
    failed = {own.statistic for own in judge(HARNESS, *runs) if own.outcome == "fail"}
    return failed if codes_are_golden(spec) else failed | {"bit for bit"}


def codes_are_golden(spec: Spec) -> bool:
    """Tier one: every code of every tensor against the integer model."""
    _, _, found, expected = traced(spec)
    return all(np.array_equal(codes, expected[name]) for name, codes in found.items())


def traced(spec: Spec) -> tuple[Network, QuantizedNetwork, dict[str, IntArray], dict[str, IntArray]]:
    """The network, its numbers, and its codes: those that were found, and the integer model's."""
    network = network_of(spec)
    quantized = quantize(spec, network)
    inputs = draw_inputs(spec.model.input, 64, 3)
    trace = forward(Study.of(spec, network, iterations=20, seed=1).tables.arithmetic(spec.quantization), inputs)
    expected = golden.run(quantized, encode(inputs, quantized.formats["x"]))
    found = {
        name: tensor.values.astype(np.int64) + quantized.formats[name].zero_point
        for name, tensor in trace.tensors.items()
    }
    return network, quantized, found, expected


# ---- the defects ----


def truncation(patch: pytest.MonkeyPatch) -> None:
    def requantize(accumulator: Any, multiplier: Any, shift: Any) -> Any:
        return (accumulator * np.asarray(multiplier)) >> np.asarray(shift)

    patch.setattr(forward_module, "golden", SimpleNamespace(requantize=requantize, wrap=golden.wrap))


def half_to_even(patch: pytest.MonkeyPatch) -> None:
    """What makes a difference only where a sum lies exactly between two codes, or where a rounding is done twice."""

    def requantize(accumulator: Any, multiplier: Any, shift: Any) -> Any:
        half = golden.requantize(accumulator, multiplier, np.asarray(shift) - 1)  # one bit more, then again
        return np.rint(half / 2).astype(np.int64)

    patch.setattr(forward_module, "golden", SimpleNamespace(requantize=requantize, wrap=golden.wrap))


def missing_guard_bit(patch: pytest.MonkeyPatch) -> None:
    """The input of `hidden` has 11 bits without its guard bit, and wraps where 12 would have held it."""
    clamped = forward_module._clamped

    def wrapping(codes: Any, numbers: Any, form: Any, activation: str) -> Any:
        if form.scale == 0.001:
            tensor, slopes = clamped(codes, numbers, form, activation)
            values = golden.wrap(tensor.values.astype(np.int64), form.bits - 1).astype(np.float32)
            return dataclasses.replace(tensor, values=values), slopes
        return clamped(codes, numbers, form, activation)

    patch.setattr(forward_module, "_clamped", wrapping)


def saturating_input(patch: pytest.MonkeyPatch) -> None:
    enter = forward_module.enter
    patch.setattr(study_module, "enter", lambda own, x: enter(own, np.clip(x, -1, 1) if own.input_rounding else x))
    patch.setattr(forward_module, "enter", lambda own, x: enter(own, np.clip(x, -1, 1) if own.input_rounding else x))


def saturating_hidden_range(patch: pytest.MonkeyPatch) -> None:
    change_numbers(patch, "hidden", lambda own: dataclasses.replace(own, clamp_high=own.clamp_high // 8))


def narrow_accumulator(patch: pytest.MonkeyPatch) -> None:
    change_numbers(patch, "hidden", lambda own: dataclasses.replace(own, accumulator_bits=16))


def wrong_scale(patch: pytest.MonkeyPatch) -> None:
    change_numbers(
        patch, "hidden", lambda own: dataclasses.replace(own, multipliers=(own.multipliers * 1.02).astype(np.int64))
    )


def wrong_threshold(patch: pytest.MonkeyPatch) -> None:
    clamped = forward_module._clamped

    def late(codes: Any, numbers: Any, form: Any, activation: str) -> Any:
        codes = np.where(codes < 100, np.minimum(codes, 0), codes) if activation == "relu" else codes
        return clamped(codes, numbers, form, activation)

    patch.setattr(forward_module, "_clamped", late)


def broken_pairing(patch: pytest.MonkeyPatch) -> None:
    gradients = Study._gradients

    def other_inputs(self: Study, arithmetic: Arithmetic, inputs: Any) -> Any:
        if arithmetic is not self._full:
            inputs = study_module._Inputs(self.samples, self.seed + 1, inputs.chunk)
        return gradients(self, arithmetic, inputs)

    patch.setattr(Study, "_gradients", other_inputs)


def stale_seed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(study_module, "fresh_seed", lambda: 17)


def seed_reset_per_block(patch: pytest.MonkeyPatch) -> None:
    def without_block(seed: int, chunk: Any) -> np.random.SeedSequence:
        return np.random.SeedSequence(seed, spawn_key=(chunk.place,))

    patch.setattr(samples_module, "sequence", without_block)


def late_entry(patch: pytest.MonkeyPatch) -> None:
    change_numbers(patch, "bend", lambda own: dataclasses.replace(own, table=np.append(own.table[1:], own.table[-1])))


def no_interpolation(patch: pytest.MonkeyPatch) -> None:
    def nearest_entry(x: Any, numbers: Any, input_bits: int) -> Any:
        whole = np.clip(x, numbers.table_first, numbers.table_last) - numbers.table_first
        return golden.tabulated(
            numbers.table_first + (whole >> numbers.table_shift << numbers.table_shift), numbers, 12
        )

    own = SimpleNamespace(**{name: getattr(golden, name) for name in ("requantize", "wrap", "softmax")})
    own.tabulated = lambda x, numbers, bits: (nearest_entry if bits > 8 else golden.tabulated)(x, numbers, bits)
    patch.setattr(forward_module, "golden", own)


def cut_quotient(patch: pytest.MonkeyPatch) -> None:
    def softmax(x: Any, numbers: Any, input_bits: int, output_bits: int) -> Any:
        distance = x.max(axis=-1, keepdims=True) - x
        parts = golden.exponentials(numbers.table, distance, input_bits, output_bits)
        codes = (parts << output_bits) // parts.sum(axis=-1, keepdims=True) - (1 << (output_bits - 1))
        return np.minimum(codes, numbers.clamp_high)

    own = SimpleNamespace(**{name: getattr(golden, name) for name in ("requantize", "wrap", "tabulated")})
    own.softmax = softmax
    patch.setattr(forward_module, "golden", own)


def change_numbers(patch: pytest.MonkeyPatch, layer: str, change: Callable[[Any], Any]) -> None:
    arithmetic = Tables.arithmetic

    def changed(self: Tables, *arguments: Any) -> Arithmetic:
        own = arithmetic(self, *arguments)
        layers = tuple(
            dataclasses.replace(one, integers=change(one.integers)) if one.layer.name == layer else one
            for one in own.layers
        )
        return Arithmetic(own.network, layers, own.input_rounding)

    patch.setattr(Tables, "arithmetic", changed)


class Defect(NamedTuple):
    """What is planted, what must catch it at least, and the fault that must be named."""

    plant: Plant
    caught: set[str]
    fault: str
    spec: Spec = SPEC


DEFECTS = {
    "truncation instead of rounding": Defect(truncation, {"bit for bit"}, "rounding"),
    "rounded twice, halves to even": Defect(half_to_even, {"bit for bit"}, "rounding"),
    "guard bit missing, codes wrap": Defect(missing_guard_bit, {"bit for bit", "variance"}, "saturation"),
    "input saturates": Defect(saturating_input, {"bit for bit", "variance"}, ""),
    "hidden range saturates": Defect(saturating_hidden_range, {"bit for bit", "variance"}, "saturation"),
    "accumulator of 16 bits": Defect(narrow_accumulator, {"bit for bit", "variance"}, "accumulator"),
    "scale off by 2 %": Defect(wrong_scale, {"bit for bit"}, "scale"),
    "threshold of ReLU off": Defect(wrong_threshold, {"bit for bit"}, "threshold"),
    "table of tanh one entry off": Defect(late_entry, {"bit for bit"}, "table", CURVES),
    "sigmoid not interpolated": Defect(no_interpolation, {"bit for bit"}, "table", CURVES),
    "quotient of softmax cut off": Defect(cut_quotient, {"bit for bit"}, "rounding", CURVES),
    "pairing broken": Defect(broken_pairing, {"variance"}, ""),
    "seed used again": Defect(stale_seed, {"drift"}, ""),
    "seed reset in every block": Defect(seed_reset_per_block, {"drift"}, ""),
}


@pytest.fixture(scope="module")
def caught() -> dict[str, set[str]]:
    return {name: planted(defect, caught_by) for name, defect in DEFECTS.items()}


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    return {name: planted(defect, named) for name, defect in DEFECTS.items()}


def planted(defect: Defect, question: Callable[[Spec], T]) -> T:
    with pytest.MonkeyPatch.context() as patch:
        with_known_seeds(patch)
        defect.plant(patch)
        return question(defect.spec)


def with_known_seeds(patch: pytest.MonkeyPatch) -> None:
    """Fresh seeds that are the same in every run of this test."""
    seeds = itertools.count(101)
    patch.setattr(study_module, "fresh_seed", lambda: next(seeds))


@pytest.mark.parametrize("spec", [SPEC, CURVES], ids=["SPEC", "CURVES"])
def test_without_a_defect_every_check_passes(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    with_known_seeds(monkeypatch)
    assert caught_by(spec) == set()
    assert named(spec) == ""


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_caught_by_what_should_catch_it(defect: str, caught: dict[str, set[str]]) -> None:
    assert DEFECTS[defect].caught <= caught[defect]


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_fault_is_named(defect: str, names: dict[str, str]) -> None:
    assert names[defect].partition(":")[0] == DEFECTS[defect].fault


def test_a_broken_pairing_shows_a_variance_of_two_and_a_ratio_of_one() -> None:
    with pytest.MonkeyPatch.context() as patch:
        broken_pairing(patch)
        found = Study.of(SPEC, network_of(SPEC), iterations=ITERATIONS, seed=5).evaluate(SPEC.quantization)
    for layer in found.layers:
        assert layer.variance is not None and layer.ratio is not None
        assert layer.variance.value == pytest.approx(2, abs=0.2)
        assert layer.ratio.value == pytest.approx(1, abs=0.2)


def test_the_documentation_says_which_check_catches_what(caught: dict[str, set[str]], names: dict[str, str]) -> None:
    rows = [
        f"| {name} | {' | '.join('●' if check in caught[name] else '' for check in CHECKS)} | {names[name]} |"
        for name in DEFECTS
    ]
    header = f"| defect | {' | '.join(CHECKS)} | named as |\n| --- |{' --- |' * (len(CHECKS) + 1)}"
    written = "\n".join([header, *rows])
    text = PAGE.read_text(encoding="utf-8")
    start, end = "<!-- planted defects -->\n\n", "\n\n<!-- end -->"
    before, _, rest = text.partition(start)
    now, _, after = rest.partition(end)
    if os.environ.get("SPECC_UPDATE_DOCS"):
        PAGE.write_text(f"{before}{start}{written}{end}{after}", encoding="utf-8")
        now = written
    assert now == written, "SPECC_UPDATE_DOCS=1 writes it anew"

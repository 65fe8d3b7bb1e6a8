"""Predictions before a change, against sums worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.evidence import Figure
from specc.explain.factors import RowCalls
from specc.explain.layout import Layout, Work
from specc.explain.whatif import Prediction, predict
from specc.measure.result import Latency, LayerResult, Measurement, Provenance
from specc.measure.variants import Change
from specc.spec.hardware import FlashTiming, Hardware, Target, WaitStates
from specc.units import quantity

CLOCK = 100e6
TIMING = FlashTiming(
    line_bytes=16,
    wait_states=(WaitStates(up_to=quantity(50, "MHz"), states=1), WaitStates(up_to=quantity(100, "MHz"), states=3)),
    source="made up for this test",
)
TARGET = Target(
    name="t",
    hardware=Hardware(name="t", title="T", core="cortex-m4", flash_timing=TIMING),
    clock=quantity(100, "MHz"),
)
GENERIC = Layout({"a": "generic/conv"}, {"a": 8})
DSP = Layout({"a": "dsp/conv"}, {"a": 8})


def counted(**counts: float) -> dict[str, Figure]:
    return {name: Figure.exact(value, "cycles", "simulated") for name, value in counts.items()}


def measurement(layer: dict[str, Figure], total: dict[str, Figure], high: float | None = None) -> Measurement:
    """One layer `a`; times follow from the cycles at 100 MHz."""
    cycles = total["cycles"].value or 0.0
    best = Figure(value=cycles / CLOCK, high=high and high / CLOCK, unit="s", evidence="simulated")
    return Measurement.model_construct(
        evidence="simulated",
        counters=total,
        layers=(LayerResult.model_construct(name="a", counters=layer),),
        total=Latency.model_construct(best=best),
        provenance=Provenance.model_construct(clock_hz=CLOCK),
    )


# 1000 cycles of the layer and 100 outside of it.
LAYER = counted(cycles=1000, multiply_cycles=400, load_cycles=400, store_cycles=100, other_cycles=100)
WHOLE = counted(cycles=1100, multiply_cycles=400, load_cycles=450, store_cycles=100, other_cycles=150)
BEFORE = measurement(LAYER, WHOLE)


def cycles(figure: Figure, clock: float = CLOCK) -> list[float | None]:
    return [None if end is None else round(end * clock, 6) for end in (figure.low, figure.value, figure.high)]


def test_a_pass_for_an_activation_adds_cycles_for_each_code_and_fusing_it_takes_them() -> None:
    """100 codes at half a cycle to 16, 7 most likely."""
    apart = Layout({"a": "dsp/conv"}, {"a": 8}, passed=100)
    change = [Change("rewrites", "activations")]
    assert cycles(predict(BEFORE, TARGET, change, apart, DSP).latency) == [1150, 1800, 2700]
    assert cycles(predict(BEFORE, TARGET, change, DSP, apart).latency) == [0, 400, 1050]


def test_columns_that_are_computed_again_take_what_columns_took() -> None:
    """8 rows of 10 columns become 16 of 7, and 30 codes are copied: 1.4 times the columns in twice the calls.

    At least 10/11 of that, for a kernel that wasted a position of each row; at most 8/7 of it, for one that will. What
    is no product may belong to rows and double.
    """
    whole = Layout({"a": "dsp/conv"}, {"a": 8}, frozenset({"a"}), calls={"a": 8}, rows={"a": RowCalls(8, 10)})
    tiles = replace(whole, calls={"a": 16}, rows={"a": RowCalls(16, 7)}, copied=30)
    found = predict(BEFORE, TARGET, [Change("tile", 7)], tiles, whole)
    low = 1000 * 1.4 * 10 / 11 + 100 + 8 * 5 + 30 * 0.5
    value = 1000 * 1.4 + 100 + 8 * 100 + 30
    high = 400 * 1.6 + 600 * 2 + 100 + 8 * 450 + 30 * 8
    assert cycles(found.latency) == pytest.approx([low, value, high])


def test_calls_by_rows_are_counted_and_bounded_from_both_sides() -> None:
    """Seven calls more, of 60 cycles outside of the layer and 40 inside; products stay, or double at most."""
    whole = Layout({"a": "dsp/conv"}, {"a": 8}, calls={"a": 1})
    rows = Layout({"a": "dsp/conv"}, {"a": 8}, frozenset({"a"}), calls={"a": 8})
    found = predict(BEFORE, TARGET, [Change("fusion", "on")], rows, whole)
    low = 400 + 0.9 * 600 + 100 + 7 * 5
    value = 400 + 1.05 * 500 + 1.1 * 100 + 100 + 7 * 100
    assert cycles(found.latency) == pytest.approx([low, value, 2000 + 100 + 7 * 450])
    back = predict(BEFORE, TARGET, [Change("rewrites", "rows")], whole, rows)
    assert cycles(back.latency)[2] == pytest.approx(400 + 600 / 0.9 + 100 - 7 * 5)


def test_products_on_padding_are_made_where_the_input_is_copied_with_it() -> None:
    """A quarter of the products met padding; 50 codes are copied."""
    folded = Layout({"a": "generic/conv"}, {"a": 8}, on_padding={"a": 0.25})
    copied = Layout({"a": "generic/conv"}, {"a": 8}, passed=50)
    found = predict(BEFORE, TARGET, [Change("rewrites", "padding")], copied, folded)
    assert cycles(found.latency) == pytest.approx(
        [400 + 0.25 * 600 + 100 + 25, 1100 + 350, (400 + 600) * 4 / 3 + 100 + 50 * 16]
    )


def test_channels_with_shifts_of_their_own_are_rescaled_one_by_one() -> None:
    folded = Layout({"a": "dsp/conv"}, {"a": 8}, outputs={"a": 20})
    apart = Layout({"a": "dsp/conv_any"}, {"a": 8}, outputs={"a": 20})
    found = predict(BEFORE, TARGET, [Change("rewrites", "shifts")], apart, folded)
    other = 400 * 0.5 + 400 * 0.25 + 100 * 0.25 + 100 * 0.125 + 100
    assert cycles(found.latency) == pytest.approx(
        [other, 1100 + 20 * 15, 400 * 2 + 400 * 4 + 100 * 4 + 100 * 8 + 100 + 20 * 40]
    )


def test_window_sums_are_as_much_work_as_they_have() -> None:
    """Whatever the layer took before: 300 additions, and outside of it nothing changes."""
    plain = Layout({"a": "generic/conv"}, {"a": 8}, averaged={"a": Work(products=500, rescaled=10)})
    sums = Layout({"a": "generic/window_sums"}, {"a": 8}, averaged={"a": Work(additions=300)})
    found = predict(BEFORE, TARGET, [Change("fusion", "on")], sums, plain)
    assert cycles(found.latency) == pytest.approx([100 + 75, 100 + 600, 100 + 6000])
    back = predict(BEFORE, TARGET, [Change("rewrites", "window_sums")], plain, sums)
    assert cycles(back.latency) == pytest.approx([100 + 250, 100 + 2000 + 150, 100 + 10_000 + 400])


def test_tuned_kernels_take_no_more_than_the_upper_bound_of_now() -> None:
    before = measurement(LAYER, WHOLE, high=1300)
    tuned = Layout({"a": "dsp/conv"}, {"a": 8}, choices={"a": ("dsp/conv", "generic/conv")})
    found = predict(before, TARGET, [Change("kernels", "tuned")], tuned, DSP)
    assert cycles(found.latency) == pytest.approx([400 + 400 + 100 + 100 / 1.5 + 100, 1100, 1300])


def test_costs_are_higher_without_optimisation() -> None:
    slow = TARGET.model_copy(update={"compile": "-O0"})
    apart = Layout({"a": "dsp/conv"}, {"a": 8}, passed=100)
    found = predict(BEFORE, slow, [Change("rewrites", "activations")], apart, DSP)
    assert cycles(found.latency) == [1150, 1100 + 3 * 700, 1100 + 9 * 1600]


def test_dual_multiplications() -> None:
    found = predict(BEFORE, TARGET, [Change("kernels", "dsp")], DSP, GENERIC)
    low = 400 / 2 + 400 / 4 + 100 / 4 + 100 / 8 + 100
    value = 400 / 2 + 400 / 2 + 100 + 100 / 2 + 100
    high = 400 + 400 + 100 + 100 * 1.5 + 100
    assert cycles(found.latency) == [low, value, high]


def test_the_reverse_is_the_reverse() -> None:
    found = predict(BEFORE, TARGET, [Change("kernels", "generic")], GENERIC, DSP)
    low = 400 + 400 + 100 + 100 / 1.5 + 100
    high = 400 * 2 + 400 * 4 + 100 * 4 + 100 * 8 + 100
    assert cycles(found.latency)[0] == pytest.approx(low)
    assert cycles(found.latency)[2] == high


def test_a_layer_whose_kernel_stays_keeps_its_cycles() -> None:
    found = predict(BEFORE, TARGET, [Change("kernels", "generic")], GENERIC, GENERIC)
    assert cycles(found.latency) == [1100, 1100, 1100]


def test_wider_codes() -> None:
    wide = Layout({"a": "generic/conv"}, {"a": 16})
    found = predict(BEFORE, TARGET, [Change("bits", 16)], wide, GENERIC)
    assert cycles(found.latency) == [
        400 + 400 + 100 + 50 + 100,
        400 + 600 + 100 + 100 + 100,
        400 + 800 + 200 + 200 + 100,
    ]


def test_a_compiler_keeps_the_products_and_rearranges_the_rest() -> None:
    """TARGET is compiled with -O2. 400 products stay or turn into loops; 450 cycles of loads and 100 of stores halve or
    double; 150 others vanish or double."""
    found = predict(BEFORE, TARGET, [Change("compile", "-O3")], GENERIC, GENERIC)
    assert cycles(found.latency) == [400 + 225 + 50, 1100, 400 * 9 + 900 + 200 + 300]


def test_branches_depend_on_unrolling() -> None:
    counts = counted(cycles=1000, multiply_cycles=400, branch_cycles=600)
    found = predict(measurement(counts, counts), TARGET, [Change("compile", "-Os")], GENERIC, GENERIC)
    assert cycles(found.latency) == [400, 1000, 400 * 9 + 600 * 8]


def test_without_optimisation_every_instruction_goes_through_memory() -> None:
    found = predict(BEFORE, TARGET, [Change("compile", "-O0")], GENERIC, GENERIC)
    assert cycles(found.latency) == [1100, 3300, 9 * (400 * 9 + 900 + 200 + 300)]
    slow = TARGET.model_copy(update={"compile": "-O0 -funroll-loops"})
    back = predict(BEFORE, slow, [Change("compile", "-O2")], GENERIC, GENERIC)
    assert cycles(back.latency) == pytest.approx([400 / 81 + (450 + 100 + 150) / 18, 1100 / 3, 1100])


def test_the_last_level_counts_and_none_is_no_optimisation() -> None:
    twice = TARGET.model_copy(update={"compile": "-O0 -O1"})
    assert cycles(predict(BEFORE, twice, [Change("compile", "-O3")], GENERIC, GENERIC).latency)[1] == 1100
    bare = TARGET.model_copy(update={"compile": ""})
    found = predict(BEFORE, bare, [Change("compile", "-O0")], GENERIC, GENERIC)
    assert cycles(found.latency) == pytest.approx([1100 * 0.98, 1100, 1100 * 1.02])


def test_a_clock_changes_the_length_of_a_cycle() -> None:
    found = predict(BEFORE, TARGET, [Change("clock", quantity(50, "MHz"))], GENERIC, GENERIC)
    assert cycles(found.latency, 50e6) == [1100, 1100, 1100]


def test_waits_for_flash_are_scaled_to_the_other_wait_states() -> None:
    """1100 cycles, 1200 at most by the core alone, and 600 at most of waits at 3 wait states: 200 misses."""
    total = WHOLE | {
        "cycles": Figure(value=1100, low=1100, high=1800, unit="cycles", evidence="simulated"),
        "flash_waits_at_most": Figure(value=None, low=0, high=600, unit="cycles", evidence="simulated"),
        "flash_data_misses": Figure.exact(150, "misses", "simulated"),
    }
    before = measurement(LAYER, total, high=1800)
    slower = predict(before, TARGET, [Change("clock", quantity(50, "MHz"))], GENERIC, GENERIC)
    assert cycles(slower.bound, 50e6) == [1400, 1400, 1400]
    placed = predict(before, TARGET, [Change("placement", "sram")], GENERIC, GENERIC)
    assert cycles(placed.bound) == [1800 - 150 * 3, 1800 - 150 * 3, 1800]
    assert cycles(placed.latency) == [1100, 1100, 1100]


def test_a_measured_latency_may_contain_any_waits() -> None:
    """From 3 wait states to 1: if every cycle reads flash, half of them are left."""
    before = measurement({}, counted(cycles=1000)).model_copy(update={"evidence": "measured"})
    found = predict(before, TARGET, [Change("clock", quantity(50, "MHz"))], GENERIC, GENERIC)
    assert cycles(found.latency, 50e6) == [500, 1000, 1000]


@pytest.mark.parametrize("access", [0.001, 0.5, 0.99, 1.01, 1.5, 2.01, 3.3, 7.01, 12.5])
@pytest.mark.parametrize("megahertz", [13, 50, 99, 101, 130, 400])
def test_wait_states_that_nobody_declares_lie_within_the_interval(access: float, megahertz: int) -> None:
    """Every cycle a read of flash that takes `access` cycles of the first clock: the most that may change."""
    bare = TARGET.model_copy(update={"hardware": TARGET.hardware.model_copy(update={"flash_timing": None})})
    reads = 1000 / math.ceil(access)
    after = reads * math.ceil(access * megahertz / 100)
    before = measurement({}, counted(cycles=1000)).model_copy(update={"evidence": "measured"})
    found = predict(before, bare, [Change("clock", quantity(megahertz, "MHz"))], GENERIC, GENERIC)
    low, value, high = cycles(found.latency, megahertz * 1e6)
    assert value == 1000 and low is not None and high is not None and low <= after <= high


def test_without_causes_nothing_is_predicted_but_a_clock() -> None:
    before = measurement({}, counted(cycles=1000))
    found = predict(before, TARGET, [Change("compile", "-O3")], GENERIC, GENERIC)
    assert found.latency.value is None and "no counters" in found.latency.basis
    assert found.holds(Figure.exact(1e-6, "s", "measured")) is None


@pytest.mark.parametrize(("value", "held"), [(1.0, True), (1.999, True), (2.001, False), (0.999, False)])
def test_a_measurement_outside_of_the_interval_is_a_miss(value: float, held: bool) -> None:
    predicted = Figure(value=1.5, low=1.0, high=2.0, unit="s", evidence="predicted")
    prediction = Prediction(predicted, Figure.unknown("s", "none"))
    assert prediction.holds(Figure.exact(value, "s", "measured")) is held


def test_an_upper_bound_that_is_broken_is_a_miss() -> None:
    predicted = Figure(value=1.0, low=1.0, high=1.0, unit="s", evidence="predicted")
    bound = Figure(value=2.0, low=1.5, high=2.0, unit="s", evidence="predicted")
    measured = Figure(value=1.0, low=1.0, high=2.5, unit="s", evidence="simulated")
    assert Prediction(predicted, bound).holds(measured) is False
    assert Prediction(predicted, bound).holds(measured.model_copy(update={"high": 1.6})) is True


AXES = st.sampled_from(["kernels", "bits", "compile", "clock", "fusion", "rewrites"])


@given(st.lists(st.integers(0, 10**6), min_size=4, max_size=4), st.sets(AXES, min_size=1))
def test_the_likely_value_lies_within_its_interval(parts: list[int], axes: set[str]) -> None:
    names = ("multiply_cycles", "load_cycles", "store_cycles", "other_cycles")
    counts = counted(cycles=float(sum(parts) + 1), **dict(zip(names, map(float, parts), strict=True)))
    values = {"clock": quantity(50, "MHz"), "bits": 16, "fusion": "on", "rewrites": "all"}
    changes = [Change(axis, values.get(axis, "x")) for axis in sorted(axes)]  # type: ignore[arg-type]
    then = Layout({"a": "dsp/conv"}, {"a": 16}, frozenset({"a"}), passed=9, calls={"a": 5}, on_padding={"a": 0.5})
    found = predict(measurement(counts, counts), TARGET, changes, then, GENERIC).latency
    assert found.value is not None and found.low is not None
    assert 0 <= found.low <= found.value * (1 + 1e-12)
    assert found.high is not None and found.value <= found.high * (1 + 1e-12)

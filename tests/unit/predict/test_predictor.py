"""Predictions for hardware: refused outside of what was seen, wider where less was seen."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import hardware

from specc.evidence import Figure
from specc.predict.calibrate import LEVELS, multiple
from specc.predict.networks import Mix
from specc.predict.power import Power, energy, network_spread, power_per_hertz, stated_power, usual_power
from specc.predict.predictor import Predictor, eight_bits, published_predictor
from specc.predict.results import Kernels, networks, published
from specc.spec.model import QuantizationRow, QuantizationTable
from specc.units import quantity

KWS = networks()["kws"]


@pytest.mark.parametrize("core", ["cortex-m55", "cortex-m85", "ethos-u55", "ethos-u85", "host"])
def test_a_core_that_was_never_seen_is_refused(core: str) -> None:
    found = published_predictor().predict(hardware(core), 100e6, KWS)
    assert found.refused
    assert (found.latency.evidence, found.energy.value) == ("unknown", None)
    assert core in found.latency.basis


def test_an_unknown_clock_is_refused() -> None:
    assert "declare it in the target" in published_predictor().predict(hardware(), None, KWS).latency.basis


@pytest.mark.parametrize(
    ("macs", "refused"), [(50_000, True), (100_000, False), (2_000_000_000, False), (10**10, True)]
)
def test_a_network_far_outside_of_those_seen_is_refused(macs: int, refused: bool) -> None:
    mix = Mix(conv=macs, pointwise=0, depthwise=0, dense=0, weights=1000, inputs=1000, outputs=1000)
    assert published_predictor().predict(hardware(), 100e6, mix).refused is refused


def test_a_refusal_says_what_would_help() -> None:
    predictor = published_predictor()
    assert "`specc measure` measures this computer" in predictor.predict(hardware("host"), 1e9, KWS).latency.basis
    other = predictor.predict(hardware("cortex-m55"), 100e6, KWS).latency.basis
    assert "cortex-m7" in other and "riscv32" in other


@given(
    st.builds(Mix, *[st.integers(0, 10**9)] * 4, *[st.integers(0, 10**8)] * 3),
    st.floats(1e6, 1e9),
    st.sampled_from(["tuned", "portable", "reference"]),
    st.sampled_from(["", "X-CUBE-AI", "no such <software>"]),
)
def test_any_network_has_a_figure_between_ends_or_a_reason(
    mix: Mix, clock: float, kernels: Kernels, software: str
) -> None:
    latency = published_predictor().predict(hardware(), clock, mix, kernels=kernels, software=software).latency
    if latency.value is None:
        assert "multiply-accumulates" in latency.basis
    else:
        assert latency.low is not None and latency.high is not None
        assert 0 < latency.low < latency.value < latency.high < math.inf


def test_a_prediction_has_ends_around_its_value_and_names_what_it_rests_on() -> None:
    found = published_predictor().predict(hardware(), 100e6, KWS)
    latency = found.latency
    assert latency.low is not None and latency.value is not None and latency.high is not None and found.likely
    assert latency.low < found.likely[0] < latency.value < found.likely[1] < latency.high
    assert latency.evidence == "predicted"
    assert "not verified by MLCommons" in latency.basis and "no result of this chip" in latency.basis


def test_twice_the_clock_is_half_the_latency() -> None:
    slow, fast = (published_predictor().predict(hardware(), clock, KWS).latency.value for clock in (50e6, 100e6))
    assert slow is not None and fast is not None
    assert slow == pytest.approx(2 * fast)


def test_named_software_narrows_the_interval() -> None:
    of_any = published_predictor().predict(hardware(), 100e6, KWS).latency
    of_one = published_predictor().predict(hardware(), 100e6, KWS, software="X-CUBE-AI").latency
    assert of_any.high and of_any.low and of_one.high and of_one.low
    assert of_one.high / of_one.low < of_any.high / of_any.low


def test_a_published_board_left_out_lies_in_its_interval_of_95_percent_nearly_always() -> None:
    found = published_predictor().misses["board"]
    width = multiple(found, LEVELS[1])
    assert width is not None
    boards = {miss.group for miss in found}
    rates = [
        sum(miss.score <= width for miss in found if miss.group == board) / sum(miss.group == board for miss in found)
        for board in boards
    ]
    assert sum(rates) / len(rates) >= LEVELS[1]


def test_no_results_no_published_predictor() -> None:
    with pytest.raises(ValueError, match="may train"):
        Predictor.train(())


def row(**fields: object) -> QuantizationTable:
    return QuantizationTable(model="m", rows=(QuantizationRow(layer="*", **{"bits": 8} | fields),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (None, False),
        (row(), True),
        (row(bits=16), False),
        (row(weights=4), False),
        (row(format="posit8"), False),
    ],
)
def test_only_networks_in_8_bits_are_like_those_published(table: QuantizationTable | None, expected: bool) -> None:
    assert eight_bits(table) is expected


def test_stated_power_is_scaled_with_the_clock_and_not_far() -> None:
    chip = hardware(active_power="40 mW").model_copy(update={"active_power_clock": quantity(100, "MHz")})
    assert stated_power(hardware(), 100e6) is None
    half = stated_power(chip, 50e6)
    assert half is not None and half.value == pytest.approx(20e-3) and half.bounded
    assert stated_power(chip, 49e6) is None
    assert stated_power(chip, 201e6) is None


def test_energy_multiplies_values_and_ends() -> None:
    latency = Figure(value=0.1, low=0.05, high=0.2, unit="s", evidence="predicted")
    found = energy(latency, Power(0.02, 0.01, 0.03, True, "stated"))
    assert (found.value, found.low, found.high) == pytest.approx((2e-3, 0.5e-3, 6e-3))
    loose = energy(latency, Power(0.02, 0.01, 0.03, False, "usual"))
    assert loose.value == pytest.approx(2e-3) and loose.high is None and loose.low is None


def test_power_is_learned_from_energy_runs_of_cores_alone() -> None:
    found = power_per_hertz(published())
    assert "efr32mg24" not in found and "gap9" not in found  # accelerators
    # 22.4 to 27.2 mW at 160 MHz are published for the STM32U5.
    assert 22e-3 < found["stm32u5"] * 160e6 < 28e-3
    middle = usual_power(published(), 100e6)
    assert middle.value == pytest.approx(math.prod(found.values()) ** (1 / len(found)) * 100e6)
    assert not middle.bounded


def test_power_hardly_depends_on_the_network() -> None:
    spread = sorted(network_spread(published()))
    assert len(spread) > 50
    assert spread[len(spread) // 2] < 0.1

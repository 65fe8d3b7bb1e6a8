"""Instruments that cannot see, and contracts that cannot be tested."""

import math
import re

import pytest

from specc.check.harness import resolvable_drift
from specc.check.instruments import RECORDER_RATE
from specc.resources import resource

BUDGET = "budget t {"


def add(line: str) -> tuple[str, str]:
    return (BUDGET, f"{line}\n{BUDGET}")


def core(name: str) -> tuple[str, str]:
    return ("cortex-m4, fpu, dsp", name)


@pytest.mark.parametrize("name", ["cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_no_cortex_m_here_counts_cache_misses(change, only, name):
    found = only(change(core(name), add("instrument t { cycles, cache_misses }")), "E5101")
    shown = name.replace("cortex-m", "Cortex-M")
    assert found.message == f"a {shown} cannot count `cache_misses`: it has no such counter"
    assert ("no cache either" in found.notes[0]) == (name != "cortex-m7")
    assert "Armv8.1-M" in found.notes[0]
    assert found.primary.span.text == "cache_misses"


def test_a_host_may_count_what_it_can(change):
    host = ("target t {", "target pc { use host }\nbudget pc { latency total <= 1 ms }\ntarget t {")
    assert change(host, add("instrument pc { cache_misses, memory_bandwidth, fetch_stalls }")).diagnostics == ()


@pytest.mark.parametrize("name", ["cortex-m3", "cortex-m4", "cortex-m7"])
def test_stall_counters_wrap(change, only, name):
    found = only(change(core(name), add("instrument t { fetch_stalls }")), "W5102")
    assert "is an 8-bit counter: it wraps every 256 events" in found.message


def test_a_cortex_m0_plus_has_no_stall_counters(change, only):
    only(change(core("cortex-m0+"), add("instrument t { fetch_stalls }")), "E5101")


def test_cycles_are_fine(change):
    assert change(add("instrument t { cycles, instructions }")).diagnostics == ()


def sensor(averages: int, conversion: str, rate: str) -> tuple[str, str]:
    options = f"averages {averages}, conversion {conversion}, sample >= {rate}"
    return add(f"instrument t {{ sensor ina226 {{ {options} }} }}")


def test_a_sensor_that_averages_for_too_long(change, only):
    found = only(change(sensor(128, "1.1 ms", "1 kHz")), "E5103")
    assert found.message == (
        "sensor `ina226` delivers 7.1 readings/s at best, 1 kHz are required: 128 averages of 1.1 ms take 140.8 ms"
    )
    assert found.notes == (
        "3.6 readings/s when it converts bus and shunt voltage in turn",
        "repair: no averaging and a conversion of at most 1 ms",
    )


def test_a_sensor_that_is_just_fast_enough(change, only):
    """140 µs conversions: 7 of them take 0.98 ms, 8 take 1.12 ms."""
    assert change(sensor(7, "140 us", "1 kHz")).diagnostics == ()
    assert change(sensor(10, "100 us", "1 kHz")).diagnostics == ()
    found = only(change(sensor(8, "140 us", "1 kHz")), "E5103")
    assert found.notes[1] == "repair: at most 7 averages of 140 us (both voltages: 3)"


HARNESS = "harness { iterations 10_000, seed fresh, gradient variance <= 5 %, gradient drift < LIMIT }"


def test_gradients_need_a_distribution(change, only):
    nothing = (" { distribution normal 0.5 }", "")
    found = only(change(nothing, add(HARNESS.replace("LIMIT", "3 %"))), "E5104")
    assert found.message == "limits on gradient variance and drift have no meaning without an input distribution"
    assert change(nothing).diagnostics == ()
    assert change(nothing, add("harness { iterations 10_000 }")).diagnostics == ()


def test_a_drift_that_cannot_be_resolved(change, only):
    found = only(change(add(HARNESS.replace("LIMIT", "0.01 %"))), "W5105")
    assert found.message == "drift < 0.01 % between fresh seeds cannot be resolved with 10,000 iterations"
    assert found.notes[1] == "resolving 0.01 % would take 280 million to 490 million iterations"
    assert found.notes[2].startswith("repair: a limit of at least 2.3 %")


@pytest.mark.parametrize(
    "text", [HARNESS.replace("LIMIT", "2.0 %"), HARNESS.replace("fresh", "7").replace("LIMIT", "0.01 %")]
)
def test_a_drift_that_can(change, text):
    assert change(add(text)).diagnostics == ()


def test_the_repair_is_resolvable_and_more_iterations_resolve_more():
    assert resolvable_drift(10_000, 0.008) == pytest.approx(1.96 * math.sqrt(2) * 0.008)
    assert resolvable_drift(1_000_000, 0.008) == pytest.approx(resolvable_drift(10_000, 0.008) / 10)


def test_the_rate_of_a_recorder_is_that_of_its_firmware():
    def constant(name: str, file: str) -> int:
        found = re.search(rf"\b{name} = ([0-9]+)", resource("firmware", f"recorder/{file}").read_text(encoding="utf-8"))
        assert found
        return int(found[1])

    assert constant("SAMPLER_HERTZ", "sampler.h") / constant("SUMMED", "recorder.c") == RECORDER_RATE


ADC = "sensor adc { resistor 1 ohm, gain 50, supply 3.3 V, reference 3.3 V, sample >= %s }"


def test_a_recorder_that_is_too_slow(change, only):
    found = only(change(add(f"instrument t {{ {ADC % '2501 Hz'} }}")), "E5103")
    assert "delivers 2,500 readings/s, 2501 Hz are required" in found.message
    assert found.primary.span.text == ">= 2501 Hz"
    assert change(add(f"instrument t {{ {ADC % '2.5 kHz'} }}")).diagnostics == ()


@pytest.mark.parametrize("line", ["latency total <= 1 ms", "memory sram <= 32 KiB", "energy <= 1 mJ per inference"])
def test_what_must_be_measured_needs_weights(change, only, line):
    lines = ("latency total <= 1 ms", "memory sram <= 32 KiB", "energy <= 1 mJ per inference")
    without = [("  weights seed 1\n", ""), *((one, "") for one in lines if one != line)]
    found = only(change(*without), "N2103")
    assert found.severity == "note"
    assert found.secondary[0].span.text == line


def test_what_hardware_decides_needs_none(change):
    unbound = ("latency total <= 1 ms\n  memory sram <= 32 KiB\n  energy <= 1 mJ per inference", "price <= 1 USD")
    found = change(("  weights seed 1\n", ""), unbound, ("core cortex-m4", 'price 1 USD source "s"\n  core cortex-m4'))
    assert found.diagnostics == ()

"""Lines of a budget against one another and against the hardware."""

import pytest

TOTAL = "latency total <= 1 ms"
ENERGY = "energy <= 1 mJ per inference"


def parts(*lines: str) -> tuple[str, str]:
    return (TOTAL, "\n  ".join((TOTAL, *lines)))


def test_parts_that_use_up_the_total(change, only):
    found = only(
        change(parts("latency conv <= 0.4 ms", "latency head <= 500 us", "latency overhead <= 0.1 ms")), "W4105"
    )
    assert found.message == "the latency budget of `t` leaves no slack: 0.4 + 0.5 + 0.1 = 1 ms, all of its total"
    assert found.notes[0] == "nothing is left for `gap`: in no part of the budget"
    assert [label.span.text for label in found.secondary] == ["0.4 ms", "500 us", "0.1 ms"]


def test_parts_that_exceed_the_total(change, only):
    found = only(change(parts("latency conv <= 0.8 ms", "latency overhead <= 0.3 ms")), "E4104")
    assert "exceed its total: 0.8 + 0.3 = 1.1 ms, 1 ms allowed" in found.message


@pytest.mark.parametrize(
    "lines",
    [
        ("latency conv <= 0.4 ms", "latency head <= 0.5 ms"),  # slack
        ("latency conv <= 1 ms",),  # one part alone is no split
        ("latency conv+head <= 0.6 ms", "latency conv <= 0.5 ms"),  # they overlap
        ("latency conv p99 <= 0.6 ms", "latency head p99 <= 0.5 ms"),  # another percentile than the total's
        ("latency conv cold <= 0.6 ms", "latency head cold <= 0.5 ms"),
    ],
)
def test_parts_that_are_fine(change, lines):
    assert change(parts(*lines)).diagnostics == ()


def test_no_active_power_no_verdict(change, only):
    powerless = ('  active_power 30 mW at 100 MHz source "sheet"\n', "")
    found = only(change(powerless), "W4108")
    assert "energy per inference <= 1 mJ: no active power is known for `t`" in found.message
    only(change(powerless, (ENERGY, "power <= 1 mW")), "W4108")
    assert change(powerless, (ENERGY, "memory flash <= 1 KiB")).diagnostics == ()


def test_a_line_for_all_needs_one_target_that_can_judge_it(change, only):
    everywhere = (f"  {ENERGY}\n}}", f"}}\ntarget pc {{ use host }}\nbudget all {{ {ENERGY} }}")
    assert change(everywhere).diagnostics == ()
    only(change(everywhere, ('  active_power 30 mW at 100 MHz source "sheet"\n', "")), "W4108")


def test_no_price_no_verdict(change, only):
    assert "no price is known" in only(change((ENERGY, "price <= 1 USD")), "W4108").message


def test_a_cortex_m4_has_no_l1(change, only):
    found = only(change((ENERGY, "memory l1 <= 16 KiB")), "E4107")
    assert "`t` has no L1: a Cortex-M4 has no data cache of its own" in found.message


def test_an_l1_that_no_hardware_states(change, only):
    host = ("hardware chip", "target pc { use host }\nbudget pc { memory l1 <= 1 MiB per core }\nhardware chip")
    found = only(change(host), "W4108")
    assert found.message == (
        "memory l1 <= 1 MiB per core: an L1 of that size exists on no declared hardware; `host` of `pc` states none"
    )


@pytest.mark.parametrize(
    ("line", "text"), [("memory sram <= 65 KiB", "has 64 KiB"), ("memory flash <= 1 MiB", "has 256 KiB")]
)
def test_a_limit_above_what_there_is(change, only, line, text):
    found = only(change((ENERGY, line) if "flash" in line else ("memory sram <= 32 KiB", line)), "W4106")
    assert text in found.message
    assert found.notes == ("source: sheet",)


def test_an_l1_that_is_smaller_than_its_limit(change, only):
    cache = ("cortex-m4, fpu, dsp", 'cortex-m7, dsp\n  l1_data 16 KiB source "sheet"')
    assert change(cache, (ENERGY, "memory l1 <= 16 KiB")).diagnostics == ()
    only(change(cache, (ENERGY, "memory l1 <= 17 KiB")), "W4106")


def test_a_clock_above_the_highest(change, only):
    found = only(change(("use chip, clock 100 MHz", "use chip, clock 101 MHz")), "E4109")
    assert found.message == "`t` runs at 101 MHz, but `chip` allows at most 100 MHz"

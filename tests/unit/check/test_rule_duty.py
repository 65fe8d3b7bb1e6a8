"""Rates that a target, a battery or a mean power cannot carry.

The clean network has 2,304 + 40 multiply-accumulates: at two per cycle 1,172 cycles. Its pool has none, but loads 256
bytes and stores 4, at 4 per cycle 65 cycles: 1,237 together, 12.37 µs at 100 MHz. Ten thousand inferences a second keep
the core busy for 12.37 % of the time, at 30 mW active: 3.711 mW with sleep for nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from specc.check import CheckResult

Change = Callable[..., CheckResult]
SLEEP = ("active_power 30 mW", 'sleep_power 1 mW source "sheet"\n  active_power 30 mW')


def codes(result: CheckResult) -> list[str]:
    return [diagnostic.code for diagnostic in result.diagnostics]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("power <= 3.72 mW at 10 kHz", []),
        ("power <= 3.71 mW at 10 kHz", ["E4112"]),
        ("power <= 1 W at 80 kHz", []),
        ("power <= 1 W at 81 kHz", ["E4112"]),  # 1 / 12.37 µs is 80.84 kHz
        ("battery 100 mAh at 3 V\n  life >= 80 h at 10 kHz", []),  # 1080 J at 3.711 mW last 80.8 h
        ("battery 100 mAh at 3 V\n  life >= 82 h at 10 kHz", ["E4112"]),
    ],
)
def test_with_sleep_unknown_it_counts_for_nothing(change: Change, line: str, found: list[str]) -> None:
    result = change(("  memory sram <= 32 KiB", f"  {line}"))
    assert sorted(codes(result)) == sorted([*found, "W4108"])


@pytest.mark.parametrize(("limit", "found"), [("4.59 mW", []), ("4.58 mW", ["E4112"])])
def test_with_sleep_known(change: Change, limit: str, found: list[str]) -> None:
    """0.1237 × 30 mW + 0.8763 × 1 mW = 4.5873 mW."""
    assert codes(change(SLEEP, ("  memory sram <= 32 KiB", f"  power <= {limit} at 10 kHz"))) == found


def test_where_no_source_bounds_the_loads_the_arithmetic_counts_alone(change: Change) -> None:
    """1 / 11.72 µs is 85.32 kHz."""
    core = ("cortex-m4, fpu, dsp", "cortex-m7, fpu, dsp")
    for rate, found in (("85 kHz", []), ("86 kHz", ["E4112"])):
        line = ("  memory sram <= 32 KiB", f"  power <= 1 W at {rate}")
        assert codes(change(core, SLEEP, line)) == found


def test_the_finding_names_both_bounds(change: Change) -> None:
    result = change(SLEEP, ("  memory sram <= 32 KiB", "  power <= 1 W at 81 kHz"))
    (found,) = result.diagnostics
    work = "2,344 MACs and 260 bytes to load and store in `gap` need at least 1,237 cycles"
    assert work in found.message
    assert "SMLAD" in found.notes[0] and "4 bytes per cycle" in found.notes[0]


def test_active_power_at_another_clock_proves_nothing(change: Change) -> None:
    result = change(SLEEP, ("target t { use chip, clock 100 MHz }", "target t { use chip, clock 50 MHz }"),
                    ("  memory sram <= 32 KiB", "  power <= 1 uW at 10 kHz"))  # fmt: skip
    assert codes(result) == []


def test_the_sheet_says_what_the_battery_leaves(change: Change) -> None:
    result = change(SLEEP, ("  memory sram <= 32 KiB", "  battery 220 mAh at 3 V\n  life >= 1 year at 2 Hz"))
    (fact,) = [fact.statement for fact in result.facts if fact.subject == "duty t"]
    # 2376 J over 31,557,600 s are 75.29 µW, and half of that for each of two inferences a second.
    assert "is 2376 J, which leaves 75.3 µW in the mean, at most 37.6 µJ per inference" in fact
    assert codes(result) == ["E4112"]  # 1 mW asleep is more than that already

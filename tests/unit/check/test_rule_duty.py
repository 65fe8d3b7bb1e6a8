"""Rates that a target, a battery or a mean power cannot carry.

The clean network has 2,304 + 40 multiply-accumulates: at two per cycle 1,172 cycles, 11.72 µs at 100 MHz. Ten thousand
inferences a second keep the core busy for 11.72 % of the time, at 30 mW active: 3.516 mW with sleep for nothing.
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
        ("power <= 3.52 mW at 10 kHz", []),
        ("power <= 3.51 mW at 10 kHz", ["E4112"]),
        ("power <= 1 W at 85 kHz", []),
        ("power <= 1 W at 86 kHz", ["E4112"]),  # 1 / 11.72 µs is 85.32 kHz
        ("battery 100 mAh at 3 V\n  life >= 84 h at 10 kHz", []),  # 1080 J at 3.516 mW last 85.3 h
        ("battery 100 mAh at 3 V\n  life >= 86 h at 10 kHz", ["E4112"]),
    ],
)
def test_with_sleep_unknown_it_counts_for_nothing(change: Change, line: str, found: list[str]) -> None:
    result = change(("  memory sram <= 32 KiB", f"  {line}"))
    assert sorted(codes(result)) == sorted([*found, "W4108"])


@pytest.mark.parametrize(("limit", "found"), [("4.40 mW", []), ("4.39 mW", ["E4112"])])
def test_with_sleep_known(change: Change, limit: str, found: list[str]) -> None:
    """0.1172 × 30 mW + 0.8828 × 1 mW = 4.3988 mW."""
    assert codes(change(SLEEP, ("  memory sram <= 32 KiB", f"  power <= {limit} at 10 kHz"))) == found


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

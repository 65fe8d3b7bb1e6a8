"""The counters that a spec may name, and the counters that the backends count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from specc.check import check_source
from specc.source import SourceFile
from specc.spec.counters import CACHE_COUNTERS, COUNTERS, counters_of
from specc.spec.hardware import Core
from specc_backends.ethos_u import performance
from specc_backends.host import cachegrind, perf_events
from specc_backends.virtual_board import ledger

ROOT = Path(__file__).parents[3]
SPEC = """hwspec 1
model m {{ input x 8, dense d {{ units 2 }}, weights seed 1 }}
hardware h {{ title "h", core {core} }}
target t {{ use h }}
instrument t {{ {counters} }}
budget t {{ latency total <= 1 s }}
"""


def codes(core: str, *counters: str) -> list[str]:
    text = SPEC.format(core=core, counters=", ".join(counters))
    return [found.code for found in check_source(SourceFile("s.hwspec", text)).diagnostics]


def counted() -> Iterable[tuple[Core, str]]:
    """Every counter of a result, with a core that has it."""
    bounds = ("cycles_low", "cycles_high")  # the ends of `cycles`
    yield from (
        ("cortex-m4", name) for name in (*ledger.COUNTERS, "cycles", "flash_waits_at_most") if name not in bounds
    )
    yield from (("host", name) for name in (*perf_events.EVENTS, *cachegrind.COUNTERS))
    yield from (("ethos-u55", f"{bound.lower()}_cycles") for bound in get_args(performance.Bound))
    yield from (("ethos-u55", name) for name in ("cycles", "macs"))


@pytest.mark.parametrize(("core", "name"), sorted(set(counted())))
def test_what_a_backend_counts_can_be_asked_for(core: Core, name: str) -> None:
    assert codes(core, name) == []


@pytest.mark.parametrize("core", get_args(Core))
def test_every_counter_belongs_to_a_kind(core: Core) -> None:
    _, known = counters_of(core)
    assert len(set(known)) == len(known)
    assert set(known) <= set(COUNTERS)
    for name in COUNTERS:
        found = codes(core, name)
        assert ("E1011" in found) == (name not in known), name
        assert not (
            "E5101" in found
            and name not in (*CACHE_COUNTERS, "fetch_stalls", "lsu_stalls", "backend_stalls", "folded_instructions")
        )


def test_the_language_reference_lists_them() -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (all|microcontroller|host|both of these|accelerator) \| (.*) \|$", text, re.MULTILINE))
    listed = {row: set(re.findall(r"`(\w+)`", cell)) for row, cell in rows.items()}
    caches = listed["both of these"]
    assert listed["all"] | listed["microcontroller"] | caches == set(counters_of("cortex-m4")[1])
    assert listed["all"] | listed["host"] | caches == set(counters_of("host")[1])
    assert listed["all"] | listed["accelerator"] == set(counters_of("ethos-u55")[1])


def test_several_targets_need_the_counter_each() -> None:
    text = SPEC.format(core="cortex-m4", counters="cycles").replace("instrument t {", "instrument t pc {")
    text += "target pc { use host }\nbudget pc { latency total <= 1 s }\n"
    assert check_source(SourceFile("s.hwspec", text)).diagnostics == ()
    (found,) = check_source(SourceFile("s.hwspec", text.replace("cycles", "page_faults"))).diagnostics
    assert found.message == "`page_faults` is no counter of a microcontroller"

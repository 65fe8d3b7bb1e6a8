"""Names of counters that a spec may ask for, by the kind of target that can have them.

The list is closed, so that a misspelt counter is an error and not one that nobody ever sees.
"""

from __future__ import annotations

from typing import Final

from specc.spec.hardware import Core

# What the backends count, and beyond it what cores can count by their manuals: the DWT of Armv7-M (DDI 0403E, C1.8)
# and the performance monitoring unit of Armv8.1-M, with caches and mispredicted branches.
_OF_BOARDS: Final = (
    *("cycles", "instructions", "loads", "stores", "branches", "taken_branches"),
    *("multiply_accumulates", "divides"),
    *("multiply_cycles", "load_cycles", "store_cycles", "branch_cycles", "refill_cycles"),
    *("divide_cycles", "float_cycles", "other_cycles"),
    *("load_stalls", "address_stalls", "fetch_stalls", "lsu_stalls", "backend_stalls", "folded_instructions"),
    *("flash_fetch_lines", "flash_fetch_misses", "flash_data_reads", "flash_data_misses", "flash_waits_at_most"),
)
_OF_CACHES: Final = (
    *("cache_misses", "l1_misses", "l1i_misses", "l1d_misses", "l1d_loads", "l1d_load_misses", "l1d_store_misses"),
    *("llc_loads", "llc_load_misses", "llc_misses"),
    *("branch_misses", "mispredictions"),
)
# Of perf_event_open(2), of Cachegrind, and the bandwidth that memory controllers count.
_OF_HOSTS: Final = (
    *("cycles", "instructions", "loads", "stores", "branches"),
    *("stalled_cycles", "fetch_stalls", "backend_stalls", "page_faults", "memory_bandwidth"),
)
_OF_ACCELERATORS: Final = ("cycles", "macs", "macs_cycles", "sram_cycles", "dram_cycles", "flash_cycles")

CACHE_COUNTERS: Final = frozenset(_OF_CACHES)
COUNTERS: Final = tuple(dict.fromkeys((*_OF_BOARDS, *_OF_CACHES, *_OF_HOSTS, *_OF_ACCELERATORS)))


def counters_of(core: Core) -> tuple[str, tuple[str, ...]]:
    """What kind of target a core makes, and the counters of that kind.

    Whether this very core has one of them is for the checker to say.
    """
    if core == "host":
        return "a host", (*_OF_HOSTS, *_OF_CACHES)
    if core.startswith("ethos"):
        return "an accelerator", _OF_ACCELERATORS
    return "a microcontroller", (*_OF_BOARDS, *_OF_CACHES)

"""Which hardware counters Linux `perf_event_open(2)` offers, each probed by itself.

Constants are those of the kernel's `include/uapi/linux/perf_event.h`. A program counts its own layers
(`firmware/host/counts.h`), one event at a time, so that no count is scaled up from a part of the time.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from typing import Final

_HARDWARE, _SOFTWARE, _HW_CACHE = 0, 1, 3  # enum perf_type_id
_L1D, _LLC = 0, 2  # enum perf_hw_cache_id
_READ = 0  # enum perf_hw_cache_op_id
_ACCESS, _MISS = 0, 1  # enum perf_hw_cache_op_result_id


def _cache(level: int, result: int) -> tuple[int, int]:
    return _HW_CACHE, level | _READ << 8 | result << 16


# Name of the counter to type and configuration of the event. Page faults are counted by the kernel, not by hardware.
EVENTS: Final[dict[str, tuple[int, int]]] = {
    "cycles": (_HARDWARE, 0),
    "instructions": (_HARDWARE, 1),
    "l1d_loads": _cache(_L1D, _ACCESS),
    "l1d_load_misses": _cache(_L1D, _MISS),
    "llc_loads": _cache(_LLC, _ACCESS),
    "llc_load_misses": _cache(_LLC, _MISS),
    "branches": (_HARDWARE, 4),
    "mispredictions": (_HARDWARE, 5),
    "stalled_cycles": (_HARDWARE, 8),  # PERF_COUNT_HW_STALLED_CYCLES_BACKEND
    "page_faults": (_SOFTWARE, 2),
}
_SYSTEM_CALL: Final = {"x86_64": 298, "aarch64": 241, "riscv64": 241}
# struct perf_event_attr, first published version (PERF_ATTR_SIZE_VER0): type, size, config, sample period, sample type,
# read format, flags, wakeup events, breakpoint type, config1.
_ATTRIBUTES: Final = struct.Struct("=IIQQQQQIIQ")
_READ_FORMAT: Final = 1 | 2  # PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING
_EXCLUDE_KERNEL_AND_HYPERVISOR: Final = 1 << 5 | 1 << 6
_CLOSE_ON_EXEC: Final = 8  # PERF_FLAG_FD_CLOEXEC


def available() -> tuple[str, ...]:
    """The counters that open on this machine for this user, tried one by one on this process."""
    return tuple(name for name, event in EVENTS.items() if _opens(*event))


def _opens(kind: int, config: int) -> bool:
    number = _SYSTEM_CALL.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    packed = _ATTRIBUTES.pack(
        kind, _ATTRIBUTES.size, config, 0, 0, _READ_FORMAT, _EXCLUDE_KERNEL_AND_HYPERVISOR, 0, 0, 0
    )
    library = ctypes.CDLL(None)
    library.syscall.restype = ctypes.c_long
    attributes = ctypes.create_string_buffer(packed, len(packed))
    this_process, any_processor, no_group = ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(-1)
    descriptor = library.syscall(
        ctypes.c_long(number), attributes, this_process, any_processor, no_group, ctypes.c_ulong(_CLOSE_ON_EXEC)
    )
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True

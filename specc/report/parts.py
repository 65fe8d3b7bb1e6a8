"""What a reader can order: a target named by its part, with the name that the spec gives it beside."""

from __future__ import annotations

from specc.check.instruction_model import core_name
from specc.spec.hardware import Target


def built(target: Target) -> str:
    """Core and clock: `Cortex-M4 at 120 MHz`; empty for a host, whose core no fact names."""
    if target.hardware.core == "host":
        return ""
    clock = f" at {target.clock_hz / 1e6:,.10g}\u00a0MHz" if target.clock_hz else ""
    return f"{core_name(target.hardware)}{clock}"


def described(target: Target) -> str:
    """All of it: `STMicroelectronics STM32L4R5ZI, Cortex-M4 at 120 MHz (l4r5)`."""
    return f"{', '.join(filter(None, (target.hardware.part, built(target))))} ({target.name})"


def chosen(target: Target) -> str:
    """What to look for in the spec, and what it stands for: `l4r5 (STMicroelectronics, Cortex-M4 at 120 MHz)`."""
    what = ", ".join(filter(None, (target.hardware.vendor, built(target))))
    return f"{target.name} ({what})" if what else target.name


def named(target: Target) -> str:
    """Part number and name: `STM32L4R5ZI (l4r5)`."""
    return f"{target.hardware.title} ({target.name})"

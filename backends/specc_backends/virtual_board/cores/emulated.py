"""What Unicorn calls each core. Only the worker process imports this module."""

from __future__ import annotations

from typing import Any, Final

from unicorn import arm_const
from unicorn.unicorn_const import UC_ARCH_ARM, UC_MODE_THUMB
from unicorn.unicorn_py3.unicorn import Uc

# Unicorn has no Cortex-M0+; the Cortex-M0 executes the same instructions.
_MODELS: Final = {
    "cortex-m0+": arm_const.UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": arm_const.UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": arm_const.UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": arm_const.UC_CPU_ARM_CORTEX_M7,
    "cortex-m33": arm_const.UC_CPU_ARM_CORTEX_M33,
}


def processor(core: str) -> Any:
    """An engine that is one of `cores.CORES`. Not in Unicorn's own M-class mode: that one is always a Cortex-M33."""
    engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    engine.ctl_set_cpu_model(_MODELS[core])
    return engine

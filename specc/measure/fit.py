"""Programs that do not fit into a board's memory: what the linker says of it, and smaller kernels where flash is short.

Every backend that links for a board chooses kernels here, so that one network gets the same ones for the same room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from specc.codegen.choice import NOTHING_SET
from specc.codegen.generate import kernel_names
from specc.measure.backend import BackendError, FlashExceededError
from specc.numerics.quantized import QuantizedNetwork

_OVERFLOW: Final = re.compile(r"region '(\w+)': overflowed by (\d+) bytes")
_NAMES: Final = {"FLASH": "flash", "SRAM": "SRAM"}

_Result = TypeVar("_Result")


def overflow(log: str, memory: tuple[int, int]) -> BackendError | None:
    """What the linker's complaints about full memories come to; None where it has none.

    Args:
        log: what it printed. The last section placed in a memory tells the excess.
        memory: bytes of flash and of SRAM.
    """
    excess: dict[str, int] = {}
    for region, over in _OVERFLOW.findall(log):
        excess[region] = max(excess.get(region, 0), int(over))
    if not excess:
        return None
    sizes = dict(zip(_NAMES, memory, strict=True))
    parts = [
        f"{over:,} bytes more than the {sizes[region]:,} bytes of {_NAMES[region]}" for region, over in excess.items()
    ]
    message = f"the program needs {' and '.join(parts)}"
    return FlashExceededError(message, excess["FLASH"], log) if "FLASH" in excess else BackendError(message, log)


def require_flash(used: int, flash: int) -> None:
    """Refuse a linked program that is too large where the linker script gave it more room than there is, for padding.

    Raises:
        FlashExceededError: `used` bytes are more than the `flash` bytes that there are.
    """
    if used > flash:
        over = used - flash
        raise FlashExceededError(f"the program needs {over:,} bytes more than the {flash:,} bytes of flash", over)


def build_to_fit(
    network: QuantizedNetwork, family: str, build: Callable[[int], _Result], fixed: Mapping[str, str] = NOTHING_SET
) -> _Result:
    """What `build` makes with the fastest kernels that fit into the flash.

    Args:
        network: what is built.
        family: of its kernels.
        build: builds with constants that are smaller by a number of bytes than those of the fastest kernels.
        fixed: family and name of the kernel of some layers, which never change.

    Raises:
        FlashExceededError: the program does not fit with the smallest constants either.
        BackendError: `build` failed in another way.
    """
    spare = 0
    while True:
        try:
            return build(spare)
        except FlashExceededError as error:
            more = spare + error.excess
            if kernel_names(network, family, more, fixed) == kernel_names(network, family, spare, fixed):
                raise
            spare = more

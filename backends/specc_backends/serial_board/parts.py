"""The parts that board support exists for: memory map, clock, compiler flags, and how a debug probe calls them.

A part is found by the name of its hardware in the library. The registers that the start-up code of a family sets, and
the manuals it takes them from, are in firmware/boards/<family>/board.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specc.codegen.toolchain import LOADS_APART
from specc.measure.backend import BackendError
from specc.spec.hardware import Target

_CORTEX_M0PLUS: Final = ("-target", "thumb-freestanding-eabi", "-mcpu=cortex_m0plus", "-ffreestanding")
_CORTEX_M4: Final = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4", "-ffreestanding", "-nostdlib")
_CORTEX_M7: Final = (*_CORTEX_M4[:2], "-mcpu=cortex_m7", LOADS_APART, *_CORTEX_M4[3:])
_CORTEX_M33: Final = (*_CORTEX_M4[:2], "-mcpu=cortex_m33+dsp", LOADS_APART, *_CORTEX_M4[3:])

KIB: Final = 1024


@dataclass(frozen=True)
class Part:
    """A microcontroller on its usual board."""

    family: str  # folder under firmware/boards
    shared: tuple[str, ...]  # further folders there whose sources it is built with
    flags: tuple[str, ...]  # for the compiler: core and calling convention
    clocks_hz: tuple[int, ...]  # that the start-up code can set
    flash_origin: int
    sram_origin: int
    sram_limit: int  # bytes of SRAM in one piece at its origin
    openocd: tuple[str, ...]  # configuration files: probe, chip
    pyocd: str  # its name for the chip: one it knows by itself, or of a CMSIS pack
    uart: str  # where the serial line is
    flash_limit: int | None = None  # bytes of flash on the board, where the chip itself has none
    second_stage: bool = False  # the first 256 bytes of flash set up the flash itself


def _stm32(family: str, flags: tuple[str, ...], megahertz: tuple[int, ...], sram: tuple[int, int], **rest: str) -> Part:
    return Part(
        family=family,
        shared=("cortex_m", "armv7m", "stm32"),
        flags=flags,
        clocks_hz=tuple(clock * 1_000_000 for clock in megahertz),
        flash_origin=0x08000000,
        sram_origin=sram[0],
        sram_limit=sram[1],
        openocd=("interface/stlink.cfg", f"target/{rest['openocd']}.cfg"),
        pyocd=rest["pyocd"],
        uart=rest["uart"],
    )


# SRAM in one piece: RM0090 section 2.3 (SRAM1 and SRAM2), RM0432 section 2.2 (SRAM1 to SRAM3), RM0385 section 2.2
# (DTCM, SRAM1, SRAM2), RM0433 section 2.3 (AXI SRAM), RM0456 section 2.3 (SRAM1 to SRAM3), RP2040 datasheet section
# 2.6.2.
PARTS: Final[dict[str, Part]] = {
    "stm32f407": _stm32(
        "stm32f4",
        _CORTEX_M4,
        (168,),
        (0x20000000, 128 * KIB),
        openocd="stm32f4x",
        pyocd="stm32f407vgtx",
        uart="USART2, PA2 and PA3",
    ),
    "stm32l4r5": _stm32(
        "stm32l4",
        _CORTEX_M4,
        (120,),
        (0x20000000, 640 * KIB),
        openocd="stm32l4x",
        pyocd="stm32l4r5zitx",
        uart="LPUART1, PG7 and PG8 (ST-LINK of the Nucleo-144)",
    ),
    "stm32f746": _stm32(
        "stm32f7",
        _CORTEX_M7,
        (216,),
        (0x20000000, 320 * KIB),
        openocd="stm32f7x",
        pyocd="stm32f746zgtx",
        uart="USART3, PD8 and PD9 (ST-LINK of the Nucleo-144)",
    ),
    "stm32h743": _stm32(
        "stm32h7",
        _CORTEX_M7,
        (400, 480),
        (0x24000000, 512 * KIB),
        openocd="stm32h7x",
        pyocd="stm32h743xx",
        uart="USART3, PD8 and PD9 (ST-LINK of the Nucleo-144)",
    ),
    "stm32u575": _stm32(
        "stm32u5",
        _CORTEX_M33,
        (160,),
        (0x20000000, 768 * KIB),
        openocd="stm32u5x",
        pyocd="stm32u575zitxq",
        uart="USART1, PA9 and PA10 (ST-LINK of the Nucleo-144)",
    ),
    "rp2040": Part(
        family="rp2040",
        shared=("cortex_m",),
        flags=_CORTEX_M0PLUS,
        clocks_hz=(125_000_000, 133_000_000),
        flash_origin=0x10000000,
        sram_origin=0x20000000,
        sram_limit=264 * KIB,
        openocd=("interface/cmsis-dap.cfg", "target/rp2040.cfg"),
        pyocd="rp2040",
        uart="UART0, GPIO 0 and 1",
        flash_limit=2048 * KIB,  # Raspberry Pi Pico datasheet, section 2
        second_stage=True,
    ),
}


def part_of(target: Target) -> Part:
    """The part of a target, at a clock its start-up code can set.

    Raises:
        BackendError: there is no board support for it, or not at this clock.
    """
    part = PARTS.get(target.hardware.name)
    if part is None:
        raise BackendError(
            f"there is no board support for {target.hardware.name}; there is for {', '.join(sorted(PARTS))}"
        )
    if target.clock_hz not in part.clocks_hz:
        clocks = " or ".join(f"{clock / 1e6:g}" for clock in part.clocks_hz)
        asked = f"{target.clock_hz / 1e6:g} MHz" if target.clock_hz else "no clock"
        raise BackendError(
            f"the board support of {target.hardware.name} sets {clocks} MHz; target {target.name} has {asked}"
        )
    return part


def memory_bytes(part: Part, target: Target) -> tuple[int, int]:
    """Flash and SRAM that a program may use: what the hardware declares, as far as it lies in one piece.

    Raises:
        BackendError: one of them is not declared.
    """
    hardware = target.hardware
    flash = hardware.flash or getattr(hardware, "external_flash", None)
    missing = [name for name, fact in (("flash", flash), ("sram", hardware.sram)) if fact is None]
    if missing or flash is None or hardware.sram is None:
        raise BackendError(f"hardware {hardware.name} declares no {' and no '.join(missing)}")
    flash_bytes = min(int(flash.value.base), part.flash_limit or int(flash.value.base))
    return flash_bytes, min(int(hardware.sram.value.base), part.sram_limit)

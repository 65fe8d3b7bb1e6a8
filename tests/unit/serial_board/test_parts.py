"""Board support: every part's firmware builds, and is laid out as the part needs it."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from serial_rig import make_job, target

from specc.codegen.toolchain import Toolchain
from specc.measure.backend import BackendError
from specc.resources import resource
from specc.spec.hardware import Core, Fact, Hardware, Target
from specc.spec.model import LayerSpec
from specc.units import quantity
from specc_backends.serial_board import firmware, parts, second_stage
from specc_backends.serial_board.firmware import build_firmware
from specc_backends.serial_board.image import section

# Core, clock in MHz, SRAM and flash in KiB, as the makers' data sheets have them; SRAM in one piece.
FACTS: dict[str, tuple[Core, int, int, int, int]] = {
    "stm32f407": ("cortex-m4", 168, 192, 1024, 128),
    "stm32l4r5": ("cortex-m4", 120, 640, 2048, 640),
    "stm32f746": ("cortex-m7", 216, 320, 1024, 320),
    "stm32h743": ("cortex-m7", 480, 1024, 2048, 512),
    "stm32u575": ("cortex-m33", 160, 786, 2048, 768),
    "rp2040": ("cortex-m0+", 133, 264, 2048, 264),
}
# Two of them in the quick tests. The helper functions of a core without wide multiplication, the RP2040's, are compiled
# the first time, which takes most of a minute.
_QUICK = ("stm32f407", "stm32h743")
NAMES = [name if name in _QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FACTS]


def kws() -> tuple[LayerSpec, ...]:
    """The keyword-spotting network of MLPerf Tiny."""
    blocks = [
        layer
        for i in range(1, 5)
        for layer in (
            LayerSpec(name=f"dw{i}", kind="dwconv", kernel=(3, 3), padding="same", activation="relu"),
            LayerSpec(name=f"pw{i}", kind="conv", kernel=(1, 1), units=64, activation="relu"),
        )
    ]
    first = LayerSpec(
        name="conv", kind="conv", kernel=(10, 4), stride=(2, 2), padding="same", units=64, activation="relu"
    )
    last = (
        LayerSpec(name="pool", kind="avgpool"),
        LayerSpec(name="dense", kind="dense", units=12),
        LayerSpec(name="softmax", kind="softmax"),
    )
    return (first, *blocks, *last)


def fact(number: int, unit: str) -> Fact:
    return Fact(value=quantity(number, unit), source="made up for this test")


def board(name: str, **changes: object) -> Target:
    core, clock, sram, flash, _ = FACTS[name]
    facts = {"clock": fact(clock, "MHz"), "sram": fact(sram, "KiB"), "flash": fact(flash, "KiB")}
    hardware = Hardware(**({"name": name, "title": name, "core": core} | facts | changes))
    return Target(name="board", hardware=hardware)


@pytest.mark.parametrize("name", NAMES)
def test_the_keyword_spotting_network_builds(name: str, folder: Path) -> None:
    build = folder / name
    build.mkdir()
    job = make_job(folder, layers=kws(), shape=(49, 10, 1), to=board(name))
    made = build_firmware(job.network, job.target, Toolchain(folder), build)
    part, sram = parts.PARTS[name], FACTS[name][4] * 1024
    vectors = section(made.elf, ".text")[:64]
    stack, reset, *handlers = struct.unpack("<16I", vectors)
    symbols = made.image.symbols
    assert stack == part.sram_origin + sram
    assert reset == symbols["Reset_Handler"][0] and reset & 1
    code_end = part.flash_origin + made.image.flash_bytes
    assert all(part.flash_origin < handler < code_end and handler & 1 for handler in handlers if handler)
    # Faults and SysTick have a handler; the four reserved places and the one after the debug monitor have none.
    assert [index + 2 for index, handler in enumerate(handlers) if not handler] == [8, 9, 10, 13]
    assert handlers[13] == symbols["SysTick_Handler"][0]
    assert symbols["_stack_bottom"][0] >= part.sram_origin + made.image.arena_bytes
    assert 22_604 < made.image.flash_bytes < 80_000  # weights alone have 22,604 bytes and more
    assert made.image.arena_bytes == made.planned_bytes == 16_000 <= made.image.static_sram_bytes < 18_000
    assert symbols["specc_arena"][1] == 16_000
    assert section(made.elf, ".rodata").count(made.hash + struct.pack("<I", FACTS[name][1] * 1_000_000)) == 1
    where = part.flash_origin + (256 if part.second_stage else 0)
    assert symbols["vectors"][0] == where


@pytest.mark.slow
def test_the_second_stage(folder: Path) -> None:
    build = folder / "second_stage"
    (build / "source").mkdir(parents=True)
    source = second_stage.build_second_stage(Toolchain(folder), parts.PARTS["rp2040"], build)
    content = bytes(int(text, 16) for text in re.findall(r"0x([0-9a-f]{2})\b", source.read_text()))
    assert len(content) == 256
    assert any(content[:252])
    assert second_stage.checksum(content[:252]) == int.from_bytes(content[252:], "little")


def test_the_checksum_of_the_second_stage() -> None:
    # The check value of CRC-32/MPEG-2 in the catalogue of parametrised CRC algorithms: the same parameters.
    assert second_stage.checksum(b"123456789") == 0x0376E6E7


def test_too_long_a_second_stage() -> None:
    with pytest.raises(Exception, match="has 253 bytes; there is room for 252"):
        second_stage.with_checksum(bytes(253))


@pytest.mark.parametrize("name", FACTS)
def test_every_register_comes_from_a_manual(name: str) -> None:
    family = parts.PARTS[name].family
    text = (resource("firmware", f"boards/{family}") / "board.c").read_text()
    assert re.search(r"RM0\d{3}|RP2040 datasheet", text)


@pytest.mark.parametrize(
    ("name", "megahertz", "baud_clock", "divider"),
    [
        # Divider by hand: the port's clock by 115,200, to the nearest; 256 times that for the low-power port.
        ("stm32f4", 168, 42_000_000, 365),
        ("stm32f7", 216, 54_000_000, 469),
        ("stm32h7", 480, 120_000_000, 1042),
        ("stm32u5", 160, 160_000_000, 1389),
        ("stm32l4", 120, 256 * 120_000_000, 266_667),
    ],
)
def test_the_baud_rate(name: str, megahertz: int, baud_clock: int, divider: int) -> None:
    text = (resource("firmware", f"boards/{name}") / "board.c").read_text()
    (expression,) = re.findall(r"usart_start\((.+?)\);", text)
    python = expression.replace("specc_build.clock_hz", str(megahertz * 1_000_000)).replace("BAUD", "115200")
    assert int(eval(python.replace("/", "//"))) == divider
    assert abs(baud_clock / divider / 115_200 - 1) < 0.005


def test_another_clock_is_refused() -> None:
    slow = board("stm32f407").model_copy(update={"clock": quantity(84, "MHz")})
    with pytest.raises(BackendError, match=r"sets 168 MHz; target board has 84 MHz"):
        parts.part_of(slow)


def test_hardware_without_board_support() -> None:
    with pytest.raises(BackendError, match=r"no board support for nrf52840; there is for rp2040, stm32f407"):
        parts.part_of(target("nrf52840"))


@pytest.mark.parametrize("name", FACTS)
def test_memory_in_one_piece(name: str) -> None:
    _, _, _, flash, sram = FACTS[name]
    assert parts.memory_bytes(parts.PARTS[name], board(name)) == (flash * 1024, sram * 1024)


def test_undeclared_memory() -> None:
    with pytest.raises(BackendError, match="declares no flash and no sram"):
        parts.memory_bytes(parts.PARTS["stm32f407"], board("stm32f407", sram=None, flash=None))


@pytest.mark.parametrize(("flags", "message"), [("-mcpu=cortex-m7", "the core is that of"), ("-o x", "not allowed")])
def test_flags_that_are_refused(flags: str, message: str) -> None:
    asked = board("stm32f407").model_copy(update={"compile": flags})
    with pytest.raises(BackendError, match=message):
        firmware.compiler_flags(parts.PARTS["stm32f407"], asked)


def test_a_program_that_does_not_fit(folder: Path) -> None:
    build = folder / "too_large"
    build.mkdir(exist_ok=True)
    job = make_job(folder, layers=kws(), shape=(49, 10, 1), to=board("stm32f407", flash=fact(16, "KiB")))
    with pytest.raises(BackendError, match=r"needs [\d,]+ bytes more than the 16,384 bytes of flash"):
        build_firmware(job.network, job.target, Toolchain(folder), build)

"""Builds a network's firmware for a board that is reached over a serial line."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from specc.codegen.generate import code_hash, generate, render
from specc.codegen.kernels import family_of
from specc.codegen.toolchain import COMMON_FLAGS, Toolchain, ToolchainError, optimisation_flags
from specc.measure.backend import BackendError
from specc.measure.fit import build_to_fit, overflow, require_flash
from specc.numerics.quantized import QuantizedNetwork, TensorFormat
from specc.resources import resource
from specc.spec.hardware import Target
from specc_backends.serial_board.image import Image, ImageError, read_image
from specc_backends.serial_board.parts import Part, memory_bytes, part_of
from specc_backends.serial_board.second_stage import build_second_stage

HASH_BYTES: Final = 8
_PROGRAM: Final = ("serial.c", "frame.c", "mlperf.c", "codes.c", "clock.c", "i2c.c", "inference.c", "text.c")
_ANY_CORE: Final = re.compile(r"-m(cpu|tune|arch)=")


@dataclass(frozen=True)
class Firmware:
    """A linked program and how it was made."""

    elf: Path
    image: Image
    hash: bytes  # of everything that makes up the image; the program carries it
    code_hash: str
    compiler: str
    flags: str
    planned_bytes: int  # SRAM for activations, as planned
    kernels: dict[str, str]  # family and name of the kernel of each layer that has code
    clock_hz: int


def board_files(part: Part) -> list[Path]:
    """The sources of a part's board support."""
    folders = [resource("firmware", f"boards/{name}") for name in (*part.shared, part.family)]
    return sorted(path for folder in folders for path in folder.iterdir() if path.is_file())


def compiler_flags(part: Part, target: Target) -> tuple[str, ...]:
    """The flags a target's firmware is compiled with.

    Raises:
        BackendError: the target asks for a flag that is not allowed, or chooses a core.
    """
    try:
        asked = optimisation_flags(target.compile)
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error
    wrong = [flag for flag in asked if _ANY_CORE.match(flag)]
    if wrong:
        raise BackendError(f"compiler flag {wrong[0]}: the core is that of {target.hardware.name}")
    return (*part.flags, *asked)


def build_firmware(network: QuantizedNetwork, target: Target, toolchain: Toolchain, folder: Path) -> Firmware:
    """Generate, compile and link a network for a target's board.

    Where the program does not fit into the flash with the fastest kernels, it is built again with kernels whose
    constants are smaller by what is missing.

    Raises:
        BackendError: there is no board support, the compiler failed, or the program does not fit.
    """
    part = part_of(target)
    flags = compiler_flags(part, target)
    memory = memory_bytes(part, target)
    clock = int(target.clock_hz or 0)
    family = family_of(target.hardware.core, has_dsp=target.hardware.dsp)
    try:
        compiler = toolchain.version
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error
    elf = folder / "firmware.elf"

    def build(spare: int) -> Firmware:
        sources_hash = code_hash(render(network, family, spare_flash=spare), board_files(part))
        facts = f"{sources_hash} {compiler} {' '.join((*COMMON_FLAGS, *flags))} {clock} {memory}"
        image_hash = hashlib.sha256(facts.encode()).digest()[:HASH_BYTES]
        generated = generate(network, folder / "source", family, spare)
        facts_file = folder / "source" / "build_facts.c"
        facts_file.write_text(_facts_source(network, image_hash, clock), encoding="utf-8")
        sources = [
            folder / "source" / "network.c",
            facts_file,
            *(resource("firmware", f"runtime/{name}") for name in _PROGRAM),
        ]
        include = list(generated.include_folders)
        return Firmware(
            elf=elf,
            image=link(toolchain, part, sources, include=include, flags=flags, memory=memory, elf=elf),
            hash=image_hash,
            code_hash=sources_hash,
            compiler=compiler,
            flags=" ".join((*COMMON_FLAGS, *flags)),
            planned_bytes=generated.arena_bytes,
            kernels=generated.kernels,
            clock_hz=clock,
        )

    return build_to_fit(network, family, build)


def link(
    toolchain: Toolchain,
    part: Part,
    sources: list[Path],
    *,
    include: list[Path],
    flags: tuple[str, ...],
    memory: tuple[int, int],
    elf: Path,
) -> Image:
    """Compile sources together with the board support of a part, and link them for its memory.

    Args:
        toolchain: the compiler.
        part: what the program is for.
        sources: C files; one of them has `main`, one `specc_build`.
        include: folders that are searched for included files.
        flags: target and optimisation.
        memory: bytes of flash and of SRAM.
        elf: the program to write.

    Raises:
        BackendError: the compiler failed, or the program does not fit.
    """
    script = elf.with_suffix(".ld")
    script.write_text(_linker_script(part, memory), encoding="utf-8")
    board = [path for path in board_files(part) if path.suffix == ".c" and path.name != "boot2.c"]
    try:
        if part.second_stage:
            board.append(build_second_stage(toolchain, part, elf.parent))
        toolchain.compile(
            [*sources, *board],
            elf,
            [*flags, "-T", str(script), "-Wl,-e,Reset_Handler", "-Wl,--gc-sections"],
            [*include, *sorted({path.parent for path in board_files(part)})],
        )
        image = read_image(elf)
    except ToolchainError as error:
        raise overflow(error.log, memory) or BackendError(str(error), error.log) from error
    except ImageError as error:
        raise BackendError(str(error)) from error
    require_flash(image.flash_bytes, memory[0])
    return image


def _linker_script(part: Part, memory: tuple[int, int]) -> str:
    own = resource("firmware", f"boards/{part.family}") / "board.ld"
    path = own if own.is_file() else resource("firmware", "boards/cortex_m/board.ld")
    return Template(path.read_text(encoding="utf-8")).substitute(
        flash_origin=hex(part.flash_origin),
        flash_bytes=memory[0],
        sram_origin=hex(part.sram_origin),
        sram_bytes=memory[1],
        constants_in_sram="",
    )


def _facts_source(network: QuantizedNetwork, image_hash: bytes, clock: int) -> str:
    graph = network.network
    given, result = network.formats[graph.input], network.formats[graph.output]
    return (
        "/* Generated by specc: what this image was built from, and how its codes stand for numbers. */\n"
        '#include "serial.h"\n\n'
        "const specc_build_facts specc_build = {\n"
        f"    {{{', '.join(f'0x{byte:02x}' for byte in image_hash)}}},\n"
        f"    {clock}u,\n"
        f"    {_format(given, 1 / given.scale)},\n"
        f"    {_format(result, 1000 * result.scale)},\n"
        "};\n"
    )


def _format(form: TensorFormat, factor: float) -> str:
    """A specc_format: a factor as a whole number of 31 bits and an exponent, the zero point, bytes of a code."""
    fraction, exponent = math.frexp(factor)
    mantissa = min(round(fraction * 2**31), 2**31 - 1)
    return f"{{{{{mantissa}u, {exponent - 31}}}, {form.zero_point}, {form.container_bits // 8}u}}"

"""Builds a network's firmware for the virtual board, and says by how much it does not fit."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from specc.codegen.generate import ACTIVATIONS, CONSTANT_PREFIXES, GeneratedCode, code_hash, generate, render
from specc.codegen.gradients import FLAGS as GRADIENT_FLAGS
from specc.codegen.gradients import generate_gradients
from specc.codegen.kernels import GENERIC, family_of
from specc.codegen.layers import identifiers
from specc.codegen.toolchain import COMMON_FLAGS, Toolchain, ToolchainError, core_flags, optimisation_flags
from specc.measure.backend import BackendError, BuildOptions
from specc.measure.fit import build_to_fit, overflow, require_flash
from specc.numerics.quantized import QuantizedNetwork
from specc.resources import resource
from specc.spec.hardware import Target
from specc_backends.virtual_board.image import SRAM_ORIGIN, Image, ImageError, read_image

_ANY_CORE: Final = re.compile(r"-m(cpu|tune|arch)=")
AS_ALWAYS: Final = BuildOptions()


@dataclass(frozen=True)
class Firmware:
    """A linked program and how it was made."""

    elf: Path
    image: Image
    code_hash: str
    flags: str
    planned_bytes: int  # SRAM for activations, as planned
    kernels: dict[str, str]  # family and name of the kernel of each layer that has code
    in_sram: tuple[str, ...] = ()  # layers whose constants are copied to SRAM at reset

    @property
    def constant_bytes(self) -> int:
        """Bytes of the weights and the other constants of layers, as linked."""
        return sum(size for _, size in self._constants)

    @property
    def constant_bytes_in_sram(self) -> int:
        """Bytes of them that are copied to SRAM at reset."""
        return sum(size for address, size in self._constants if address >= SRAM_ORIGIN)

    @property
    def _constants(self) -> list[tuple[int, int]]:
        """Address and size of each."""
        return [place for name, place in self.image.symbols.items() if name.startswith(CONSTANT_PREFIXES)]

    @property
    def arena_bytes(self) -> int:
        """SRAM for activations, as linked."""
        return sum(self.image.symbols.get(name, (0, 0))[1] for name in ACTIVATIONS)


def board_files() -> list[Path]:
    """The sources of the board: start-up, port, linker script."""
    return sorted(path for path in resource("firmware", "boards/virtual").iterdir() if path.is_file())


def _family(target: Target, options: BuildOptions) -> str:
    """The family of kernels.

    Raises:
        BackendError: another one is asked for than the core can run.
    """
    fastest = family_of(target.hardware.core, has_dsp=target.hardware.dsp)
    asked = options.kernels or fastest
    if asked not in (GENERIC, fastest):
        raise BackendError(f"{target.hardware.name} ({target.hardware.core}) cannot run {asked} kernels")
    return asked


def compiler_flags(target: Target, *, floats: bool = False) -> tuple[str, ...]:
    """The flags a target's firmware is compiled with; with `floats`, the core's own instructions for them.

    Raises:
        BackendError: the target asks for a flag that is not allowed, or for another core.
    """
    hardware = target.hardware
    try:
        asked = optimisation_flags(target.compile)
        own = core_flags(hardware.core, fpu=hardware.fpu, dsp=hardware.dsp, floats=floats)
    except ToolchainError as error:
        raise BackendError(str(error), error.log) from error
    kept = tuple(flag for flag in asked if not _names_core(flag, hardware.core))
    wrong = [flag for flag in kept if _ANY_CORE.match(flag)]
    if wrong:
        title = hardware.core.replace("cortex-m", "Cortex-M")
        raise BackendError(f"compiler flag {wrong[0]}: this virtual board has a {title}")
    return (*own, *kept)


def _names_core(flag: str, core: str) -> bool:
    """Whether a flag asks for the core there is, by GCC's name of it or by Zig's."""
    gcc = core.replace("m0+", "m0plus")
    return re.fullmatch(f"-m(cpu|tune)={gcc.replace('-', '[-_]')}", flag) is not None


def memory_bytes(target: Target, room: int = 0) -> tuple[int, int]:
    """Flash and SRAM of a target's hardware, and `room` more of each; the flash beside the chip where it has none.

    Raises:
        BackendError: one of them is not declared; without it nothing can be said about whether a program fits.
    """
    hardware = target.hardware
    facts = {"flash": hardware.memory("flash"), "sram": hardware.memory("sram")}
    missing = [name for name, fact in facts.items() if fact is None]
    if missing:
        raise BackendError(f"hardware {hardware.name} declares no {' and no '.join(missing)}")
    flash, sram = (int(fact.value.base) for fact in facts.values() if fact is not None)
    return flash + room, sram + room


def link(
    toolchain: Toolchain,
    sources: Sequence[Path],
    include_folders: Sequence[Path],
    *,
    flags: Sequence[str],
    memory: tuple[int, int],
    elf: Path,
    in_sram: Collection[str] = (),
) -> Image:
    """Compile sources together with the board's own, and link them for a board with that much flash and SRAM.

    Args:
        toolchain: the compiler.
        sources: C files; one of them has `main`.
        include_folders: searched for included files.
        flags: target and optimisation.
        memory: bytes of flash and of SRAM.
        elf: the program to write.
        in_sram: constants to copy to SRAM at reset, and to read there; a `*` stands for any part of a name.

    Raises:
        FlashExceededError: the program does not fit into the flash; the message says by how many bytes.
        BackendError: the compiler failed, or the program does not fit into the SRAM.
    """
    flash_bytes, sram_bytes = memory
    board = resource("firmware", "boards/virtual")
    template = Template((board / "board.ld").read_text(encoding="utf-8"))
    script = elf.with_suffix(".ld")
    script.parent.mkdir(parents=True, exist_ok=True)
    constants = " ".join(f"*(.rodata.{name})" for name in in_sram)
    filled = template.substitute(flash_bytes=flash_bytes, sram_bytes=sram_bytes, constants_in_sram=constants)
    script.write_text(filled, encoding="utf-8")
    try:
        toolchain.compile(
            [*sources, *sorted(board.glob("*.c"))],
            elf,
            [*flags, "-T", str(script), "-Wl,-e,Reset_Handler", "-Wl,--gc-sections"],
            [*include_folders, board, resource("firmware", "runtime")],
        )
        image = read_image(elf)
    except ToolchainError as error:
        raise overflow(error.log, memory) or BackendError(str(error), error.log) from error
    except ImageError as error:
        raise BackendError(str(error)) from error
    require_flash(image.flash_bytes, flash_bytes)
    return image


def build_firmware(
    network: QuantizedNetwork,
    target: Target,
    toolchain: Toolchain,
    folder: Path,
    options: BuildOptions = AS_ALWAYS,
    *,
    gradients: bool = False,
    room: int = 0,
) -> Firmware:
    """Generate, compile and link a network for a target's memory, with the backward pass of its last layers if asked.

    Where the program does not fit into the flash with the fastest kernels, it is built again with kernels whose
    constants are smaller by what is missing. With `room`, there are as many bytes more of flash and of SRAM.

    Raises:
        BackendError: the compiler failed, or the program does not fit; the message says by how many bytes.
    """
    flags = compiler_flags(target, floats=gradients)
    memory = memory_bytes(target, room)
    family = _family(target, options)
    elf = folder / "firmware.elf"
    fixed = dict(options.fixed)

    def build(spare: int) -> tuple[GeneratedCode, Image, int]:
        try:
            generated = generate(network, folder / "source", family, spare, fixed=fixed)
        except ValueError as error:
            raise BackendError(f"{target.hardware.name} ({target.hardware.core}): {error}") from error
        sources = generated.sources
        if gradients:
            sources += generate_gradients(network, generated).sources
        image = link(
            toolchain,
            sources,
            generated.include_folders,
            flags=(*flags, *GRADIENT_FLAGS) if gradients else flags,
            memory=memory,
            elf=elf,
            in_sram=_in_sram(network, options),
        )
        return generated, image, spare

    generated, image, spare = build_to_fit(network, family, build, fixed)
    return Firmware(
        elf=elf,
        image=image,
        code_hash=code_hash(render(network, family, spare_flash=spare, fixed=fixed), board_files()),
        flags=" ".join((*COMMON_FLAGS, *flags)),
        planned_bytes=generated.arena_bytes,
        kernels=generated.kernels,
        in_sram=_layers_in_sram(network, image),
    )


def _in_sram(network: QuantizedNetwork, options: BuildOptions) -> list[str]:
    """Names of the constants to copy to SRAM, as `link` takes them."""
    if options.weights == "sram":
        return [f"{prefix}*" for prefix in CONSTANT_PREFIXES]
    names = identifiers(network.network)
    return [f"{prefix}{names[layer]}" for layer in options.in_sram for prefix in CONSTANT_PREFIXES]


def _layers_in_sram(network: QuantizedNetwork, image: Image) -> tuple[str, ...]:
    names = {
        f"{prefix}{name}": layer for layer, name in identifiers(network.network).items() for prefix in CONSTANT_PREFIXES
    }
    found = {
        names[symbol] for symbol, (address, _) in image.symbols.items() if symbol in names and address >= SRAM_ORIGIN
    }
    return tuple(layer.name for layer in network.network.layers if layer.name in found)

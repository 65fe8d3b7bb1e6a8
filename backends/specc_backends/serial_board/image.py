"""A linked program: sizes and symbols, read from its ELF file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from specc.codegen.generate import ACTIVATIONS, CONSTANT_PREFIXES

_Result = TypeVar("_Result")


class ImageError(Exception):
    """The file is not a program, or lacks a part."""


@dataclass(frozen=True)
class Image:
    """Sizes of what the linker placed, in bytes, and its symbols (name to address and size)."""

    code_bytes: int  # with vectors, and the second stage where there is one
    constant_bytes: int
    data_bytes: int  # with initial values, in flash and in SRAM
    zeroed_bytes: int
    symbols: dict[str, tuple[int, int]]

    @property
    def flash_bytes(self) -> int:
        return self.code_bytes + self.constant_bytes + self.data_bytes

    @property
    def static_sram_bytes(self) -> int:
        """SRAM taken before the stack."""
        return self.data_bytes + self.zeroed_bytes

    @property
    def arena_bytes(self) -> int:
        """SRAM for activations, as linked."""
        return sum(self.symbols.get(name, (0, 0))[1] for name in ACTIVATIONS)

    @property
    def weight_bytes(self) -> int:
        """Flash for the weights and the other constants of layers, as linked."""
        return sum(size for name, (_, size) in self.symbols.items() if name.startswith(CONSTANT_PREFIXES))


def read_image(path: Path) -> Image:
    """Read a program.

    Raises:
        ImageError: not an ELF file for Arm.
    """
    return _with_elf(path, _read)


def section(path: Path, name: str) -> bytes:
    """Contents of one section.

    Raises:
        ImageError: the file is not a program, or has no such section.
    """

    def contents(elf: Any) -> bytes:
        found = elf.get_section_by_name(name)
        if found is None:
            raise ImageError(f"{path.name} has no section {name}")
        return bytes(found.data())

    return _with_elf(path, contents)


def _with_elf(path: Path, use: Callable[[Any], _Result]) -> _Result:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with path.open("rb") as file:
            return use(ELFFile(file))
    except (OSError, ELFError) as error:
        raise ImageError(f"{path.name} is not a program: {error}") from error


def _read(elf: Any) -> Image:
    if elf["e_machine"] != "EM_ARM":
        raise ImageError(f"the program is for {elf['e_machine']}, not for Arm")
    sizes = {part.name: int(part["sh_size"]) for part in elf.iter_sections() if part["sh_flags"] & 2}  # SHF_ALLOC
    return Image(
        code_bytes=sizes.get(".text", 0) + sizes.get(".boot2", 0),
        constant_bytes=sizes.get(".rodata", 0),
        data_bytes=sizes.get(".data", 0),
        zeroed_bytes=sizes.get(".bss", 0),
        symbols={
            symbol.name: (symbol["st_value"], symbol["st_size"])
            for symbol in elf.get_section_by_name(".symtab").iter_symbols()
            if symbol.name
        },
    )

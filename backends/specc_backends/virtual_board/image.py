"""A linked program: what lies where in flash and SRAM, read from its ELF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FLASH_ORIGIN: Final = 0x08000000
SRAM_ORIGIN: Final = 0x20000000
PAGE: Final = 4096


class ImageError(Exception):
    """The file is not a program this board can run."""


@dataclass(frozen=True)
class Image:
    """The contents of flash, and the sizes of what the linker placed.

    `code` holds everything from the start of flash up to the constants: vectors, code, literals, and the initial values
    of data. The constants (weights, tables) begin on a page of their own.
    """

    code: bytes
    constants_start: int  # zero if there are none
    constants: bytes
    code_bytes: int
    data_bytes: int
    zeroed_bytes: int
    symbols: dict[str, tuple[int, int]]  # name to address and size

    @property
    def flash_end(self) -> int:
        return FLASH_ORIGIN + len(self.code)

    @property
    def flash_bytes(self) -> int:
        """Flash the program needs: the sum of its sections, without the padding before the constants."""
        return self.code_bytes + self.data_bytes + len(self.constants)

    @property
    def static_sram_bytes(self) -> int:
        """SRAM taken before the stack."""
        return self.data_bytes + self.zeroed_bytes

    def code_at(self, address: int, size: int) -> bytes:
        """Bytes of the code part of flash."""
        return self.code[address - FLASH_ORIGIN : address - FLASH_ORIGIN + size]


def read_image(path: Path) -> Image:
    """Read a program linked with board.ld.

    Raises:
        ImageError: not an ELF file, or not laid out for this board.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with path.open("rb") as file:
            return _read(ELFFile(file))
    except (OSError, ELFError) as error:
        raise ImageError(f"{path.name} is not a program: {error}") from error


def _read(elf: Any) -> Image:
    if elf["e_machine"] != "EM_ARM":
        raise ImageError(f"the program is for {elf['e_machine']}, not for Arm")
    sections = {section.name: section for section in elf.iter_sections() if section["sh_flags"] & 2}  # SHF_ALLOC
    text = sections.get(".text")
    if text is None or text["sh_addr"] != FLASH_ORIGIN:
        raise ImageError(f"the program has no code at 0x{FLASH_ORIGIN:08x}")
    symbols = {
        symbol.name: (symbol["st_value"], symbol["st_size"])
        for symbol in elf.get_section_by_name(".symtab").iter_symbols()
        if symbol.name
    }
    code = bytearray(text.data())
    data = sections.get(".data")
    if data is not None and data["sh_size"]:
        at = symbols["_data_image"][0] - FLASH_ORIGIN
        code.extend(bytes(at - len(code)))
        code.extend(data.data())
    constants = sections.get(".rodata")
    zeroed = sections.get(".bss")
    known = {".text", ".data", ".rodata", ".bss"}
    stray = [name for name, section in sections.items() if name not in known and section["sh_size"]]
    if stray:
        raise ImageError(f"the program has sections this board has no place for: {', '.join(stray)}")
    return Image(
        code=bytes(code),
        constants_start=constants["sh_addr"] if constants is not None and constants["sh_size"] else 0,
        constants=constants.data() if constants is not None else b"",
        code_bytes=text["sh_size"],
        data_bytes=data["sh_size"] if data is not None else 0,
        zeroed_bytes=zeroed["sh_size"] if zeroed is not None else 0,
        symbols=symbols,
    )

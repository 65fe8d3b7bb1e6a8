"""Any bare-metal ELF program for an Arm core: what lies where, and what its functions are called.

The file is not trusted. Whatever is wrong with it is one `ProgramError`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

FILE_LIMIT: Final = 256 << 20
MEMORY_LIMIT: Final = 64 << 20  # bytes of all segments together
DEVICES: Final = 0x40000000  # Armv7-M memory map: peripherals from here to the external memory
EXTERNAL: Final = (0x60000000, 0xA0000000)
_EXECUTABLE: Final = 1


class ProgramError(Exception):
    """The file is not a program that can be run."""


@dataclass(frozen=True)
class Segment:
    """What the file puts into memory, and where it runs from."""

    load_address: int  # where the contents are put, usually flash
    address: int  # where the program expects them, usually the same, for initial values SRAM
    contents: bytes
    size: int  # in memory, from `address` on
    executable: bool


@dataclass(frozen=True)
class Function:
    """A function of the symbol table; addresses without the Thumb bit."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Program:
    """A program that can be loaded."""

    segments: tuple[Segment, ...]
    entry: int  # of the file's header, without the Thumb bit
    symbols: dict[str, int]  # address by name, without the Thumb bit
    functions: tuple[Function, ...]  # by address

    @cached_property
    def _starts(self) -> list[int]:
        return [function.start for function in self.functions]

    def function_at(self, address: int) -> str | None:
        """Name of the function that an address belongs to, as far as the symbol table tells."""
        place = bisect_right(self._starts, address) - 1
        if place < 0 or address >= self.functions[place].end:
            return None
        return self.functions[place].name

    def symbol(self, name: str) -> int:
        """Address of a symbol.

        Raises:
            ProgramError: the program has no such symbol; the message suggests one that is spelled alike.
        """
        if name in self.symbols:
            return self.symbols[name]
        from difflib import get_close_matches

        if not self.symbols:
            raise ProgramError(f"there is no symbol {name}: the program has no symbol table")
        close = get_close_matches(name, self.symbols, 1)
        raise ProgramError(f"the program has no symbol {name}" + (f"; did you mean {close[0]}?" if close else ""))


def read_program(path: Path) -> Program:
    """Read a linked program.

    Raises:
        ProgramError: it cannot be read, or not be run; the message says why.
    """
    from elftools.elf.elffile import ELFFile

    try:
        if path.stat().st_size > FILE_LIMIT:
            raise ProgramError(f"{path.name} is larger than {FILE_LIMIT >> 20} MiB")
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                raise ProgramError(f"{path.name} is not an ELF file")
            file.seek(0)
            return _read(ELFFile(file), path.stat().st_size, path.name)
    except OSError as error:
        raise ProgramError(f"{path.name} cannot be read: {error.strerror}") from error
    except ProgramError:
        raise
    except Exception as error:  # the ELF reader trusts what it reads, and fails in many ways where it should not have
        raise ProgramError(f"{path.name} is a damaged ELF file: {error or type(error).__name__}") from error


def _read(elf: Any, file_bytes: int, name: str) -> Program:
    if elf["e_machine"] != "EM_ARM":
        raise ProgramError(f"{name} is for {elf['e_machine']}, not for Arm")
    if elf.elfclass != 32 or not elf.little_endian:
        raise ProgramError(f"{name} is not a 32-bit little-endian program")
    if elf["e_type"] != "ET_EXEC":
        raise ProgramError(f"{name} is not a linked program (type {elf['e_type']}); link it without -c, -r and -shared")
    headers = [(place, elf.get_segment(place)) for place in range(min(elf.num_segments(), 64))]
    loaded = [(place, segment) for place, segment in headers if segment["p_type"] == "PT_LOAD" and segment["p_memsz"]]
    segments = tuple(_segment(place, segment, file_bytes) for place, segment in loaded)
    if not segments:
        raise ProgramError(f"{name} has nothing to load: no program header of type LOAD")
    if sum(segment.size for segment in segments) > MEMORY_LIMIT:
        raise ProgramError(f"{name} asks for more than {MEMORY_LIMIT >> 20} MiB of memory")
    _refuse_overlap([(segment.load_address, len(segment.contents)) for segment in segments], "loaded to")
    _refuse_overlap([(segment.address, segment.size) for segment in segments], "placed at")
    if not any(segment.executable for segment in segments):
        raise ProgramError(f"{name} has no code: no segment is executable")
    symbols, functions = _symbols(elf)
    return Program(segments, elf["e_entry"] & ~1, symbols, functions)


def _segment(place: int, segment: Any, file_bytes: int) -> Segment:
    at, size, stored = segment["p_vaddr"], segment["p_memsz"], segment["p_filesz"]
    if stored > size:
        raise ProgramError(f"segment {place} stores {stored:,} bytes for {size:,} bytes of memory")
    if segment["p_offset"] + stored > file_bytes:
        raise ProgramError(f"segment {place} goes beyond the end of the file: the file is cut short or damaged")
    for start, length in ((at, size), (segment["p_paddr"], stored)):
        end = start + length
        if not (end <= DEVICES or EXTERNAL[0] <= start < end <= EXTERNAL[1]):
            raise ProgramError(f"segment {place} at 0x{start:08x}, {length:,} bytes, lies where no memory can be")
    executable = bool(segment["p_flags"] & _EXECUTABLE)
    return Segment(segment["p_paddr"], at, segment.data()[:stored], size, executable)


def _refuse_overlap(ranges: list[tuple[int, int]], what: str) -> None:
    used = sorted((start, start + size) for start, size in ranges if size)
    for (start, end), (following, _) in pairwise(used):
        if following < end:
            raise ProgramError(f"two segments overlap: both are {what} 0x{max(start, following):08x}")


def _symbols(elf: Any) -> tuple[dict[str, int], tuple[Function, ...]]:
    table = elf.get_section_by_name(".symtab")
    if table is None:
        return {}, ()
    symbols: dict[str, int] = {}
    starts: dict[int, tuple[str, int]] = {}
    for symbol in table.iter_symbols():
        kind, value = symbol["st_info"]["type"], symbol["st_value"]
        if not symbol.name or symbol.name.startswith("$") or symbol["st_shndx"] == "SHN_UNDEF":
            continue
        address = value & ~1 if kind == "STT_FUNC" else value
        symbols.setdefault(symbol.name, address)
        if kind == "STT_FUNC" and (address not in starts or starts[address][1] < symbol["st_size"]):
            starts[address] = (symbol.name, symbol["st_size"])
    ordered = sorted(starts)
    following = dict(zip(ordered, [*ordered[1:], 1 << 32], strict=True))
    functions = tuple(
        # A function in assembly often has no size: it reaches up to the next one.
        Function(starts[start][0], start, min(following[start], start + (starts[start][1] or following[start] - start)))
        for start in ordered
    )
    return symbols, functions

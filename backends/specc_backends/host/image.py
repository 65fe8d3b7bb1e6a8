"""Memory of a network program, read from its ELF symbols."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specc.codegen.generate import ACTIVATIONS, CONSTANT_PREFIXES
from specc.evidence import Figure
from specc.measure.result import MemoryResult

_CODE: Final = "layer_"


def memory(program: Path, planned_activations: int) -> MemoryResult:
    """What the network itself occupies; the C library and the harness are left out.

    Constants that the compiler folded into instructions count as code. Unknown where programs are not ELF files
    (macOS, Windows).
    """
    sizes = _symbols(program)
    if not sizes:
        reason = "the program has no ELF symbols to read sizes from"
        return MemoryResult(
            flash=Figure.unknown("B", reason),
            sram=Figure.unknown("B", reason),
            regions={},
            planned_activations=planned_activations,
        )
    constants = sum(size for name, size in sizes if name.startswith(CONSTANT_PREFIXES))
    code = sum(size for name, size in sizes if name.startswith(_CODE))
    activations = sum(size for name, size in sizes if name in ACTIVATIONS)
    return MemoryResult(
        flash=Figure.exact(constants + code, "B", "measured", "constants and layer code of this computer's program"),
        sram=Figure(
            value=activations,
            low=activations,
            unit="B",
            evidence="measured",
            basis="activations in this computer's program; its stack is not known",
        ),
        regions={"flash: weights": constants, "flash: code": code, "sram: activations": activations},
        planned_activations=planned_activations,
    )


def symbol_bytes(program: Path, prefix: str) -> int:
    """What the symbols take whose names begin so; 0 where programs are not ELF files."""
    return sum(size for name, size in _symbols(program) if name.startswith(prefix))


def _symbols(program: Path) -> list[tuple[str, int]]:
    """Names and sizes in bytes of the program's symbols; none where programs are not ELF files."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    try:
        with program.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            symbols = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
            return [(symbol.name, int(symbol["st_size"])) for symbol in symbols]
    except ELFError:
        return []

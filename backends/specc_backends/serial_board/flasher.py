"""Writing a program to a board's flash, through OpenOCD or pyOCD, whichever is found."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from specc.measure.backend import BackendError
from specc.measure.tool import run_tool
from specc_backends.serial_board.parts import Part

_SECONDS: Final = 180.0
_BRACES: Final = frozenset('{}[]"$;\\')  # what Tcl, the language of OpenOCD's commands, would read as more than a name


def flash(elf: Path, part: Part, probe: str | None) -> str:
    """Write a program and start it; the name of the tool that did.

    Args:
        elf: the program.
        part: what it is for.
        probe: serial number of the debug probe, where several are connected.

    Raises:
        BackendError: no tool is found, or it failed or took too long; the log is what it printed.
    """
    for tool, command in (("openocd", _openocd), ("pyocd", _pyocd)):
        path = shutil.which(tool)
        if path is not None:
            run_tool(tool, [path, *command(elf, part, probe)], _SECONDS)
            return tool
    raise BackendError(
        "neither OpenOCD nor pyOCD is installed: install one (`apt install openocd` or `pip install pyocd`), or write "
        f"{elf} to the board with another programmer"
    )


def _openocd(elf: Path, part: Part, probe: str | None) -> list[str]:
    for text in (str(elf), probe or ""):
        if _BRACES & set(text):
            raise BackendError(f"OpenOCD cannot be given {text!r}: it holds a character of its command language")
    files = [argument for name in part.openocd for argument in ("-f", name)]
    chosen = ["-c", f"adapter serial {{{probe}}}"] if probe else []
    # The probe's file comes first, then which probe, then the chip.
    return [*files[:2], *chosen, *files[2:], "-c", f"program {{{elf}}} verify reset exit"]


def _pyocd(elf: Path, part: Part, probe: str | None) -> list[str]:
    return ["flash", "--target", part.pyocd, *(["--uid", probe] if probe else []), "--", str(elf)]

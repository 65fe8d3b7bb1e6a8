"""GCC as this computer has it, beside the compiler that specc brings: for programs that run here."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

from specc.codegen.toolchain import GCC, ON_X86, Toolchain, ToolchainError, compiler_of

# What GCC's `--version` says and Clang's, which goes by the same name on macOS, does not.
_OWNER: Final = "Free Software Foundation"


class Gcc(Toolchain):
    """The same seam with another compiler behind it."""

    program: ClassVar[Sequence[str]] = (GCC,)
    driver: ClassVar[Sequence[str]] = ()
    native: ClassVar[Sequence[str]] = ("-march=native",)
    portable: ClassVar[Sequence[str]] = ("-march=x86-64-v3",) if ON_X86 else ()

    @cached_property
    def version(self) -> str:
        """Name and version of the compiler, for provenance.

        Raises:
            ToolchainError: there is no GCC.
        """
        said = self._run(["--version"], 60)
        if _OWNER not in said:
            raise ToolchainError("the gcc of this computer is another compiler that goes by its name", said)
        return said.partition("\n")[0].strip()


def installed() -> bool:
    """Whether there is a program of that name; whether it is GCC shows when it is asked."""
    return shutil.which(GCC) is not None


def host_toolchain(flags: str, build_folder: Path) -> Toolchain:
    """The compiler that a spec's flags name, for programs that run on this computer.

    Raises:
        ToolchainError: it is not installed.
    """
    if compiler_of(flags) != GCC:
        return Toolchain(build_folder)
    if not installed():
        raise ToolchainError("gcc is not installed on this computer")
    return Gcc(build_folder)

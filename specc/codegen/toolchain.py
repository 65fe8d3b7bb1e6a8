"""The C compiler: Clang as the `ziglang` wheel brings it, for every target. Its caches lie in the build folder."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

# What the kernels rely on (-fwrapv, -fno-strict-aliasing), symbols for profiles (-g; without it Zig strips at -Os), one
# section per function and object so that the linker drops what is unused, and no undefined-behaviour traps, which Zig
# adds by default.
COMMON_FLAGS: Final = (
    "-std=c11",
    "-g",
    "-fwrapv",
    "-fno-strict-aliasing",
    "-fno-sanitize=undefined",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
)
HOST_FLAGS: Final = ("-target", "native", "-march=native")
ON_X86: Final = platform.machine() in ("x86_64", "AMD64")

# What Zig calls each core, and what takes away its floating point and adds the DSP extension where that is a choice.
_CORES: Final = {
    "cortex-m0+": ("cortex_m0plus", "", ""),
    "cortex-m3": ("cortex_m3", "", ""),
    "cortex-m4": ("cortex_m4", "-vfp4d16sp", ""),
    "cortex-m7": ("cortex_m7-fp64", "-fp_armv8d16sp", ""),
    "cortex-m33": ("cortex_m33", "-fp_armv8d16sp", "+dsp"),
}

# For cores that do not pipeline loads with each other (firmware/kernels/dsp/instructions.h); no macro of the compiler
# tells a Cortex-M7 from a Cortex-M4.
LOADS_APART: Final = "-DSPECC_LOADS_APART"
_DEFINES: Final = {"cortex-m7": (LOADS_APART,), "cortex-m33": (LOADS_APART,)}


def core_flags(core: str, *, fpu: bool, dsp: bool, floats: bool = False) -> tuple[str, ...]:
    """The flags of a bare-metal program for an Arm core, with the helper routines the core has no instructions for.

    Args:
        core: as a `hardware` section names it.
        fpu: whether the chip has the core's floating-point unit; of single precision where there is a choice.
        dsp: whether it has the DSP extension, where that is a choice.
        floats: whether the program computes in floating point. Zig's cores have no such instructions unless asked; one
            that computes in integers alone is built without.

    Raises:
        ToolchainError: not a core the compiler is set up for.
    """
    if core not in _CORES:
        raise ToolchainError(f"no compiler is set up for core {core}; known are {', '.join(_CORES)}")
    name, floating_point, dsp_feature = _CORES[core]
    hard_float = fpu and bool(floating_point)
    unit = floating_point
    if hard_float:
        unit = floating_point.replace("-", "+") if floats else ""
    cpu = f"-mcpu={name}{unit}{dsp_feature if dsp else ''}"
    target = "thumb-freestanding-eabihf" if hard_float else "thumb-freestanding-eabi"
    return ("-target", target, cpu, *_DEFINES.get(core, ()), "-ffreestanding", "-nostdlib", "-lcompiler_rt")


# A spec is not trusted: of all compiler flags it may choose these, none of which names a file or runs anything.
_ALLOWED_FLAGS: Final = re.compile(
    r"-O[0123sz]|-m(cpu|arch|tune)=[A-Za-z0-9_+.-]+|-f(no-)?(unroll-loops|vectorize|slp-vectorize|inline-functions)"
)


class ToolchainError(Exception):
    """The compiler refused or failed. `log` is the command and everything it printed."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


CLANG: Final = "clang"
GCC: Final = "gcc"


def compiler_of(text: str) -> str:
    """The compiler that a spec's flags name before them, as in `gcc -O2`; clang where they name none."""
    first = text.partition(" ")[0]
    return first if first == GCC else CLANG


def optimisation_flags(text: str, compilers: Sequence[str] = (CLANG,)) -> tuple[str, ...]:
    """The compiler flags that a spec asks for, as arguments, without the name of the compiler.

    Raises:
        ToolchainError: a flag that a spec may not choose, or a compiler that is not one of `compilers`.
    """
    try:
        flags = tuple(shlex.split(text))
    except ValueError as error:
        raise ToolchainError(f"compiler flags {text!r} cannot be read: {error}") from error
    if flags and flags[0] in (CLANG, GCC):
        if flags[0] not in compilers:
            raise ToolchainError(
                f"{flags[0]} is not set up for this target, only for this computer itself (`use host`)"
            )
        flags = flags[1:]
    for flag in flags:
        if not _ALLOWED_FLAGS.fullmatch(flag):
            raise ToolchainError(
                f"compiler flag {flag!r} is not allowed in a spec; allowed are -O0 to -O3, -Os, -Oz, -mcpu=, -march=, "
                "-mtune=, and -f[no-] unroll-loops, vectorize, slp-vectorize, inline-functions"
            )
    return flags


@dataclass(frozen=True)
class Toolchain:
    """The compiler, with its caches under `build_folder`. Several processes may share a build folder.

    `native` are the flags of a program for the very computer it is built on, `portable` those of one without the
    instructions that Valgrind does not know (AVX-512).
    """

    build_folder: Path
    # -P: a module named ziglang in the user's folder must not take the compiler's place.
    program: ClassVar[Sequence[str]] = (sys.executable, "-P", "-m", "ziglang")
    driver: ClassVar[Sequence[str]] = ("cc",)
    native: ClassVar[Sequence[str]] = HOST_FLAGS
    portable: ClassVar[Sequence[str]] = ("-target", "native", *(("-mcpu=x86_64_v3",) if ON_X86 else ()))

    @cached_property
    def version(self) -> str:
        """Name and version of the compiler, for provenance."""
        return f"zig cc {self._run(['version'], 60).strip()}"

    def compile(
        self,
        sources: Sequence[Path],
        output: Path,
        flags: Sequence[str],
        include_folders: Sequence[Path] = (),
        time_limit: float = 600,
    ) -> str:
        """Compile and link C sources into `output`, which appears whole or not at all.

        Args:
            sources: C files, and assembly files if any.
            output: the program to write; its folder is made.
            flags: target, optimisation and link flags; `COMMON_FLAGS` go before them.
            include_folders: searched for included files.
            time_limit: seconds.

        Returns:
            What the compiler printed (warnings).

        Raises:
            ToolchainError: the compiler is missing, failed or took too long.
        """
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".compile-") as folder:
            unfinished = Path(folder) / output.name
            include = [f"-I{path}" for path in include_folders]
            arguments = [*self.driver, *COMMON_FLAGS, *flags, *include, *map(str, sources), "-o", str(unfinished)]
            printed = self._run(arguments, time_limit)
            if not unfinished.is_file():
                raise ToolchainError("the compiler wrote no program", printed)
            unfinished.replace(output)
        return printed

    def _run(self, arguments: Sequence[str], time_limit: float) -> str:
        command = [*self.program, *arguments]
        cache = self.build_folder.resolve() / "zig-cache"
        cache.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
        try:
            # A session of its own, so that a time-out ends the compiler's own children too.
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise ToolchainError(f"the compiler cannot be started: {error}", shlex.join(command)) from error
        with process:
            try:
                printed, _ = process.communicate(timeout=time_limit)
            except BaseException as error:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                if not isinstance(error, subprocess.TimeoutExpired):
                    raise
                printed, _ = process.communicate()
                message = f"the compiler was stopped after {time_limit:g} s"
                raise ToolchainError(message, f"{shlex.join(command)}\n{printed}") from error
        if process.returncode != 0:
            first = next((line for line in printed.splitlines() if "error:" in line), f"exit code {process.returncode}")
            raise ToolchainError(f"the compiler failed: {first.strip()}", f"{shlex.join(command)}\n{printed}")
        return printed

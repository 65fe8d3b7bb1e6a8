"""Peaks of a virtual board: the loops of firmware/peaks, with bounds like any other work of the board."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specc.codegen.toolchain import Toolchain, ToolchainError
from specc.evidence import Figure
from specc.measure.backend import BackendError, Job
from specc.measure.peaks import MAC, Peaks, rates_of
from specc.resources import resource
from specc_backends.virtual_board.client import BoardProcess
from specc_backends.virtual_board.cores import core_model
from specc_backends.virtual_board.figures import Bounds
from specc_backends.virtual_board.firmware import compiler_flags, link, memory_bytes
from specc_backends.virtual_board.flash import flash_model
from specc_backends.virtual_board.native import build_native

# Fit the smallest chip there is a model for, and no vendor's cache before flash.
MEMORY_BYTES: Final = 1024
CONSTANT_BYTES: Final = 4096
_SETS: Final = (
    ("mac", "multiply", 0, 16),
    ("sram_read", "read_memory", MEMORY_BYTES, 4),
    ("sram_write", "write_memory", MEMORY_BYTES, 4),
    ("flash_read", "read_constants", CONSTANT_BYTES, 1),
)
_SECONDS: Final = 60.0
_CODE_BUDGET: Final = 200_000_000  # bytes


def sources() -> list[Path]:
    """The files whose content decides the rates, beside the board's own."""
    return sorted(resource("firmware", "peaks").iterdir())


def measure_peaks(job: Job, key: str) -> Peaks:
    """Build and run the loops.

    Raises:
        BackendError: the clock or a memory is not declared, or the build or the run failed.
    """
    target = job.target
    clock = target.clock_hz
    if clock is None:
        raise BackendError(f"target {target.name} has no clock: cycles cannot be turned into time")
    folder = job.build_folder.resolve() / "virtual_board" / f"{target.name}-peaks-{key[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    toolchain = Toolchain(job.build_folder)
    sets = " ".join(f'SET("{name}",{loop},{size},{times})' for name, loop, size, times in _SETS)
    defines = (f"-DPEAK_MEMORY_BYTES={MEMORY_BYTES}", f"-DPEAK_CONSTANT_BYTES={CONSTANT_BYTES}", f"-DPEAK_SETS={sets}")
    flags = compiler_flags(target)
    elf = folder / "peaks.elf"
    link(
        toolchain,
        [*sources(), resource("firmware", "runtime/text.c")],
        [resource("firmware", "kernels"), resource("firmware", "runtime")],
        flags=(*flags, *defines),
        memory=memory_bytes(target),
        elf=elf,
    )
    try:
        library = build_native(toolchain, job.build_folder / "native")
    except ToolchainError as error:
        raise BackendError(f"the virtual board's own library: {error}", error.log) from error
    core, flash = core_model(target.hardware.core), flash_model(target.hardware, clock)
    with BoardProcess(folder / "worker.log", _SECONDS) as board:
        board.load(
            elf,
            library,
            core=target.hardware.core,
            sram_bytes=memory_bytes(target)[1],
            regions=len(_SETS) + 1,
            line_bytes=flash.line_bytes,
            caches=[flash.instruction, flash.data],
            code_budget=_CODE_BUDGET,
            count_flash_reads=True,
        )
        reply = board.command("peaks")
    bounds = Bounds(clock, flash, core.margin)
    rates = {}
    for (name, work, ticks), counters in zip(rates_of(reply.lines[-1]), reply.counters[1:], strict=True):
        if ticks != counters["cycles_low"]:
            raise BackendError(f"the firmware counted {ticks} cycles for {name}, the board {counters['cycles_low']}")
        high = bounds.high_cycles(counters)
        rates[name] = Figure(
            value=work / ticks * clock,
            low=None if high is None else work / high * clock,
            high=work / bounds.low_cycles(counters) * clock,
            unit="MAC/s" if name == MAC else "B/s",
            evidence="simulated",
            basis=f"{work:,} in {ticks:,} cycles; {bounds.basis}",
        )
    return Peaks(
        key=key,
        hardware=target.hardware.name,
        clock_hz=clock,
        compiler_flags=" ".join(flags),
        evidence="simulated",
        rates=rates,
    )

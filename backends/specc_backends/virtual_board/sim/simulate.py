"""The parent's end of a simulation: starts the worker, and turns counts into bounds."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from specc.codegen.toolchain import Toolchain, ToolchainError
from specc.measure.simulator import Simulated, Simulation, SimulationError
from specc_backends.virtual_board.cores import CORES, core_model
from specc_backends.virtual_board.flash import FlashModel, flash_model
from specc_backends.virtual_board.native import build_native

# -P: a file in the current folder must not stand in for a module.
WORKER: Final = (sys.executable, "-P", "-m", "specc_backends.virtual_board.sim.worker")
PASSES: Final = 6  # a program may run this often: for each place that reads the cycle counter, and for its call chains
GRACE_SECONDS: Final = 15.0
_WITHOUT_BOARD: Final = "no board is given: zero wait states, a lower bound"


class VirtualBoardSimulator:
    """Runs bare-metal programs on the cores of the virtual board."""

    cores = CORES

    def run(self, simulation: Simulation) -> Simulated:
        """Run a program to its end.

        Raises:
            SimulationError: it cannot be run, or did not come to an end.
        """
        core = core_model(simulation.core)
        hardware, clock = simulation.hardware, simulation.clock_hz
        flash = None if hardware is None else flash_model(hardware, clock or float("inf"))
        if hardware is not None and hardware.core != simulation.core:
            raise SimulationError(f"board {hardware.name} has a {hardware.core}, not a {simulation.core}")
        try:
            library = build_native(Toolchain(simulation.build_folder), simulation.build_folder / "native")
        except ToolchainError as error:
            raise SimulationError(f"the simulator's own library: {error}") from error
        request = {
            "elf": str(simulation.elf),
            "library": str(library),
            "core": simulation.core,
            "sram_bytes": int(hardware.sram.value.base) if hardware is not None and hardware.sram else None,
            "entry": simulation.entry,
            "exit_symbol": simulation.exit_symbol,
            "seconds": simulation.seconds,
            "line_bytes": flash.line_bytes if flash else 16,
            "caches": [flash.instruction, flash.data] if flash else [[16, 1, 0], [16, 1, 0]],
            "stacks": simulation.stacks,
        }
        answer = _ask(request, PASSES * simulation.seconds + GRACE_SECONDS)
        counters: dict[str, int] = answer["counters"]
        low = counters["cycles_low"]
        return Simulated(
            output=answer["output"],
            exit_code=answer["exit_code"],
            cycles=(low, low * (1 - core.margin), _high(counters, core.margin, flash)),
            counters={name: value for name, value in counters.items() if name not in _NOT_COUNTED},
            functions=answer["functions"],
            stack_bytes=answer["stack_bytes"],
            stacks=tuple((tuple(chain), cycles) for chain, cycles in answer.get("stacks", ())),
            core_model=core.model,
            assumptions=(
                *core.assumptions,
                *((f"flash: {flash.basis}", *flash.assumptions) if flash else (_WITHOUT_BOARD,)),
                "a request to the debugger takes one cycle",
            ),
        )


# Bounds, which are given apart; and reads of data from flash, which are not told from reads of SRAM here.
_NOT_COUNTED: Final = ("cycles_low", "cycles_high", "flash_data_reads", "flash_data_misses")


def _high(counters: dict[str, int], margin: float, flash: FlashModel | None) -> float | None:
    """The most cycles: every load is taken to read flash, and to miss its cache."""
    waits = flash.wait_cycles(counters["flash_fetch_misses"], counters["loads"]) if flash else None
    return None if waits is None else counters["cycles_high"] * (1 + margin) + waits


def _ask(request: dict[str, Any], seconds: float) -> dict[str, Any]:
    try:
        done = subprocess.run(
            WORKER, input=json.dumps(request), capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise SimulationError(f"the simulation was ended after {seconds:g} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SimulationError(f"the simulator's process ended with status {done.returncode}: {last}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise SimulationError(answer["error"])
    return answer

"""The seam between `specc sim` and packages that run bare-metal programs: entry-point group `specc.simulators`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Protocol

from specc.spec.hardware import Hardware

GROUP: Final = "specc.simulators"


class SimulationError(Exception):
    """The program cannot be run, or did not come to an end. The message is for the user."""


@dataclass(frozen=True)
class Simulation:
    """What to run, and what to say about it.

    Attributes:
        elf: the linked program.
        core: as a `hardware` section names it.
        build_folder: for whatever the simulator has to build.
        hardware: the board, for its memory and its flash; None: unknown.
        clock_hz: the clock; None: cycles only.
        entry: function to run instead of the whole program.
        exit_symbol: where the program ends.
        seconds: limit of wall time for a run.
        stacks: whether chains of calls are recorded too, for a flame graph.
    """

    elf: Path
    core: str
    build_folder: Path
    hardware: Hardware | None = None
    clock_hz: float | None = None
    entry: str | None = None
    exit_symbol: str | None = None
    seconds: float = 10.0
    stacks: bool = False


@dataclass(frozen=True)
class Simulated:
    """What a program did.

    Attributes:
        output: what it wrote to the console.
        exit_code: with which it ended.
        cycles: value, lower and upper bound; the upper one is None where it is unknown.
        counters: of the whole run.
        functions: counters of each function, without what it calls, most cycles first.
        stack_bytes: deepest use of the stack; None: not known.
        stacks: chains of calls, outermost first, and the cycles spent at the end of each; empty unless asked for.
        core_model: name and version of the model.
        assumptions: what the cycles rest on.
    """

    output: str
    exit_code: int
    cycles: tuple[int, float, float | None]
    counters: dict[str, int]
    functions: dict[str, dict[str, int]]
    stack_bytes: int | None
    stacks: tuple[tuple[tuple[str, ...], int], ...]
    core_model: str
    assumptions: tuple[str, ...]


class Simulator(Protocol):
    """Runs bare-metal programs."""

    cores: tuple[str, ...]

    def run(self, simulation: Simulation) -> Simulated:
        """Run a program to its end.

        Raises:
            SimulationError: it cannot be run, or did not come to an end.
        """


def find_simulator(core: str) -> Simulator:
    """The first installed simulator that knows a core.

    Raises:
        SimulationError: there is none.
    """
    known: list[str] = []
    for point in entry_points(group=GROUP):
        simulator: Any = point.load()()
        if core in simulator.cores:
            found: Simulator = simulator
            return found
        known.extend(simulator.cores)
    if known:
        raise SimulationError(f"no simulator for core {core}; there is one for {', '.join(known)}")
    raise SimulationError("no simulator is installed (entry-point group specc.simulators)")

"""From the words on the command line of `specc sim` to a simulation."""

from __future__ import annotations

import argparse
from typing import Final

from specc.elaborate.hardware import library_names, load_hardware
from specc.measure.simulator import Simulation
from specc.report.hardware_filter import MEASURES, FilterError, Measure, by_name, read_limit
from specc.spec.hardware import Hardware
from specc.units import TIME

_TIMEOUT: Final = Measure("", "time", TIME, "10 s", True)


def read_simulation(options: argparse.Namespace) -> Simulation:
    """What to simulate.

    Raises:
        FilterError: an option means nothing; the message says what would.
    """
    board = _board(options.board) if options.board is not None else None
    if options.core is None and board is None:
        raise FilterError("--core or --board is needed, for example --core cortex-m4")
    clock = None
    if options.clock is not None:
        clock = float(read_limit(MEASURES["clock"], "--clock", options.clock).value.base)
    elif board is not None and board.clock is not None:
        clock = float(board.clock.value.base)
    return Simulation(
        elf=options.elf,
        core=options.core or (board.core if board else ""),
        build_folder=options.build,
        hardware=board,
        clock_hz=clock,
        entry=options.entry,
        exit_symbol=options.exit,
        seconds=float(read_limit(_TIMEOUT, "--timeout", options.timeout).value.base),
        stacks=options.flame is not None,
    )


def _board(name: str) -> Hardware:
    from specc.diagnostics.model import Sink

    sink = Sink()
    library = [entry for one in library_names() if (entry := load_hardware(one, sink)) is not None]
    return by_name(library, [name])[0]

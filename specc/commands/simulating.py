"""`specc sim`: any bare-metal program on a virtual core."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from specc.commands.console import EXIT_FAILED, EXIT_OK, add_command, fail, usage

_EPILOG = """\
examples:
  specc sim firmware.elf --core cortex-m4 --clock 120MHz
  specc sim firmware.elf --board stm32l4r5 --per-function --flame flame.svg
  specc sim firmware.elf --core cortex-m7 --entry fir_filter --regions fir_filter,dot_product --json

exit codes: 0 the program ended with 0, 1 it ended otherwise or not at all, 2 wrong usage; see docs/virtual-board.md
"""


def add_commands(commands: Any) -> None:
    """Declare the command."""
    parser = add_command(commands, "sim", "run any bare-metal program on a virtual core; count cycles", _EPILOG)
    parser.add_argument("elf", type=Path, metavar="ELF", help="a linked program; it ends by semihosting or at --exit")
    parser.add_argument("--core", metavar="CORE", help="cortex-m0+, cortex-m3, cortex-m4, cortex-m7 or cortex-m33")
    parser.add_argument("--board", metavar="NAME", help="hardware of the library: its core, memory, clock and flash")
    parser.add_argument("--clock", metavar="HZ", help="for times, for example 120MHz (default: the board's highest)")
    parser.add_argument("--entry", metavar="SYMBOL", help="run this function alone, until it returns")
    parser.add_argument("--exit", metavar="SYMBOL", help="the program ends where it reaches this symbol")
    parser.add_argument("--timeout", default="10s", metavar="TIME", help="limit of a run (default: %(default)s)")
    parser.add_argument("--regions", metavar="SYMBOLS", help="every counter of these functions: a,b,c")
    parser.add_argument("--per-function", action="store_true", help="list every function, not only the longest")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--flame", type=Path, metavar="FILE", help="write a flame graph as SVG")
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="build folder")
    parser.set_defaults(run=_sim)


def _sim(options: argparse.Namespace) -> int:
    from specc.measure.simulator import SimulationError, find_simulator
    from specc.report import flame_graph, simulation
    from specc.report.hardware_filter import FilterError
    from specc.report.simulation_options import read_simulation

    try:
        wanted = read_simulation(options)
    except FilterError as error:
        usage(str(error))
    try:
        run = find_simulator(wanted.core).run(wanted)
        regions = simulation.known_regions(run, options.regions)
        if options.flame is not None:
            options.flame.write_text(flame_graph.flame_graph(run.stacks, str(wanted.elf.name)), encoding="utf-8")
    except SimulationError as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{options.flame} cannot be written: {error.strerror}")
    if options.json:
        print(simulation.to_json(wanted, run, regions))
    else:
        print(simulation.to_text(wanted, run, regions, every_function=options.per_function))
    return EXIT_OK if run.exit_code == 0 else EXIT_FAILED

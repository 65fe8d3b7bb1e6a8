"""`specc targets`: the hardware library."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from specc.commands.console import EXIT_FAILED, EXIT_OK, add_command, usage, use_colour

_EPILOG = """\
examples:
  specc targets                            all hardware that specc knows
  specc targets stm32u575 stm32l4r5        two side by side, with the source of every fact
  specc targets --core cortex-m33 --min-sram 512KiB --sort power
  specc targets --max-price 5USD --format json

A limit holds only for what is known: hardware whose fact is unknown is counted and named below the list.
"""


def add_commands(commands: Any) -> None:
    """Declare the command."""
    parser = add_command(commands, "targets", "list, filter and compare the hardware library", _EPILOG)
    parser.add_argument("names", nargs="*", metavar="NAME", help="show these side by side")
    parser.add_argument("--core", metavar="CORE", help="only this core, for example cortex-m4")
    for option, what in (("--min-clock", "100MHz"), ("--min-sram", "256KiB"), ("--min-flash", "1MiB")):
        parser.add_argument(option, metavar="QUANTITY", help=f"at least, for example {what}")
    for option, what in (("--max-power", "50mW, while it infers"), ("--max-price", "5USD")):
        parser.add_argument(option, metavar="QUANTITY", help=f"at most, for example {what}")
    parser.add_argument(
        "--sort", choices=("clock", "sram", "flash", "power", "price"), help="the best first, unknown last"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how the list is printed")
    parser.set_defaults(run=_targets)


def _targets(options: argparse.Namespace) -> int:
    from specc.diagnostics.model import Sink
    from specc.elaborate.hardware import library_names, load_hardware
    from specc.report import hardware_filter, hardware_list

    sink = Sink()
    hardware = [entry for name in library_names() if (entry := load_hardware(name, sink)) is not None]
    if sink.has_errors:
        from specc.diagnostics.render_text import render

        print(render(sink, colour=use_colour(sys.stderr)), file=sys.stderr)
        return EXIT_FAILED
    limits = []
    try:
        pool = hardware_filter.by_name(hardware, options.names) if options.names else tuple(hardware)
        core = hardware_filter.read_core(options.core) if options.core is not None else None
        for name, measure in hardware_filter.MEASURES.items():
            bound = f"{'min' if measure.more_is_better else 'max'}_{name}"
            if (text := getattr(options, bound)) is not None:
                limits.append(hardware_filter.read_limit(measure, f"--{bound.replace('_', '-')}", text))
    except hardware_filter.FilterError as error:
        usage(str(error))
    if options.sort:
        pool = hardware_filter.ranked(pool, hardware_filter.MEASURES[options.sort])
    selection = hardware_filter.select(pool, limits, core)
    if options.format == "json":
        print(json.dumps(hardware_list.selection_json(selection), indent=2))
    else:
        show = hardware_list.comparison_text if options.names else hardware_list.list_text
        wanted = hardware_filter.conditions(limits, core)
        summary = hardware_list.summary_text(selection, wanted, len(pool)) if wanted else ""
        print("\n\n".join(text for text in (show(selection.hardware) if selection.hardware else "", summary) if text))
    return EXIT_OK

"""`specc precision`: what quantization costs in gradients and outputs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.commands.checked import measurable
from specc.commands.console import EXIT_FAILED, EXIT_OK, EXIT_UNDECIDED, Progress, add_command, fail, usage, use_colour

if TYPE_CHECKING:
    from specc.check import CheckResult

_EPILOG = """\
Inputs go through the quantized network and through the same network in full precision; gradients and outputs are
compared layer by layer. See docs/precision.md for every definition. What is stored and current is not computed again;
what Ctrl-C interrupts goes on where it was.

examples:
  specc precision specs/kws.hwspec                        a table of layers, and what it means
  specc precision specs/edge_cnn_repaired.hwspec --iterations 100000
  specc precision specs/kws.hwspec --localise             which layer and which operation loses precision
  specc precision specs/kws.hwspec --json > precision.json

exit codes: 0 every limit holds, 1 one is broken or nothing can be computed, 2 wrong usage, 3 one has no verdict
"""


def add_commands(commands: Any) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "precision",
        "what quantization costs in gradients and outputs, layer by layer",
        _EPILOG,
        description="What quantization costs in gradients and outputs, and whether the harness's limits hold.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    parser.add_argument("--iterations", type=int, metavar="N", help="inputs to compare, in place of the harness's")
    parser.add_argument("--localise", action="store_true", help="switch operations on one by one: where precision goes")
    parser.add_argument("--json", action="store_true", help="print everything that was found as JSON")
    parser.add_argument(
        "--fresh", action="store_true", help="compute again what is stored, start over what was cut off"
    )
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="folder of the result store")
    parser.set_defaults(run=_precision)


def _precision(options: argparse.Namespace) -> int:
    if options.iterations is not None and not 20 <= options.iterations <= 100_000_000:
        usage(f"--iterations {options.iterations}: an interval needs at least 20, and 100 million are enough")
    checked = measurable(options.file, form="json" if options.json else "text")
    if checked is None:
        return EXIT_FAILED
    return _localise(checked, options) if options.localise else _assess(checked, options)


def _assess(checked: CheckResult, options: argparse.Namespace) -> int:
    from specc.measure.precision import assess
    from specc.measure.store import Store, StoreError, store_path
    from specc.numerics.quantize import QuantizationError
    from specc.precision.data import DataError
    from specc.report.precision import precision_text

    assert checked.spec is not None and checked.network is not None
    settings = {"iterations": options.iterations, "fresh": options.fresh}
    try:
        with Progress(sys.stderr) as progress, Store(store_path(options.build)) as store:
            result = assess(checked.spec, checked.network, store, progress.show, **settings)
    except (QuantizationError, DataError, StoreError, ValueError) as error:
        return fail(f"{options.file}: {error}")
    print(result.model_dump_json(indent=2) if options.json else precision_text(result, colour=use_colour(sys.stdout)))
    outcomes = {judgement.outcome for judgement in result.judgements}
    return EXIT_FAILED if "fail" in outcomes else EXIT_UNDECIDED if "undecided" in outcomes else EXIT_OK


def _localise(checked: CheckResult, options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from specc.measure.precision import localised
    from specc.numerics.quantize import QuantizationError
    from specc.precision.data import DataError
    from specc.report.precision import localisation_text

    assert checked.spec is not None and checked.network is not None
    try:
        with Progress(sys.stderr) as progress:
            found = localised(checked.spec, checked.network, progress.show, options.iterations)
    except (QuantizationError, DataError, ValueError) as error:
        return fail(f"{options.file}: {error}")
    print(json.dumps({"format_version": 1, **asdict(found)}, indent=2) if options.json else localisation_text(found))
    return EXIT_OK

"""Commands about results and about this machine: compare, export, energy, doctor."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from specc.commands.console import EXIT_OK, fail, require_target

_COMPARE_EPILOG = """\
A and B are each a target's name (its newest result), the first digits of a result's key, or a file that
`specc export --format json` wrote (file.json#target where it holds several).

examples:
  specc compare l4r5 f407
  specc compare before.json#host host --build build
"""
_ENERGY_EPILOG = """\
examples:
  specc energy import trace.csv --spec specs/kws.hwspec --target l4r5 --voltage 1.8 --mark D0
  specc energy import trace.csv --spec specs/kws.hwspec --target l4r5 --between 1.5 6.5 --inferences 100
"""


def add_commands(commands: Any) -> None:
    """Declare the commands. Everything heavy is imported when one runs."""
    compare = _command(commands, "compare", "two results side by side, intervals respected", _COMPARE_EPILOG)
    compare.add_argument("first", metavar="A")
    compare.add_argument("second", metavar="B")
    _add_build(compare)
    compare.set_defaults(run=_compare)

    export = _command(commands, "export", "write stored results as CSV, JSON or Parquet", "")
    export.add_argument("output", type=Path, metavar="FILE", help="the file to write; - for standard output")
    export.add_argument("--format", choices=("csv", "json", "parquet"), help="default: by the file's ending")
    export.add_argument("--target", action="append", metavar="NAME", help="only this target (may be repeated)")
    export.add_argument("--all", action="store_true", help="every result ever stored, not the newest of each key")
    _add_build(export)
    export.set_defaults(run=_export)

    actions = _command(commands, "energy", "energy from recorded current", _ENERGY_EPILOG).add_subparsers(
        dest="action", metavar="ACTION", required=True
    )
    energy = _command(actions, "import", "take the energy of a target from a recording", _ENERGY_EPILOG)
    energy.add_argument("file", type=Path, metavar="TRACE", help="CSV of PPK2, Joulescope, Otii, EnergyRunner or plain")
    energy.add_argument("--spec", type=Path, required=True, metavar="FILE", help="the spec that was recorded")
    energy.add_argument("--target", required=True, metavar="NAME", help="the target that was recorded")
    energy.add_argument("--voltage", type=float, metavar="V", help="of the supply, where the file has current alone")
    energy.add_argument("--mark", metavar="COLUMN", help="digital line that is high during an inference")
    energy.add_argument("--between", type=float, nargs=2, metavar=("START", "END"), help="seconds, instead of a mark")
    energy.add_argument("--inferences", type=int, default=1, metavar="N", help="inferences in that time, or each mark")
    _add_build(energy)
    energy.set_defaults(run=_energy)

    doctor = _command(commands, "doctor", "what tools this machine has, and what is lost without the others", "")
    doctor.set_defaults(run=_doctor)


def _command(commands: Any, name: str, help_text: str, epilog: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help_text, description=help_text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    return parser


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="folder of the result store")


def _compare(options: argparse.Namespace) -> int:
    from specc.measure.compare import CompareError, compare, find, mismatches
    from specc.measure.store import StoreError, store_path
    from specc.report.results import comparison_table

    try:
        first, second = (find(name, store_path(options.build)) for name in (options.first, options.second))
    except (CompareError, StoreError) as error:
        return fail(str(error))
    print(comparison_table(first, second, compare(first, second), mismatches(first, second)))
    return EXIT_OK


def _export(options: argparse.Namespace) -> int:
    from specc.measure.export import FORMATS, ExportError, export_file, export_text, newest
    from specc.measure.store import Store, StoreError, store_path

    to_standard_output = str(options.output) == "-"
    form = options.format or options.output.suffix.removeprefix(".")
    if form not in FORMATS or (to_standard_output and form == "parquet"):
        return fail(f"{options.output}: say --format csv, json or parquet (the last one to a file only)")
    path = store_path(options.build)
    if not path.is_file():
        return fail(f"there is no result store {path}: measure first, or name the folder with --build")
    try:
        with Store(path) as store:
            found = [one for one in store.all() if not options.target or one.target in options.target]
        if not found:
            return fail(f"{path}: no result of {', '.join(options.target)}" if options.target else f"{path}: is empty")
        chosen = found if options.all else newest(found)
        if to_standard_output:
            sys.stdout.write(export_text(chosen, form))
        else:
            export_file(chosen, options.output, form)
    except (StoreError, ExportError) as error:
        return fail(str(error))
    return EXIT_OK


def _energy(options: argparse.Namespace) -> int:
    from specc.check import check
    from specc.measure.energy.attach import attach_energy
    from specc.measure.energy.csv_file import read_csv
    from specc.measure.energy.inferences import marked_windows
    from specc.measure.energy.trace import TraceError
    from specc.measure.store import Store, StoreError, store_path
    from specc.measure.verify import verify
    from specc.numerics.quantize import QuantizationError
    from specc.report.results import energy_table

    if (options.mark is None) == (options.between is None):
        return fail("say where the inferences are: either --mark COLUMN or --between START END")
    checked = check(options.spec)
    if not checked.can_be_measured or checked.spec is None:
        return fail(f"{options.spec} has errors; see `specc check {options.spec}`")
    require_target(options.target, {target.name for target in checked.spec.targets}, options.spec)
    try:
        trace = read_csv(options.file, options.voltage, options.mark)
        trace.require_rate()
        windows = marked_windows(trace) if options.mark else [tuple(options.between)]
        verified = verify(checked, options.build, lambda text: None, targets=[options.target])
        if options.target not in verified.run.measurements:
            return fail(f"{options.target}: {verified.missing.get(options.target, 'was not measured')}")
        measured = verified.run.measurements[options.target]
        attached, result = attach_energy(measured, trace, windows, options.inferences, options.file)
        with Store(store_path(options.build)) as store:
            store.put(attached)
    except (TraceError, StoreError, QuantizationError) as error:
        return fail(str(error))
    print(energy_table(attached, result))
    return EXIT_OK


def _doctor(options: argparse.Namespace) -> int:
    from specc.measure.doctor import examine
    from specc.report.results import tools_table

    print(tools_table(examine()))
    return EXIT_OK

"""Commands about results and about this machine: compare, export, doctor."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from specc.commands.console import EXIT_OK, add_command, fail, usage

_COMPARE_EPILOG = """\
A and B are each a target's name (its newest result), the first digits of a result's key, or a file that
`specc export --format json` wrote (file.json#target where it holds several).

examples:
  specc compare l4r5 f407
  specc compare before.json#host host --build build
"""
_EXPORT_EPILOG = """\
examples:
  specc export results.csv                       one figure a row
  specc export before.json --target host         whole records, for `specc compare`
  specc export - --format json --all             every result ever stored, to standard output
"""
_DOCTOR_EPILOG = """\
examples:
  specc doctor
"""


def add_commands(commands: Any) -> None:
    """Declare the commands. Everything heavy is imported when one runs."""
    compare = add_command(commands, "compare", "two results side by side, intervals respected", _COMPARE_EPILOG)
    compare.add_argument("first", metavar="A")
    compare.add_argument("second", metavar="B")
    _add_build(compare)
    compare.set_defaults(run=_compare)

    export = add_command(commands, "export", "write stored results as CSV, JSON or Parquet", _EXPORT_EPILOG)
    export.add_argument("output", type=Path, metavar="FILE", help="the file to write; - for standard output")
    export.add_argument("--format", choices=("csv", "json", "parquet"), help="default: by the file's ending")
    export.add_argument("--target", action="append", metavar="NAME", help="only this target (may be repeated)")
    export.add_argument("--all", action="store_true", help="every result ever stored, not the newest of each key")
    _add_build(export)
    export.set_defaults(run=_export)

    doctor = add_command(
        commands, "doctor", "what tools this machine has, and what is lost without the others", _DOCTOR_EPILOG
    )
    doctor.set_defaults(run=_doctor)


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

    if options.output.suffix == ".hwspec":
        usage(
            f"{options.output}: FILE is written, and this would be a spec; results are chosen by --target and --build"
        )
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


def _doctor(options: argparse.Namespace) -> int:
    from specc.measure.doctor import examine
    from specc.report.results import tools_table

    print(tools_table(examine()))
    return EXIT_OK

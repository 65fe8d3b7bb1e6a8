"""`specc check`: findings, repairs, watching."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from specc.commands.console import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, FORMATS, print_lines, usage, use_colour

if TYPE_CHECKING:
    from specc.check import CheckResult


def add_commands(commands: Any) -> None:
    """Declare the commands."""
    check = commands.add_parser("check", help="parse, validate and prove what can be proven; runs nothing")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .hwspec file")
    check.add_argument("--format", choices=FORMATS, default="text", help="how findings are printed")
    check.add_argument("--fix", action="store_true", help="repair the files with fixes that keep the meaning")
    check.add_argument("--unsafe-fixes", action="store_true", help="also take fixes that may change the meaning")
    check.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    check.add_argument("--watch", action="store_true", help="check again whenever a file changes; ends on Ctrl-C")
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    from specc.check import check

    if options.unsafe_fixes and not (options.fix or options.diff):
        usage("--unsafe-fixes goes with --fix or --diff")
    if options.watch:
        if options.fix or options.diff or options.format != "text":
            usage("--watch prints text and changes nothing; it takes no --fix, --diff or --format")
        return _watch(options)
    if options.diff:
        return _show_repairs(options)
    results = _repaired(options) if options.fix else [check(path) for path in options.files]
    if results is None:
        return EXIT_FAILED
    if options.format == "text":
        for path, result in zip(options.files, results, strict=True):
            print_findings(path, result, sys.stdout, always_summarise=True)
    else:
        print_for_programs(options.files, results, options.format)
    return EXIT_FAILED if any(result.has_errors for result in results) else EXIT_OK


def _watch(options: argparse.Namespace) -> int:
    """Check now and after every change of a file or of what it imports, until Ctrl-C."""
    from specc.check import check
    from specc.check.watch import changes, files_of

    watched = set(options.files)
    try:
        for _ in changes(watched):
            if sys.stdout.isatty():
                print("\x1b[2J\x1b[H", end="")
            for path in options.files:
                result = check(path)
                watched |= files_of(result)
                print_findings(path, result, sys.stdout, always_summarise=True)
            sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    return EXIT_INTERRUPTED


def _repaired(options: argparse.Namespace) -> list[CheckResult] | None:
    """What is left to be found after repairing the files, or None after printing why one cannot be written."""
    from specc.check.repair import RepairError, repair, write

    results = []
    for path in options.files:
        repaired = repair(path, unsafe=options.unsafe_fixes)
        if repaired.after != repaired.before:
            try:
                write(repaired)
            except RepairError as error:
                print(f"specc: {error}", file=sys.stderr)
                return None
            fixes = f"{len(repaired.applied)} {'fix' if len(repaired.applied) == 1 else 'fixes'}"
            print(f"specc: {fixes} made in {path}", file=sys.stderr)
        results.append(repaired.result)
    return results


def _show_repairs(options: argparse.Namespace) -> int:
    """What --fix would change, as unified diffs; findings go to the usual command."""
    if options.format != "text":
        usage("--diff prints a diff; it takes no --format")
    from specc.check.repair import repair
    from specc.diagnostics.fixes import difference

    changed = failed = False
    for path in options.files:
        repaired = repair(path, unsafe=options.unsafe_fixes)
        if not repaired.before:
            print_findings(path, repaired.result, sys.stderr, always_summarise=True)
        before, after = repaired.before.decode(), repaired.after.decode()
        sys.stdout.write(difference(before, after, str(path)))
        changed |= before != after
        failed |= repaired.result.has_errors
    return EXIT_FAILED if changed or failed else EXIT_OK


def print_findings(path: Path, result: CheckResult, stream: TextIO, *, always_summarise: bool) -> None:
    """Print what was found in one file, and how much."""
    from specc.diagnostics.render_text import render, summary

    if result.diagnostics or always_summarise:
        text = render(result.diagnostics, colour=use_colour(stream))
        print(text + ("\n" if text else "") + summary(result.diagnostics, str(path), len(result.waived)), file=stream)


def print_for_programs(paths: Sequence[Path], results: Sequence[CheckResult], form: str) -> None:
    """Print what was found in every file, in a format for programs."""
    from specc.diagnostics.model import FileFindings
    from specc.diagnostics.render import render

    pairs = zip(paths, results, strict=True)
    print_lines(render([FileFindings(str(path), result.diagnostics, result.waived) for path, result in pairs], form))

"""`specc check`: findings, repairs, watching."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from specc.commands.console import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    FORMATS,
    Progress,
    add_command,
    print_lines,
    short_run,
    usage,
    use_colour,
)

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.diagnostics.model import FileFindings

_EPILOG = """\
examples:
  specc check specs/kws.hwspec
  specc check specs                        every spec in a folder
  specc check --diff specs/kws.hwspec      what --fix would change
  specc check --watch specs/kws.hwspec     again after every save
  specc check --format sarif specs         for code scanning; see docs/checking.md

exit codes: 0 no errors, 1 an error or something that --diff would change, 2 wrong usage
"""


def add_commands(commands: Any) -> None:
    """Declare the commands."""
    check = add_command(commands, "check", "parse, validate and prove what can be proven; runs nothing", _EPILOG)
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .hwspec file, or a folder of them")
    check.add_argument("--format", choices=FORMATS, default="text", help="how findings are printed")
    check.add_argument("--fix", action="store_true", help="repair the files with fixes that keep the meaning")
    check.add_argument("--unsafe-fixes", action="store_true", help="also take fixes that may change the meaning")
    check.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    check.add_argument("--watch", action="store_true", help="check again whenever a file changes; ends on Ctrl-C")
    check.add_argument("--no-cache", action="store_true", help="check again what has not changed since the last check")
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    if options.unsafe_fixes and not (options.fix or options.diff):
        usage("--unsafe-fixes goes with --fix or --diff")
    files = [path for path in options.files if not path.is_dir()]
    folders = [path for path in options.files if path.is_dir()]
    if folders and (options.watch or options.fix or options.diff):
        usage("--watch, --fix and --diff take files; here is a folder")
    if options.watch:
        if options.fix or options.diff or options.format != "text":
            usage("--watch prints text and changes nothing; it takes no --fix, --diff or --format")
        return _watch(options)
    with short_run():
        if options.diff:
            return _show_repairs(options)
        inside = [path for folder in folders for path in _specs_below(folder)]
        found = _repaired(options) if options.fix else _checked([*files, *inside], cached=not options.no_cache)
        if found is None:
            return EXIT_FAILED
        found = [*found[: len(files)], *map(_as_part, found[len(files) :])]
        if options.format != "text":
            print_for_programs([*files, *inside], found, options.format)
        else:
            for path, findings in zip(files, found, strict=False):
                print_findings(path, findings, sys.stdout, always_summarise=True)
            if folders:
                _print_folders(found[len(files) :], folders)
    return EXIT_FAILED if any(findings.has_errors for findings in found) else EXIT_OK


def _checked(paths: Sequence[Path], cached: bool) -> list[FileFindings]:
    """What is to be found in files, by an earlier check where that still holds."""
    from specc import reads
    from specc.commands import check_cache

    found = []
    stored = False
    with Progress(sys.stderr) as progress:
        for number, path in enumerate(paths, start=1):
            known = check_cache.lookup(path) if cached else None
            if known is None:
                if len(paths) > 1:
                    progress.show(f"checking {path} ({number} of {len(paths)})")
                from specc.check import check

                with reads.recorded() as seen:
                    result = check(path)
                known = _findings(path, result)
                if cached:
                    check_cache.store(path, known, seen)
                    stored = True
            found.append(known)
    if stored:
        check_cache.trim()
    return found


def _specs_below(folder: Path) -> list[Path]:
    """The specs in a folder and those inside it, but for hidden ones; symbolic links to folders are not followed."""
    found = []
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        found += [Path(place, name) for name in sorted(names) if name.endswith(".hwspec") and not name.startswith(".")]
    return found


def _as_part(found: FileFindings) -> FileFindings:
    """The findings of a file of a folder. One without a model is a part of others: what it means is found in them."""
    if all(diagnostic.code != "E1012" for diagnostic in found.diagnostics):
        return found
    syntax = tuple(diagnostic for diagnostic in found.diagnostics if diagnostic.code[1] == "0")
    return replace(found, diagnostics=syntax)


def _print_folders(found: Sequence[FileFindings], folders: Sequence[Path]) -> None:
    """The findings of files that have any, and how many there are in all."""
    from specc.diagnostics.render_text import summary

    for findings in found:
        print_findings(Path(findings.name), findings, sys.stdout, always_summarise=False)
    every = [diagnostic for findings in found for diagnostic in findings.diagnostics]
    waived = sum(len(findings.waived) for findings in found)
    files = f"{len(found):,} file{'' if len(found) == 1 else 's'} below {', '.join(map(str, folders))}"
    print(summary(every, files, waived))


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


def _repaired(options: argparse.Namespace) -> list[FileFindings] | None:
    """What is left to be found after repairing the files, or None after printing why one cannot be written."""
    from specc.check.repair import repair
    from specc.syntax.files import WriteError, write

    results = []
    for path in options.files:
        repaired = repair(path, unsafe=options.unsafe_fixes)
        if repaired.after != repaired.before:
            try:
                write(repaired)
            except WriteError as error:
                print(f"specc: {error}", file=sys.stderr)
                return None
            fixes = f"{len(repaired.applied)} {'fix' if len(repaired.applied) == 1 else 'fixes'}"
            print(f"specc: {fixes} made in {path}", file=sys.stderr)
        results.append(_findings(path, repaired.result))
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


def _findings(path: Path, result: CheckResult) -> FileFindings:
    from specc.diagnostics.model import FileFindings

    return FileFindings(str(path), result.diagnostics, result.waived)


def print_findings(path: Path, result: CheckResult | FileFindings, stream: TextIO, *, always_summarise: bool) -> None:
    """Print what was found in one file, and how much."""
    from specc.diagnostics.render_text import render, summary

    if result.diagnostics or always_summarise:
        text = render(result.diagnostics, colour=use_colour(stream))
        print(text + ("\n" if text else "") + summary(result.diagnostics, str(path), len(result.waived)), file=stream)


def print_for_programs(paths: Sequence[Path], results: Sequence[CheckResult | FileFindings], form: str) -> None:
    """Print what was found in every file, in a format for programs."""
    from specc.diagnostics.model import FileFindings
    from specc.diagnostics.render import render

    pairs = zip(paths, results, strict=True)
    print_lines(render([FileFindings(str(path), result.diagnostics, result.waived) for path, result in pairs], form))

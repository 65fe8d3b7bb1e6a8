"""The command line. Thin: every command imports what it needs when it runs, so that `specc check` starts fast."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from specc import __version__
from specc.commands import checking
from specc.commands.console import EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE

_EPILOG = """\
examples:
  specc check specs/kws.hwspec             find contradictions; runs nothing
  specc verify specs/kws.hwspec            measure every target, judge every budget
  specc report specs/kws.hwspec            write the guidelines as PDF and HTML under build/
  specc explain E3101                      what a diagnostic means and how to repair it

exit codes: 0 all is well, 1 an error or a failed contract, 2 wrong usage, 3 a contract has no verdict
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser(check_alone=given[:1] == ["check"])
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help()
        return EXIT_USAGE
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        print("specc: interrupted; everything measured so far is stored", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, a pager) has gone: nothing is left to say, and the interpreter must not try at exit.
        sys.stderr.close()
        return EXIT_OK
    return code


def _parser(check_alone: bool) -> argparse.ArgumentParser:
    """The parser of every command, or of `check` alone: declaring the others takes longer than reading its line."""
    parser = argparse.ArgumentParser(
        prog="specc",
        description="Declare what a small neural network must do on which hardware; check it, measure it, explain it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"specc {__version__}")
    # With its name given, argparse need not format a usage line to find it.
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", prog=parser.prog)
    checking.add_commands(commands)
    if not check_alone:
        from specc.commands import (
            editing,
            energy,
            experimenting,
            explaining,
            hardware,
            measuring,
            precision,
            predicting,
            results,
            simulating,
            tuning,
        )

        measured = (measuring, experimenting, precision, tuning, results, energy)
        for group in (editing, *measured, hardware, predicting, simulating, explaining):
            group.add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())

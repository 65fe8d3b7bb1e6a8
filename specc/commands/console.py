"""What every command shares: exit codes, errors of usage, colours, progress."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

EXIT_OK = 0
EXIT_FAILED = 1  # errors in a spec, a failed contract, a target that could not be measured
EXIT_USAGE = 2
EXIT_UNDECIDED = 3  # no contract fails, but at least one has no verdict
EXIT_INTERRUPTED = 130

FORMATS = ("text", "json", "sarif", "junit", "github")  # of findings and verdicts


def usage(message: str) -> NoReturn:
    """Say what is wrong with the command line, and end."""
    print(f"specc: {message}", file=sys.stderr)
    raise SystemExit(EXIT_USAGE)


def fail(message: str) -> int:
    """Say why a command failed; the value is its exit code."""
    print(f"specc: {message}", file=sys.stderr)
    return EXIT_FAILED


def add_command(
    commands: Any, name: str, help_text: str, epilog: str, description: str = ""
) -> argparse.ArgumentParser:
    """Declare a command.

    Args:
        commands: those there are.
        name: of the command.
        help_text: for the list of all commands.
        epilog: is printed as it stands under the options: examples and exit codes.
        description: stands above the options; the help text where it is empty.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_text,
        description=description or help_text,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_targets_options(parser: argparse.ArgumentParser) -> None:
    """Declare what every command takes that measures the targets of a spec."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    parser.add_argument(
        "--build", type=Path, default=Path("build"), metavar="DIR", help="build folder and result store"
    )
    parser.add_argument("--target", action="append", metavar="NAME", help="only this target (may be repeated)")
    parser.add_argument("--fresh", action="store_true", help="measure again even where a stored result is current")


def require_target(name: str, known: Collection[str], file: Path, option: str = "") -> None:
    """End with an error of usage if a spec declares no target of that name; `option` is what named it, if not plain."""
    if name not in known:
        usage(f"{option}{file} declares no target {name}; it declares {', '.join(sorted(known)) or 'none'}")


def print_lines(text: str) -> None:
    """Print a text; nothing at all, not even an empty line, if there is none."""
    if text:
        print(text)


@contextmanager
def short_run() -> Iterator[None]:
    """Work without the garbage collector, which would take a tenth of the time of a check, or a fifth of a large one.

    What is there in the end is not looked at again, not even when the interpreter ends.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def use_colour(stream: object) -> bool:
    """Whether a stream is a terminal whose user wants colours."""
    return hasattr(stream, "isatty") and stream.isatty() and "NO_COLOR" not in os.environ


class Progress:
    """One line of progress on a terminal, rewritten in place, and lines that stay above it; nothing in a pipe."""

    def __init__(self, stream: object) -> None:
        self._stream = stream
        self._active = hasattr(stream, "isatty") and stream.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._active:
            self._write("\r\x1b[K")

    def show(self, message: str) -> None:
        """Replace the line."""
        if self._active:
            self._write(f"\r\x1b[K{message[:100]}")

    def keep(self, message: str) -> None:
        """Leave a line above the line of progress."""
        if self._active:
            self._write(f"\r\x1b[K{message}\n")

    def _write(self, text: str) -> None:
        print(text, end="", file=self._stream, flush=True)  # type: ignore[call-overload]

"""Pages of docs/ whose tables a benchmark takes again."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = ROOT.parent / "shared" / "data"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"


def with_tables(page: str, text: str) -> str:
    """A page with its generated part replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + text + "\n" + END + after


def take(description: str, page: Path, tables: Callable[[Path], str]) -> int:
    """Read the command line, take every figure, and print the tables or write them into the page.

    Args:
        description: what the help says; the docstring of the benchmark.
        page: the page that holds the tables.
        tables: takes the figures, with a folder to work in, and gives the generated part of the page.
    """
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--update", action="store_true", help=f"write docs/{page.name} instead of printing")
    update = options.parse_args().update
    if not (DATA / "models").is_dir():
        print(
            f"{options.prog}: the reference networks are not beside this checkout (../shared/data/models)",
            file=sys.stderr,
        )
        return 2
    with tempfile.TemporaryDirectory() as folder:
        text = tables(Path(folder))
    if update:
        page.write_text(with_tables(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        print(text)
    return 0

"""`specc explain`: what a diagnostic code means."""

from __future__ import annotations

import argparse
import json
from typing import Any

from specc.commands.console import EXIT_OK, add_command, usage

_EPILOG = """\
examples:
  specc explain                            every code with its title
  specc explain E4101
"""


def add_commands(commands: Any) -> None:
    """Declare the commands."""
    explain = add_command(commands, "explain", "what a diagnostic code means and how to repair it", _EPILOG)
    explain.add_argument("code", nargs="?", metavar="CODE", help="for example E3101; without it, all are listed")
    explain.add_argument("--format", choices=("text", "json"), default="text", help="how the text is printed")
    explain.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    from specc.diagnostics.registry import CODES
    from specc.diagnostics.render_text import explain, overview

    code = (options.code or "").upper()
    if options.code is not None and code not in CODES:
        from difflib import get_close_matches

        near = get_close_matches(code, CODES, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        usage(f"there is no diagnostic {options.code}{hint}")
    if options.format == "json":
        from dataclasses import asdict

        shown = [CODES[code]] if code else list(CODES.values())
        print(json.dumps({"format_version": 1, "codes": [asdict(entry) for entry in shown]}, indent=2))
    else:
        print(explain(code) if code else overview())
    return EXIT_OK

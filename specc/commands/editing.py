"""Commands for writing specs: fmt, init, schema, lsp."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any, Literal

from specc.commands.console import EXIT_FAILED, EXIT_OK, add_command, fail, usage, use_colour

_FMT_EPILOG = """\
examples:
  specc fmt specs/kws.hwspec               lay it out, in place
  specc fmt --check specs/*.hwspec         name the files that are not formatted
  specc fmt - < kws.hwspec                 standard input to standard output

exit codes: 0 done, 1 something to change (--check, --diff) or a file that does not parse, 2 wrong usage
"""
_INIT_EPILOG = """\
examples:
  specc init                               write network.hwspec
  specc init doorbell                      write doorbell.hwspec

exit codes: 0 written, 2 the file exists already
"""
_SCHEMA_EPILOG = """\
examples:
  specc schema > hwspec.schema.json
"""
_LSP_EPILOG = """\
An editor starts it; docs/editor.md shows how. It needs pip install 'specc[lsp]'.

examples:
  specc lsp
"""


def add_commands(commands: Any) -> None:
    """Declare the commands."""
    fmt = add_command(commands, "fmt", "lay files out as every spec is laid out", _FMT_EPILOG)
    fmt.add_argument("files", nargs="+", metavar="FILE", help="a .hwspec file, or - for standard input")
    fmt_mode = fmt.add_mutually_exclusive_group()
    fmt_mode.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not formatted")
    fmt_mode.add_argument("--diff", action="store_true", help="write nothing; show what would change, exit 1 if any")
    fmt.set_defaults(run=_fmt)

    init = add_command(commands, "init", "write a commented spec to start from", _INIT_EPILOG)
    init.add_argument("name", nargs="?", default="network", metavar="NAME", help="of model and file (default: network)")
    init.set_defaults(run=_init)

    schema = add_command(commands, "schema", "print the JSON Schema of a spec", _SCHEMA_EPILOG)
    schema.set_defaults(run=_schema)

    lsp = add_command(commands, "lsp", "serve an editor: a language server over standard input and output", _LSP_EPILOG)
    lsp.set_defaults(run=_lsp)


def _fmt(options: argparse.Namespace) -> int:
    from specc.syntax.formatter.files import format_files

    mode: Literal["write", "check", "diff"] = "check" if options.check else "diff" if options.diff else "write"
    return EXIT_OK if format_files(options.files, mode, colour=use_colour(sys.stdout)) else EXIT_FAILED


def _init(options: argparse.Namespace) -> int:
    """Write the starter spec under a new name; a file that is there already stays as it is."""
    from specc.resources import resource

    name = options.name.removesuffix(".hwspec")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        usage(f"`{name[:70]}` cannot name a model: names have letters, digits and `_`, at most 64")
    path = Path(f"{name}.hwspec")
    text = resource("templates", "starter.hwspec").read_text(encoding="utf-8").replace("FILE", str(path))
    text = re.sub(r"^(model|quantization) starter ", rf"\1 {name} ", text, flags=re.MULTILINE)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        usage(f"{path} exists already; nothing was written")
    except OSError as error:
        return fail(f"{path} cannot be written: {error.strerror or error}")
    print(f"{path} is written; `specc check {path}` proves what can be proven about it")
    return EXIT_OK


def _schema(options: argparse.Namespace) -> int:
    from specc.spec.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return EXIT_OK


def _lsp(options: argparse.Namespace) -> int:
    try:
        from specc.lsp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        return fail("the language server needs pygls: pip install 'specc[lsp]'")
    serve()
    return EXIT_OK

"""Codes of what files are made of: imports, parameters, repetition, and words that nothing acts on yet."""

from __future__ import annotations

from specc.diagnostics.code import Code, register

register(
    Code(
        "E1020",
        "error",
        "repetition too large",
        "`repeat` writes its block again and again, and blocks inside blocks multiply. The whole spec,\n"
        "with all repetitions, has at most 50,000 lines.",
    ),
    Code(
        "E1021",
        "error",
        "file cannot be imported or named",
        "A spec names files of its own project only: those in the nearest folder above it with `.git` or\n"
        "`pyproject.toml`, or where there is none, in the folder of the spec named on the command line.\n"
        "Paths are relative to the file that names them, and symbolic links may not lead out. Imported\n"
        "files end in `.hwspec`:\n\n"
        '    import "common/budgets.hwspec"',
    ),
    Code(
        "E1022",
        "error",
        "imports in a circle",
        "The file imports itself, directly or through others. Move what both need into a third file.",
    ),
    Code(
        "W1103",
        "warning",
        "parameter that nothing reads",
        "The parameter has a value, and no `$name` asks for it. Either a name is misspelt or the line can go.",
    ),
    Code(
        "W1105",
        "warning",
        "hardware that hides one of the library",
        "The file declares hardware under a name that the library has as well. The file's own section is\n"
        "taken, so that a spec means the same whatever a later library holds; but whoever reads `use\n"
        "stm32f407` expects the facts of the library. Give it a name of its own, or waive this finding.",
    ),
    Code(
        "N1104",
        "note",
        "nothing acts on this yet",
        "The line is understood and checked, but this version of specc neither measures nor proves\n"
        "anything with it. It is no contract that is kept: a budget that depends on it stays undecided.",
    ),
)

"""The registry as pages of documentation: `python -m specc.diagnostics.pages docs/diagnostics` writes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from specc.diagnostics.registry import CODES, FAMILIES, Code, can_be_demoted, can_be_waived, family

_COMMAND: Final = "python -m specc.diagnostics.pages docs/diagnostics"


def pages() -> dict[str, str]:
    """Every page by its file name: one per code, and the list of them."""
    return {f"{code.id}.md": _page(code) for code in CODES.values()} | {"README.md": _index()}


def write(folder: Path) -> None:
    """Write the pages, and remove those of codes that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    current = pages()
    for name, text in current.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in current:
            path.unlink()


def _page(code: Code) -> str:
    facts = [f"Severity: {code.severity}." + (" The spec is valid, but cannot be met." if code.infeasible else "")]
    if can_be_demoted(code.id):
        facts.append(f'To accept it as a warning: `demote {code.id} "the reason"`.')
    if can_be_waived(code.id):
        facts.append(f'To accept it: `waive {code.id} "the reason"`.')
    explanation = code.explanation.strip()
    return f"# {code.id}: {code.title}\n\n{' '.join(facts)}\n\n{explanation}\n\n[All diagnostics](README.md)\n"


def _index() -> str:
    intro = (
        "# Diagnostics\n\n"
        f"Generated from the registry of codes by `{_COMMAND}`. The same texts are printed by `specc explain CODE`.\n\n"
        'A warning is accepted with `waive CODE "reason"`, and what a rule proved (E3xxx to E5xxx) becomes a warning\n'
        'with `demote CODE "reason"`. Both take `on NAME` before the reason, with the name of a target or a layer.\n'
        "The report prints the reasons.\n"
    )
    sections = []
    for digit, title in FAMILIES.items():
        rows = [f"| [{c.id}]({c.id}.md) | {c.severity} | {c.title} |" for c in family(digit)]
        sections.append("\n".join([f"## {title}\n", "| code | severity | meaning |", "| --- | --- | --- |", *rows, ""]))
    return intro + "\n" + "\n".join(sections)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {_COMMAND}")
    write(Path(sys.argv[1]))

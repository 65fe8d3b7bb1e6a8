"""The pages under docs/diagnostics are what the registry says today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from specc.diagnostics.pages import pages, write
from specc.diagnostics.registry import CODES, FAMILIES, can_be_demoted, can_be_waived, family
from specc.diagnostics.render_text import overview

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "diagnostics"


def test_the_pages_are_current() -> None:
    """If this fails: python -m specc.diagnostics.pages docs/diagnostics."""
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert written == pages()


def test_every_code_has_a_page_that_the_list_names() -> None:
    current = pages()
    assert set(current) == {f"{code}.md" for code in CODES} | {"README.md"}
    for code, entry in CODES.items():
        assert f"[{code}]({code}.md)" in current["README.md"]
        assert entry.explanation.strip() in current[f"{code}.md"]


def test_a_page_of_a_code_that_is_gone_is_removed(tmp_path: Path) -> None:
    (tmp_path / "E9999.md").write_text("old", encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*pages(), "picture.png"}


def test_the_command_writes_the_pages(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "specc.diagnostics.pages", str(tmp_path / "new")], check=True)
    assert done.returncode == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(pages())


def test_every_code_is_in_a_family_and_in_the_overview() -> None:
    assert sorted(code.id for digit in FAMILIES for code in family(digit)) == sorted(CODES)
    lines = overview().splitlines()
    assert all(f"  {code}  {entry.title}" in lines for code, entry in CODES.items())


def test_what_can_be_accepted() -> None:
    """Warnings are waived, proofs demoted; what cannot be read, built or has been measured is neither."""
    for code in CODES:
        proof = code[:2] in ("E3", "E4", "E5")
        assert can_be_demoted(code) == proof
        assert can_be_waived(code) == (code[0] == "W" and code[1] != "6")

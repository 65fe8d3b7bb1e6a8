"""docs/rewrites.md lists every rewrite. SPECC_UPDATE_DOCS=1 writes the list again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from specc.spec.kernels import MEANINGS, REWRITES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "rewrites.md"
BEGIN, END = "<!-- rewrites: begin -->\n", "<!-- rewrites: end -->\n"


def listed() -> str:
    lines = ["| rewrite | with it | without it |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {done} | {otherwise} |" for name, (done, otherwise) in MEANINGS.items()]
    return "\n" + "\n".join(lines) + "\n\n"


def test_the_list_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    expected = before + BEGIN + listed() + END + rest.partition(END)[2]
    if os.environ.get("SPECC_UPDATE_DOCS") == "1":
        PAGE.write_text(expected, encoding="utf-8")
        page = expected
    assert page == expected
    assert tuple(MEANINGS) == REWRITES


def test_the_table_has_every_rewrite() -> None:
    off = re.findall(r"^\| [^|]+ \| `(\w+)` \| [\d,]+ to [\d,]+ \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert set(off) == set(REWRITES)

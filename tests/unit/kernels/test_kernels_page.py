"""docs/kernels.md says what the script measures: one of its networks, taken again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "benchmark"))

from kernels import PAGE, run  # noqa: E402
from pages import BEGIN, DATA, END, with_tables  # noqa: E402


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "models").is_dir(), reason="the reference networks are not beside this checkout")
def test_the_page_is_what_the_script_takes(tmp_path: Path) -> None:
    one = run("ad", "cortex-m4", "dsp", tmp_path)
    line = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ad | dsp |"))
    cells = [cell.strip() for cell in line.split("|")]
    # What surrounds the kernels may change by a little without the tables being taken again.
    assert int(cells[3].replace(",", "")) == pytest.approx(one.low, rel=0.01)
    assert int(cells[7].replace(",", "")) == pytest.approx(one.flash, rel=0.01)


def test_only_the_part_between_the_marks_is_replaced() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n"
    assert with_tables(page, "new") == f"before\n{BEGIN}\nnew\n{END}after\n"
    assert BEGIN in PAGE.read_text(encoding="utf-8") and END in PAGE.read_text(encoding="utf-8")

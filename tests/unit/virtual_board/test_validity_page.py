"""The published side of the comparison in docs/validity.md is that of the data; the other side is taken by a script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "benchmark"))

from published import DATA, NETWORKS, published, published_cells  # noqa: E402

pytestmark = pytest.mark.skipif(
    not (DATA / "mlperf_tiny.csv").is_file(), reason="the published results are not beside this checkout (../shared)"
)


@pytest.mark.parametrize("benchmark", NETWORKS)
def test_the_page_quotes_the_data(benchmark: str) -> None:
    page = (ROOT / "docs" / "validity.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {benchmark} |")]
    assert f"| {published_cells(benchmark)} |" in line


def test_the_same_result_submitted_twice_counts_once() -> None:
    """By hand from the data: 16 rows of keyword spotting on this chip, two of them the same results of microTVM."""
    assert len(published("kws").results) == 14

"""docs/predictor.md says what the predictor is worth today."""

from pathlib import Path

import pytest

from specc.predict.page import SLOW, TABLES, filled

PAGE = Path(__file__).resolve().parents[3] / "docs" / "predictor.md"
REPAIR = "run `python -m specc.predict.page docs/predictor.md`"


def test_every_table_stands_in_the_page_once() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(text.count(f"<!-- table {name} -->\n\n|") == 1 for name in TABLES)


def test_tables_are_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text, [name for name in TABLES if name not in SLOW]) == text, REPAIR


@pytest.mark.slow
def test_errors_of_boards_left_out_are_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text, SLOW) == text, REPAIR


def test_a_stale_table_is_replaced() -> None:
    text = PAGE.read_text(encoding="utf-8")
    stale = text.replace("| collection |", "| collections |")
    assert stale != text
    assert filled(stale, ["results"]) == text

"""Tables as data."""

import pytest

from specc.report.tables import Cell, Column, Row, anchor, table


def test_number_columns_are_aligned_and_text_columns_are_not() -> None:
    rows = [Row((Cell("1.25"), Cell("1.25"))), Row((Cell("10"), Cell("10")))]
    made = table("t", (Column("a"), Column("b", number=True)), rows)
    assert [row.cells[0].text for row in made.rows] == ["1.25", "10"]
    assert made.rows[1].cells[1].text == "10\u2008\u2007\u2007"


def test_a_column_knows_whether_it_refers_to_notes() -> None:
    made = table("t", (Column("a"), Column("b")), [Row((Cell("x"), Cell("y", notes=(1,))))], ["why"])
    assert [column.noted for column in made.columns] == [False, True]


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        table("t", (Column("a"), Column("b")), [Row((Cell("x"),))])


def test_anchors_are_distinct_and_harmless() -> None:
    names = ["a b", "a-b", 'a"b', "<a>", "ä", "a\u202eb"]
    anchors = [anchor("row", name) for name in names]
    assert len(set(anchors)) == len(names)
    assert all(c.isascii() and (c.isalnum() or c in "-_.") for text in anchors for c in text)

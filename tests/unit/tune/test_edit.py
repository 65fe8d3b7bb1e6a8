"""Tables written into texts: what is not a changed cell stays as it is, byte for byte."""

from pathlib import Path

import pytest

from specc.check import check
from specc.spec.model import QuantizationTable
from specc.syntax.files import WriteError, write
from specc.tune.edit import EditError, edited
from specc.tune.space import Space, space_of

MODEL = """hwspec 1
model m {
  input x 8 { distribution normal 1 }
  dense a { units 8 }
  dense b { units 4 }
  dense c { units 2 }
  weights seed 1
}
"""
STAR = (
    MODEL
    + """
quantization m {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
  # the end of the table
}
"""
)


def prepared(folder: Path, text: str) -> tuple[Path, Space]:
    path = folder / "m.hwspec"
    path.write_bytes(text.encode())
    checked = check(path)
    assert checked.spec is not None and checked.network is not None
    return path, space_of(checked.spec, checked.network, keep_steps=False)


def with_bits(space: Space, **bits: int) -> QuantizationTable:
    return space.table(
        tuple([own.bits for own in variable.settings].index(bits[variable.layer]) for variable in space.variables)
    )


def table_of(path: Path) -> QuantizationTable:
    spec = check(path).spec
    assert spec is not None and spec.quantization is not None
    return spec.quantization


def test_a_row_for_all_is_taken_apart_only_where_layers_differ(tmp_path: Path) -> None:
    path, space = prepared(tmp_path, STAR)
    write(edited(path, space.original, with_bits(space, a=6, b=6, c=6)))
    assert path.read_text(encoding="utf-8") == STAR.replace("| 8    |", "| 6    |")
    write(edited(path, table_of(path), with_bits(space, a=6, b=9, c=6)))
    table = table_of(path)
    assert [(row.layer, row.bits) for row in table.rows] == [("*", 6), ("b", 9)]
    text = path.read_text(encoding="utf-8")
    assert "# the end of the table" in text and "  | b     | 9    | calibrated |\n" in text


def test_line_ends_spelling_and_layout_of_the_rest_stay(tmp_path: Path) -> None:
    text = STAR.replace("| 8    |", "|   8|").replace("\n", "\r\n")
    path, space = prepared(tmp_path, text)
    change = edited(path, space.original, with_bits(space, a=5, b=5, c=5))
    assert change.after == text.replace("|   8|", "|   5|").encode()


def test_nothing_changes_where_the_table_says_so_already(tmp_path: Path) -> None:
    path, space = prepared(tmp_path, STAR)
    change = edited(path, space.original, with_bits(space, a=8, b=8, c=8))
    assert change.before == change.after


def test_weights_and_activations_apart(tmp_path: Path) -> None:
    columns = "quantization m {\n  | layer | weights | activations | range |\n"
    path, space = prepared(tmp_path, MODEL + columns + "  | * | 4 | 8 | calibrated |\n}\n")
    assert {(own.layer, own.field) for own in space.variables} == {
        (layer, kind) for layer in "abc" for kind in ("weights", "activations")
    }
    point = tuple(3 if own.field == "weights" else 8 for own in space.variables)
    write(edited(path, space.original, space.table(point)))
    assert [(row.weights, row.activations) for row in table_of(path).rows] == [(5, 10)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (STAR.replace("  | *     | 8 ", "  | *     | $w").replace("hwspec 1\n", "hwspec 1\nlet w = 8\n"), "parameter"),
        (
            MODEL.replace("dense a", "dense l1").replace("dense b", "dense l2").replace("dense c", "dense l3")
            + "quantization m {\n  | layer | bits | range |\n  repeat 3 as i {\n    | l$i | 8 | calibrated |\n  }\n}\n",
            "repetition",
        ),
    ],
)
def test_rows_that_are_not_plain_are_refused_with_a_reason(tmp_path: Path, text: str, reason: str) -> None:
    path, space = prepared(tmp_path, text)
    names = {own.layer: 6 for own in space.variables}
    with pytest.raises(EditError, match=reason):
        edited(path, space.original, with_bits(space, **names))
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    path, space = prepared(tmp_path, STAR)
    change = edited(path, space.original, with_bits(space, a=6, b=6, c=6))
    path.write_text(STAR + "# mine\n", encoding="utf-8")
    with pytest.raises(WriteError, match="meanwhile"):
        write(change)
    assert path.read_text(encoding="utf-8") == STAR + "# mine\n"


def test_an_imported_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.hwspec").write_text("hwspec 1\n" + STAR.removeprefix(MODEL), encoding="utf-8")
    path, space = prepared(tmp_path, 'hwspec 1\nimport "table.hwspec"\n' + MODEL.split("\n", 1)[1])
    with pytest.raises(EditError, match="imported"):
        edited(path, space.original, with_bits(space, a=6, b=6, c=6))

"""Results for other programs, read back by other readers."""

import csv
import io
import json
from pathlib import Path

import pytest
from stored_results import result, seconds

from specc.cli import main
from specc.measure.export import COLUMNS, ExportError, export_file, export_text, newest, rows
from specc.measure.result import Measurement
from specc.measure.store import Store


def test_json_is_the_whole_record() -> None:
    given = [result(layers={"a": seconds(1, 2, None)}), result(key="b" * 64)]
    read = json.loads(export_text(given, "json"))
    assert read["format_version"] == 1
    assert [Measurement.model_validate(entry) for entry in read["measurements"]] == given


def test_csv_has_one_figure_a_row() -> None:
    read = list(csv.DictReader(io.StringIO(export_text([result(layers={"a": seconds(1, 2, None)})], "csv"))))
    assert tuple(read[0]) == COLUMNS
    found = {(row["layer"], row["quantity"]): row for row in read}
    assert len(found) == len(read)
    layer = found["a", "latency"]
    assert (layer["value"], layer["low"], layer["high"], layer["unit"]) == ("2.0", "1.0", "", "s")
    assert found["", "energy"]["value"] == "" and found["", "energy"]["evidence"] == "unknown"
    assert found["", "energy"]["basis"] == "no sensor"
    assert float(found["a", "energy"]["value"]) == 2e-6 and found["a", "macs"]["value"] == "5.0"
    assert found["", "cycles"]["value"] == "7.0" and found["", "latency p99"]["value"] == "0.001"


def test_what_was_replaced_is_left_out() -> None:
    old, new, other = result(total=seconds(1, 1, 1)), result(total=seconds(2, 2, 2)), result(key="c")
    assert newest([old, other, new]) == [new, other]


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet (pyarrow) is not installed")
    given = [result(layers={"a": seconds(1, 2, None)})]
    export_file(given, tmp_path / "out.parquet", "parquet")
    read = parquet.read_table(tmp_path / "out.parquet")
    assert read.column_names == list(COLUMNS)
    assert [tuple(row.values()) for row in read.to_pylist()] == list(rows(given))
    export_file([], tmp_path / "empty.parquet", "parquet")
    assert parquet.read_table(tmp_path / "empty.parquet").num_rows == 0


def test_parquet_without_pyarrow_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r"pip install 'specc\[parquet\]', or export CSV"):
        export_file([result()], tmp_path / "out.parquet", "parquet")
    assert not list(tmp_path.iterdir())


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "absent" / "out.csv"):
        with pytest.raises(ExportError, match=str(path)):
            export_file([result()], path, "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(tmp_path / "specc.db") as store:
        for one in (result(target="x"), result(target="x"), result(key="b", target="y")):
            store.put(one)
    build = ["--build", str(tmp_path)]
    assert main(["export", "-", "--format", "json", *build]) == 0
    assert [entry["target"] for entry in json.loads(capsys.readouterr().out)["measurements"]] == ["x", "y"]
    assert main(["export", str(tmp_path / "all.json"), "--all", *build]) == 0
    assert len(json.loads((tmp_path / "all.json").read_text())["measurements"]) == 3
    assert main(["export", str(tmp_path / "y.csv"), "--target", "y", *build]) == 0
    with (tmp_path / "y.csv").open() as file:
        assert {row["target"] for row in csv.DictReader(file)} == {"y"}
    for arguments, message in (
        (["out.txt"], "say --format"),
        (["-"], "say --format"),
        (["-", "--format", "parquet"], "to a file only"),
        (["o.csv", "--target", "z"], "no result of z"),
    ):
        assert main(["export", *arguments, *build]) == 1
        assert message in capsys.readouterr().err
    assert main(["export", "o.csv", "--build", str(tmp_path / "absent")]) == 1
    assert "there is no result store" in capsys.readouterr().err


def test_a_spec_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names the spec, as for every other command, keeps it."""
    with Store(tmp_path / "specc.db") as store:
        store.put(result())
    spec = tmp_path / "kws.hwspec"
    spec.write_text("hwspec 1\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["export", str(spec), "--format", "json", "--build", str(tmp_path)])
    assert ended.value.code == 2
    assert "FILE is written" in capsys.readouterr().err
    assert spec.read_text(encoding="utf-8") == "hwspec 1\n"

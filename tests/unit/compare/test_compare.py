"""Two results side by side: intervals decide, never the middles."""

import json
from pathlib import Path

import pytest
from stored_results import result, seconds

from specc.cli import main
from specc.measure.compare import CompareError, compare, find, mismatches
from specc.measure.export import export_text
from specc.measure.store import Store


@pytest.mark.parametrize(
    ("first", "second", "judgement", "change"),
    [
        (seconds(9, 10, 11), seconds(4, 5, 6), "lower", (4 / 11 - 1, 6 / 9 - 1)),
        (seconds(4, 5, 6), seconds(9, 10, 11), "higher", (9 / 6 - 1, 11 / 4 - 1)),
        (seconds(9, 10, 11), seconds(10.9, 12, 13), "no clear difference", (10.9 / 11 - 1, 13 / 9 - 1)),
        (seconds(9, 10, 11), seconds(11, 12, 13), "no clear difference", (0.0, 13 / 9 - 1)),
        (seconds(3, 3, 3), seconds(3, 3, 3), "equal", (0.0, 0.0)),
        (seconds(3, 3, 3), seconds(3.1, 3.1, 3.1), "higher", (3.1 / 3 - 1, 3.1 / 3 - 1)),
        (seconds(5, 5, None), seconds(4, 4, None), "unknown", None),
        (seconds(4, 5, 6), seconds(7, 8, None), "higher", None),
        (seconds(7, 8, None), seconds(4, 5, 6), "lower", None),
        (seconds(5, 8, None), seconds(4, 5, 6), "unknown", None),
        (seconds(None, None, None), seconds(4, 5, 6), "unknown", None),
        (seconds(0, 0, 0), seconds(0, 1, 2), "no clear difference", None),
    ],
)
def test_the_whole_intervals_decide(first: object, second: object, judgement: str, change: object) -> None:
    (found, *_) = compare(result(total=first), result(total=second))  # type: ignore[arg-type]
    assert (found.what, found.judgement) == ("latency total", judgement)
    assert found.change == (None if change is None else pytest.approx(change))


def test_only_layers_of_both_and_no_figure_that_neither_has() -> None:
    one = seconds(1, 1, 1)
    found = compare(result(layers={"a": one, "b": one}), result(layers={"b": one, "c": one}))
    names = [difference.what for difference in found]
    assert names == ["latency total", "memory sram", "memory flash", "latency b", "latency overhead"]


def test_what_must_match_is_listed_where_it_does_not() -> None:
    assert mismatches(result(), result(key="b" * 64, taken_at="2025", spec_hash="other")) == []
    found = mismatches(result(), result(compiler_flags="-O3", library_versions={"numpy": "3"}, clock_hz=1e6))
    assert [(one.field, one.first, one.second) for one in found] == [
        ("compiler_flags", "-O2", "-O3"),
        ("clock_hz", "unknown", "1000000.0"),
        ("library_versions", "numpy 2", "numpy 3"),
    ]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "specc.db"
    with Store(path) as opened:
        for key, target, value in (("abcdef12", "x", 1), ("abcdef34", "x", 2), ("99999999", "y", 3)):
            opened.put(result(key, target, seconds(value, value, value)))
    return path


def test_results_are_found_by_key_target_and_file(store: Path, tmp_path: Path) -> None:
    assert find("abcdef1", store).key == "abcdef12"
    assert find("x", store).key == "abcdef34"  # the newest
    file = tmp_path / "saved.json"
    file.write_text(export_text([result(target="p"), result(target="q")], "json"))
    assert find(f"{file}#q", store).target == "q"
    file.write_text(export_text([result(target="p")], "json"))
    assert find(str(file), tmp_path / "no store").target == "p"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("abcdef", "2 results have keys that begin so"),
        ("abcde", "no target with a result in .*its targets: x, y"),
        ("z", "its targets: x, y"),
        ("absent.json", "No such file"),
        ("", "its targets"),
    ],
)
def test_a_result_that_is_not_there(store: Path, name: str, message: str) -> None:
    with pytest.raises(CompareError, match=message):
        find(name, store)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"measurements": 5}', '{"measurements": [{}]}', "[" * 100_000, "\ufffd", "null"],
)
def test_a_file_that_is_no_export(tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content)
    with pytest.raises(CompareError, match="no file that `specc export --format json` wrote"):
        find(str(file), tmp_path)


def test_a_file_with_several_results_needs_a_name(tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    file.write_text(export_text([result(target="p"), result(target="q")], "json"))
    for name in (str(file), f"{file}#r"):
        with pytest.raises(CompareError, match="holds p, q; name one"):
            find(name, tmp_path)


def test_the_command(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "x", "y", "--build", str(store.parent)]) == 0
    said = capsys.readouterr().out
    assert "A: x, host, measured, abcdef34" in said and "B is higher" in said and "+50.0%" in said
    assert main(["compare", "x", "z", "--build", str(store.parent)]) == 1
    assert "its targets: x, y" in capsys.readouterr().err
    assert main(["compare", "x", "y", "--build", str(store.parent / "elsewhere")]) == 1
    assert "there is no result store" in capsys.readouterr().err
    assert not (store.parent / "elsewhere").exists()


def test_a_comparison_of_different_work_says_so_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, one in (("a", result()), ("b", result(graph_hash="g" * 100))):
        (tmp_path / f"{name}.json").write_text(json.dumps(json.loads(export_text([one], "json"))))
    assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 0
    said = capsys.readouterr().out
    assert said.index("another network, or other weights: graph | ggg") < said.index("latency total")

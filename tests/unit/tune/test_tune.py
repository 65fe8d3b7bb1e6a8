"""`specc tune` against every table of a small network, and as a user meets it."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from specc.check import check
from specc.cli import main
from specc.graph.memory import weight_bytes
from specc.measure.precision import study_of
from specc.measure.store import Store
from specc.precision.contract import Judgement, judge
from specc.spec.model import QuantizationRow, QuantizationTable
from specc.tune import evaluation
from specc.tune.errors import TuneError
from specc.tune.evaluation import Evaluation
from specc.tune.objective import Objective, bits_objective, flash_objective, sram_objective
from specc.tune.result import Tuned
from specc.tune.tuner import Options, tune

SPECS = Path(__file__).resolve().parents[3] / "specs"

TINY = """hwspec 1

# A network of two layers.
model tiny {
  input x 6x6x2 { distribution uniform ±1 }
  conv  c { kernel 3x3, filters 4, activation relu }
  dense d { units 3 }
  weights seed 3
}

quantization tiny {
  | layer | bits | range      | notes        |
  | ----- | ---- | ---------- | ------------ |
  | c     | 12   | calibrated | first        |  # the first layer
  | d     | 12   | calibrated |              |
}

harness {
  iterations 200
  seed       7
  gradient variance <= 20 %
  gradient bias     <= 10 %
}
"""
STATED = """hwspec 1
model m {
  input x 16 { distribution uniform ±1 }
  dense a { units 8, activation relu }
  dense b { units 4 }
  weights seed 2
}
quantization m {
  | layer | bits | range | step  | guard |
  | ----- | ---- | ----- | ----- | ----- |
  | a     | 6    | ±4    | 0.1   |       |
  | b     | 9    | ±4    | 0.1   |       |
}
harness {
  iterations 300
  seed 1
  gradient variance <= 20 %
  gradient bias     <= 20 %
}
"""


def write(folder: Path, text: str = TINY) -> Path:
    path = folder / "tiny.hwspec"
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, *options: str) -> int:
    return main(["tune", str(path), "--build", str(path.parent / "build"), *options])


def tuned(path: Path, options: Options | None = None, objective: str = "bits") -> Tuned:
    checked = check(path)
    assert checked.spec is not None and checked.network is not None
    chosen: dict[str, Objective] = {
        "bits": bits_objective(checked.network),
        "flash": flash_objective(checked.network),
        "sram": sram_objective(checked.spec, checked.network),
    }
    with Store(path.parent / "build" / "specc.db") as store:
        return tune(
            checked.spec,
            checked.network,
            store,
            objective=chosen[objective],
            options=options or Options(),
            progress=lambda message: None,
        )


# ---- against every table ----


def test_the_proven_optimum_is_that_of_all_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    # Without its confirmation, which may tighten limits.
    monkeypatch.setattr(Evaluation, "confirm", lambda self, table, progress: [])
    found = tuned(path, Options(iterations=100))
    checked = check(path)
    assert checked.spec is not None and checked.network is not None
    study = study_of(checked.spec, checked.network, 100, memory=100_000_000)
    harness, original = checked.spec.harness, checked.spec.quantization
    assert harness is not None and original is not None
    sizes = {"c": 3 * 3 * 2 * 4, "d": 4 * 4 * 4 * 3}
    every = itertools.product(range(2, 13), repeat=2)
    best = None
    for widths in sorted(every, key=lambda widths: (sizes["c"] * widths[0] + sizes["d"] * widths[1], sum(widths))):
        rows = tuple(QuantizationRow(layer=name, bits=bits) for name, bits in zip(sizes, widths, strict=True))
        statistics = study.evaluate(original.model_copy(update={"rows": rows}))
        if all(
            own.value is not None and (abs(own.value - 1) if own.statistic == "ratio" else own.value) <= 0.9 * own.limit
            for own in judge(harness, statistics)
        ):
            best = widths
            break
    assert best is not None and found.table is not None
    assert tuple(row.bits for row in found.table.rows) == best
    assert found.cost == sum(size * bits for size, bits in zip(sizes.values(), best, strict=True))
    assert found.proven and found.contradictions == 0
    assert found.evaluated < 11 * 11 / 4


def test_containers_are_what_flash_and_sram_cost(tmp_path: Path) -> None:
    path = write(tmp_path)
    for objective, narrow in (("flash", {2, 4, 8}), ("sram", {8})):
        found = tuned(path, objective=objective)
        assert found.table is not None and found.proven
        # The widest of a container that the accumulator is proven to hold.
        assert all(row.bits in narrow or row.bits > 11 for row in found.table.rows)
        assert found.cost is not None and found.cost <= found.cost_before
    checked = check(path)
    found = tuned(path, objective="flash")
    assert checked.network is not None and weight_bytes(checked.network, found.table) == found.cost


# ---- the reference sheet ----


def test_the_contradictory_sheet_is_repaired_as_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edge_cnn.hwspec"
    shutil.copy(SPECS / "edge_cnn.hwspec", path)
    before = path.read_text(encoding="utf-8")
    assert run(path, "--write") == 3  # precision cannot be evaluated without weights and a distribution
    text = capsys.readouterr().out
    assert "the model has no weights" in text
    assert "E4101" in text and "E4102" in text  # what no width repairs
    by_hand = check(SPECS / "edge_cnn_repaired.hwspec").spec
    repaired = check(path)
    assert by_hand is not None and by_hand.quantization is not None
    assert repaired.spec is not None and repaired.spec.quantization is not None
    fields = ("layer", "bits", "range", "step", "accumulator", "guard", "notes")
    for row, expected in zip(repaired.spec.quantization.rows, by_hand.quantization.rows, strict=True):
        assert [getattr(row, name) for name in fields] == [getattr(expected, name) for name in fields]
    assert not {found.code for found in repaired.diagnostics} & {"E3101", "W3102", "W3103", "W3111"}
    changed = [
        (old, new)
        for old, new in zip(before.splitlines(), path.read_text(encoding="utf-8").splitlines(), strict=True)
        if old != new
    ]
    assert all(old.lstrip().startswith("|") for old, _ in changed)


# ---- stated steps ----


def test_a_step_follows_its_width_and_the_range_stays_covered(tmp_path: Path) -> None:
    found = tuned(write(tmp_path, STATED))
    assert found.table is not None and found.confirmed
    for name, limit in (("a", 4.0), ("b", 4.0)):
        row = found.table.row(name)
        assert row is not None and row.range is not None and row.step is not None
        assert row.range >= limit
        codes = 2 * round(row.range / row.step) + 1
        assert codes <= 2 ** (row.bits + row.guard)


def test_kept_steps_get_the_width_that_holds_their_range(tmp_path: Path) -> None:
    text = STATED.replace("20 %", "80 %")
    found = tuned(write(tmp_path, text), Options(keep_steps=True))
    assert found.table is not None and found.tables == 1
    a, b = found.table.rows
    assert (a.bits, a.guard, a.step) == (6, 1, 0.1)  # 81 codes lack one bit: a guard bit
    assert (b.bits, b.guard, b.step) == (7, 0, 0.1)  # 81 codes need 7 of the 9


# ---- what cannot be ----


def test_a_limit_out_of_reach_is_named_with_what_it_would_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, STATED.replace("gradient variance <= 20 %", "gradient variance <= 0.0001 %"))
    assert run(path, "--keep-steps") == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "No table keeps everything" in text
    assert "the variance of `a`'s gradient" in text
    assert "times as large, or finer steps" in text
    # A difference would be empty: the reasons are said beside it.
    assert run(path, "--keep-steps", "--diff") == 1
    printed = capsys.readouterr()
    assert printed.out == "" and "No table keeps everything" in printed.err


def test_a_budget_that_precision_does_not_leave_room_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # 160 weights and 12 biases take 208 bytes in 8 bits, and more in 16.
    text = STATED.replace("variance <= 20 %", "variance <= 0.05 %")
    path = write(tmp_path, text + "target b { use stm32l4r5 }\nbudget b { memory flash <= 210 B }\n")
    assert run(path) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "memory flash <= 210 B on `b` cannot be kept" in out
    assert "precision alone takes" in out


def test_nothing_to_hold_widths_against_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(write(tmp_path, TINY.replace("gradient variance <= 20 %\n  gradient bias     <= 10 %", ""))) == 1
    assert "the harness limits neither gradients nor the output" in capsys.readouterr().err
    with pytest.raises(TuneError, match="no weights"):
        tuned(write(tmp_path, TINY.replace("  weights seed 3\n", "")))


@pytest.mark.parametrize("options", [["--margin", "100"], ["--margin", "much"], ["--iterations", "3"]])
def test_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(write(tmp_path), *options)
    assert ended.value.code == 2


# ---- confirmation, interruption ----


def test_a_failed_confirmation_tightens_and_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tuned(write(tmp_path))
    real = Evaluation.confirm
    calls = []

    def failing(self: Evaluation, table: QuantizationTable, progress: Callable[[int, int], None]) -> list[Judgement]:
        found = real(self, table, progress)
        calls.append(table)
        if len(calls) == 1:
            worst = max(found, key=lambda own: abs((own.value or 0) - (own.statistic == "ratio")) / own.limit)
            index = found.index(worst)
            found[index] = type(worst)(**{**vars(worst), "outcome": "fail"})
        return found

    monkeypatch.setattr(Evaluation, "confirm", failing)
    second = tuned(write(tmp_path))
    assert second.rounds == first.rounds + 1
    assert second.cost is not None and first.cost is not None and second.cost >= first.cost


def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    whole = tuned(write(tmp_path))
    shutil.rmtree(tmp_path / "build")
    real = evaluation.loads_of
    count = 0

    def interrupting(*given: object) -> object:
        nonlocal count
        count += 1
        if count == 6:
            raise KeyboardInterrupt
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluation, "loads_of", interrupting)
    with pytest.raises(KeyboardInterrupt):
        tuned(path)
    count = 100
    again = tuned(path)
    evaluated = count - 100
    count = 100
    assert again == whole
    assert tuned(path) == whole
    assert count == 100, "everything is known"
    assert evaluated == sum(1 for _ in _known(path)) - 5


def _known(path: Path) -> list[object]:
    with Store(path.parent / "build" / "specc.db") as store:
        rows = store._connection.execute("SELECT data FROM checkpoint").fetchall()
    return list(json.loads(rows[0][0]))


# ---- writing back ----


def test_writing_keeps_comments_and_is_idempotent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    assert run(path, "--diff") == 0
    diff = capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == TINY
    assert run(path, "--write") == 0
    written = path.read_text(encoding="utf-8")
    assert written != TINY and diff.count("\n+  |") == 2
    assert "# A network of two layers." in written and "# the first layer" in written and "| first " in written
    capsys.readouterr()
    assert run(path, "--diff") == 0
    assert capsys.readouterr().out == ""
    assert run(path, "--write") == 0
    assert path.read_text(encoding="utf-8") == written


def test_json_says_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(write(tmp_path), "--json", "--front") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["proven"] and found["confirmed"] and found["bound"] == found["cost"] < found["cost_before"]
    costs = [own["cost"] for own in found["front"]]
    assert costs == sorted(costs, reverse=True) and len(costs) > 2

"""The section of tuned widths: what is stored, what is drawn, and when it is out of date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from invented_results import full_inputs

from specc.check import check
from specc.cli import main
from specc.measure.store import Store, store_path
from specc.report.blocks import Missing, Section, Text
from specc.report.figures.tuning import front_points
from specc.report.material import Material
from specc.report.sections.tuning import tuning
from specc.report.style import Image
from specc.report.tables import Table
from specc.tune.record import FORMAT_VERSION, Tuning, current_tunings
from specc.tune.result import OnFront

SPEC = """hwspec 1
model tiny {
  input x 6x6x2 { distribution uniform ±1 }
  conv  c { kernel 3x3, filters 4, activation relu }
  dense d { units 3 }
  weights seed 3
}
quantization tiny {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | c     | 12   | calibrated |
  | d     | 12   | calibrated |
}
harness {
  iterations 200
  seed       7
  gradient variance <= 20 %
  gradient bias     <= 10 %
}
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec whose widths have been searched, with a front."""
    path = tmp_path_factory.mktemp("tuned") / "tiny.hwspec"
    path.write_text(SPEC, encoding="utf-8")
    assert main(["tune", str(path), "--front", "--json", "--build", str(path.parent)]) == 0
    return path


def stored(path: Path) -> tuple[Tuning, ...]:
    checked = check(path)
    assert checked.spec is not None and checked.network is not None
    return current_tunings(checked.spec, checked.network, store_path(path.parent))


def section(path: Path) -> Section | Missing | None:
    spec = check(path).spec
    assert spec is not None
    return tuning(Material(replace(full_inputs(), spec=spec, tunings=stored(path))))


def variant(path: Path, old: str, new: str) -> Path:
    other = path.with_name("other.hwspec")
    other.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return other


def test_rows_proof_and_front_of_a_stored_search_are_shown(spec: Path) -> None:
    built = section(spec)
    assert isinstance(built, Section)
    (one,) = stored(spec)
    assert one.tuned.cost is not None and one.tuned.cost < one.tuned.cost_before
    (shown,) = [block for block in built.blocks if isinstance(block, Table)]
    cells = [[cell.text for cell in row.cells] for row in shown.rows]
    assert [row[:2] for row in cells] == [["c", "12 bits"], ["d", "12 bits"]]
    said = " ".join(block.text for block in built.blocks if isinstance(block, Text))
    assert f"{one.tuned.cost:,} bits after" in said and "Proven optimum" in said and "Confirmed on 200" in said
    (drawn,) = [block for block in built.blocks if isinstance(block, Image)]
    assert "Limits half as large cost" in drawn.caption and "twice as large save" in drawn.caption
    cheapest = min(own.cost for own in one.tuned.front)
    assert f"for {cheapest:,} bits" in drawn.alternative
    assert b"the limits" in drawn.svg and b"as written" in drawn.svg and b"tuned" in drawn.svg


def test_what_is_found_stays_when_only_the_table_changes(spec: Path) -> None:
    assert stored(variant(spec, "| 12  ", "| 9   ")) == stored(spec)
    (one,) = stored(spec)
    assert one.tuned.table is not None
    written = variant(spec, "| c     | 12  ", f"| c     | {one.tuned.table.rows[0].bits:<4}")
    written = variant(written, "| d     | 12  ", f"| d     | {one.tuned.table.rows[1].bits:<4}")
    built = section(written)
    assert isinstance(built, Section)
    assert any("The table of this spec is the tuned one" in own.text for own in built.blocks if isinstance(own, Text))


@pytest.mark.parametrize(("old", "new"), [("<= 20 %", "<= 19 %"), ("seed 3", "seed 4"), ("filters 4", "filters 5")])
def test_what_another_change_makes_out_of_date_is_not_shown(spec: Path, old: str, new: str) -> None:
    assert isinstance(section(variant(spec, old, new)), Missing)


def test_a_damaged_record_is_as_good_as_none(spec: Path) -> None:
    folder = spec.with_name("damaged")
    folder.mkdir()
    path = folder / spec.name
    path.write_bytes(spec.read_bytes())
    with Store(store_path(spec.parent)) as store, Store(store_path(folder)) as other:
        for kind, key in store._connection.execute("SELECT kind, key FROM finding").fetchall():
            other.put_finding(kind, key, FORMAT_VERSION, '{"objective": "bits"')
    assert stored(spec) and not stored(path)


def test_points_that_another_beats_are_not_on_the_front() -> None:
    def point(factor: float, cost: int, load: float) -> OnFront:
        return OnFront(factor, cost, cost, load, {})

    good = [point(0.5, 90, 0.4), point(1, 70, 0.8), point(4, 50, 3.0)]
    beaten = [point(2, 75, 1.5), point(8, 50, 3.5), point(1.5, 70, 0.8)]
    assert front_points([*good, *beaten]) == good

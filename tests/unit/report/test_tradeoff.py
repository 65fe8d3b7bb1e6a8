"""Latency against energy: every candidate with both figures is in it, by what its figures rest on."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.check import check
from specc.evidence import Evidence, Figure
from specc.predict.results import published
from specc.report.figures.tradeoff import Point, latency_energy, pareto
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.sections.tradeoff import points

ROOT = Path(__file__).resolve().parents[3]


def point(name: str, evidence: Evidence, latency: float, energy: float | None) -> Point:
    joules = Figure.unknown("J", "not given") if energy is None else Figure.exact(energy, "J", evidence, "given")
    return Point(name, evidence, Figure.exact(latency, "s", evidence, "given"), joules)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8))
def test_what_no_other_beats_is_found_by_comparing_each_with_each(places: list[tuple[int, int]]) -> None:
    for (x, y), kept in zip(places, pareto(places), strict=True):
        beaten_by = [(a, b) for a, b in places if (a < x and b <= y) or (a <= x and b < y)]
        assert kept == (not beaten_by)


def test_all_classes_of_evidence_stand_side_by_side_and_are_told_apart() -> None:
    drawn = latency_energy(
        [
            point("quick", "published", 0.001, 0.001),
            point("near", "measured", 0.01, 0.004),
            point("far", "predicted", 0.02, 0.009),
            point("dark", "simulated", 0.02, None),
        ]
    )
    assert drawn is not None
    assert drawn.caption.startswith("quick (published) is both the fastest and the most frugal of the 3")
    assert "Energy unknown, so not shown: dark (simulated)." in drawn.caption
    text = drawn.svg.decode()
    assert all(f">{name}<" in text for name in ("quick", "near", "far", "published", "measured", "predicted"))
    assert ">dark<" not in text
    assert ">simulated<" not in text


def test_the_fastest_published_result_of_each_part_takes_part() -> None:
    checked = check(ROOT / "specs" / "kws.hwspec")
    assert checked.spec is not None and checked.network is not None
    inputs = ReportInputs(checked.spec, checked.network, {}, [], published=published())
    found = points(Material(inputs))
    assert [(one.name, one.evidence) for one in found] == [("l4r5", "published")]
    with (ROOT / "specs" / "published" / "results.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if (row["target"], row["network"]) == ("stm32l4r5", "kws")]
    timed = [float(row["latency_ms"]) for row in rows if row["clock_mhz"] == "120" and not row["energy_uj"]]
    assert found[0].latency.value == pytest.approx(min(timed) / 1e3)
    assert points(Material(replace(inputs, published=()))) == []

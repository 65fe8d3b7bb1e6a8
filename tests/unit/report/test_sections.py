"""Documents are put together from sections; what cannot be written is said."""

from __future__ import annotations

from invented_results import kws_inputs

from specc.report.blocks import Bullets, Missing, Section, Text
from specc.report.kinds import compose
from specc.report.material import Material


def test_sections_keep_their_order_and_what_is_missing_comes_last_with_its_reason() -> None:
    material = Material(kws_inputs())
    sections = compose(
        material,
        [
            lambda _: Missing("Sweeps", "none was run"),
            lambda _: Section("b", "B", (Text("b"),)),
            lambda _: None,
            lambda _: Section("a", "A", ()),
        ],
    )
    assert [section.title for section in sections] == ["B", "A", "Not in this document"]
    (list_,) = sections[-1].blocks
    assert isinstance(list_, Bullets)
    assert [item.text for item in list_.items] == ["Sweeps: none was run."]


def test_nothing_missing_nothing_said() -> None:
    assert compose(Material(kws_inputs()), [lambda _: None]) == []


def test_what_several_sections_need_is_worked_out_once() -> None:
    material = Material(kws_inputs())
    assert material.guide is material.guide
    assert material.ranked[0].target == "board_a"

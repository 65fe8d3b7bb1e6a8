"""Gradients that a target computed, in the terminal and in the documents."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from invented_results import kws_inputs

from specc.measure.result import GradientResult, Measurement
from specc.report.blocks import Bullets
from specc.report.material import Material
from specc.report.sections.precision import on_device
from specc.report.tables import Table
from specc.report.terminal import measurement_table


def measured(difference: str) -> Measurement:
    plain = next(iter(kws_inputs().measurements.values()))
    memory = plain.memory.model_copy(update={"regions": {"sram: gradients": 3120}})
    gradients = GradientResult(
        layers=plain.layers[-2:-1],
        absent=("conv0",),
        total=plain.total,
        memory=memory,
        samples=4,
        difference=difference,
    )
    return plain.model_copy(update={"gradients": gradients})


@pytest.mark.parametrize(
    ("difference", "sign"), [("", "exact"), ("classes, input 0: 1 of 2 numbers differ", "DIFFERS")]
)
def test_gradients_are_shown_with_what_is_not_built(difference: str, sign: str) -> None:
    result = measured(difference)
    printed = measurement_table({"board": result}, [])
    assert "board: no gradients of conv0: not built" in printed
    (line,) = (line for line in printed.splitlines() if "all, with the loss" in line)
    assert line.endswith(sign) and difference in printed
    blocks: list[Any] = on_device(cast(Material, SimpleNamespace(shown=[result])))
    table = next(block for block in blocks if isinstance(block, Table))
    assert [row.cells[1].text for row in table.rows] == ["classes", "all, with the loss"]
    assert table.rows[1].cells[5].text == "3,120"
    notes = next(block for block in blocks if isinstance(block, Bullets))
    assert "not built: conv0" in notes.items[0].text
    assert (difference or "every bit equals the golden model, on 4 inputs") in notes.items[0].text


def test_nothing_is_shown_where_no_target_computed_any() -> None:
    plain = next(iter(kws_inputs().measurements.values()))
    assert on_device(cast(Material, SimpleNamespace(shown=[plain]))) == []
    assert "gradients of" not in measurement_table({"board": plain}, [])

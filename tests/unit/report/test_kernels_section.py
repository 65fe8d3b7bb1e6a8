"""Tuned kernels in the full report, in the data and in the terminal: every variant with its figures, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invented_results import full_inputs

from specc.evidence import Figure
from specc.measure.kernel_result import KernelTuning, KernelVariant
from specc.measure.result import Measurement
from specc.report.blocks import Section, Text
from specc.report.data import everything
from specc.report.inputs import ReportInputs
from specc.report.kernels import cycles_text
from specc.report.material import Material
from specc.report.sections.kernels import kernels
from specc.report.tables import Table
from specc.report.terminal import measurement_table


def cycles(low: float, high: float | None) -> Figure:
    return Figure(value=low, low=low, high=high, unit="cycles", evidence="simulated", basis="a test")


def variant(layer: str, kernel: str, why: str, *, chosen: bool = False, sram: int = 0) -> KernelVariant:
    place = "sram" if sram else "flash"
    figure = cycles(604_755, 931_264)
    return KernelVariant(
        layer=layer, kernel=kernel, place=place, cycles=figure, flash=1500, sram=sram, chosen=chosen, why=why
    )


TUNING = KernelTuning(
    variants=(
        variant("conv1", "dsp/conv", "the fewest cycles that fit", chosen=True),
        variant("conv1", "dsp/conv", "30 cycles fewer at most, but 12 bytes of SRAM are lacking", sram=864),
        variant("conv1", "generic/conv", "9 cycles more at most"),
        variant("pool", "generic/avgpool", "the only one", chosen=True),
    ),
    flash_limit=131_072,
    sram_limit=32_768,
    programs=4,
    untuned=cycles(900, 1200),
    expected=cycles(1000, 1100),
    proven=True,
    excess=0,
)


def inputs(tuning: KernelTuning | None = TUNING) -> ReportInputs:
    own = full_inputs()
    name = next(iter(own.measurements))
    changed: Measurement = own.measurements[name].model_copy(update={"kernel_tuning": tuning})
    return replace(own, measurements={**own.measurements, name: changed})


def texts(tuning: KernelTuning) -> str:
    built = kernels(Material(inputs(tuning)))
    assert isinstance(built, Section)
    return " ".join(block.text for block in built.blocks if isinstance(block, Text))


def test_every_variant_has_a_row_in_which_the_chosen_are_not_grey() -> None:
    built = kernels(Material(inputs()))
    assert isinstance(built, Section)
    (shown,) = [block for block in built.blocks if isinstance(block, Table)]
    rows = [[cell.text.strip() for cell in row.cells] for row in shown.rows]
    assert rows[0] == [
        "conv1", "dsp/conv", "flash", "604,755 to 931,264", "1,500", "0", "chosen: the fewest cycles that fit",
    ]  # fmt: skip
    assert rows[1][2:6:3] == ["SRAM", "864"]
    assert [row.cells[1].muted for row in shown.rows] == [False, True, True, False]


def test_what_is_proven_and_what_came_of_it() -> None:
    said = texts(TUNING)
    assert "4 variants of layers were measured in 4 programs." in said
    assert (
        "of 3 choices, none that fits into 131,072 B of flash and 32,768 B of SRAM takes fewer cycles at most" in said
    )
    assert "1,000 to 1,100 were expected" in said and "it takes 900 to 1,200" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"proven": False}, "Not proven to be the best of 3 choices"),
        (
            {"excess": 77},
            "No choice of them fits into 131,072 B of flash and 32,768 B of SRAM: the smallest is 77 B beyond",
        ),
    ],
)
def test_what_is_not_proven_or_does_not_fit_is_said(changes: dict[str, object], words: str) -> None:
    assert words in texts(TUNING.model_copy(update=changes))


def test_without_tuned_kernels_there_is_no_section() -> None:
    assert kernels(Material(inputs(None))) is None


def test_the_data_and_the_terminal_have_it_too() -> None:
    own = inputs()
    name = next(iter(own.measurements))
    found = everything(Material(own))["measurements"][name]["kernel_tuning"]["variants"][1]
    assert (found["kernel"], found["place"], found["sram"], found["chosen"]) == ("dsp/conv", "sram", 864, False)
    printed = measurement_table(own.measurements, [])
    assert "12 bytes of SRAM are lacking" in printed and "Proven, by their sums" in printed


def test_cycles_without_an_upper_end_are_a_lower_bound() -> None:
    assert cycles_text(cycles(12_000, None)) == "at least 12,000"
    assert cycles_text(cycles(12_000, 12_000)) == "12,000"
    assert cycles_text(None) == "an unknown number"

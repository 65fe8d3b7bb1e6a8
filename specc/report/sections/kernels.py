"""The kernels that were tuned: every variant of every layer with its figures, which the program has, and why."""

from __future__ import annotations

from specc.measure.kernel_result import KernelTuning
from specc.measure.result import Measurement
from specc.report.blocks import Heading, Section, Text
from specc.report.kernels import VARIANT_COLUMNS, tuning_sentences, variant_cells
from specc.report.material import Material
from specc.report.tables import Cell, Column, Row, Table, table


def kernels(material: Material) -> Section | None:
    """A table for each target whose kernels were tuned; None where the spec asks for it nowhere."""
    found = [(own, own.kernel_tuning) for own in material.shown if own.kernel_tuning is not None]
    if not found:
        return None
    return Section("kernels", "Kernels", tuple(block for one in found for block in _blocks(*one)), wide=True)


def _blocks(measurement: Measurement, tuning: KernelTuning) -> tuple[Heading | Text | Table, ...]:
    texts = (Text(sentence) for sentence in tuning_sentences(measurement, tuning))
    return (Heading(measurement.target), *texts, _table(measurement, tuning))


def _table(measurement: Measurement, tuning: KernelTuning) -> Table:
    units = {"flash": "B", "SRAM": "B"}
    columns = [
        Column(name, units.get(name, ""), number=name in ("cycles", *units), flush=name == "cycles")
        for name in VARIANT_COLUMNS
    ]
    rows = [
        Row(tuple(Cell(text, muted=not variant.chosen) for text in variant_cells(variant)))
        for variant in tuning.variants
    ]
    notes = (
        "Cycles of an inference on the virtual board, at least and at most. Flash: code and constants of the layer; "
        "SRAM: its constants, where they are copied there.",
    )
    return table(f"Variants of the layers on {measurement.target}", columns, rows, notes, kind="kernels")

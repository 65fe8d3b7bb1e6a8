"""The working set of every layer."""

from __future__ import annotations

from specc.explain.working_set import working_sets
from specc.report.blocks import Missing, Section, present
from specc.report.figures.working_set import working_set as drawn
from specc.report.material import Material
from specc.report.numbers import count
from specc.report.tables import Cell, Column, Row, Table, table


def working_set(material: Material) -> Section | Missing:
    """What each layer touches, against caches and SRAM."""
    network = material.inputs.quantized
    if network is None:
        return Missing("Working set", "the network was not quantized")
    targets = material.inputs.spec.targets
    return Section("working-set", "Working set", present(drawn(network, targets), _table(material)))


def _table(material: Material) -> Table | None:
    network = material.inputs.quantized
    if network is None:
        return None
    rows = [
        Row((Cell(one.layer), *(Cell(count(size)) for size in (one.weights, one.inputs, one.output, one.total))))
        for one in working_sets(network)
    ]
    columns = (
        Column("layer"),
        *(Column(name, "B", number=True) for name in ("weights and biases", "inputs", "output", "all of it")),
    )
    note = "Codes in the containers that their widths need. A kernel may keep its weights in another, larger layout."
    return table("Bytes that each layer touches", columns, rows, (note,), kind="working-sets")

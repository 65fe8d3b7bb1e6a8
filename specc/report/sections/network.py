"""The network, layer by layer."""

from __future__ import annotations

from specc.report.blocks import Section
from specc.report.material import Material
from specc.report.numbers import count, significant
from specc.report.tables import Cell, Column, Row, table


def network(material: Material) -> Section:
    """Shapes, work, parameters and widths of every layer."""
    graph, quantized = material.inputs.network, material.inputs.quantized
    rows = []
    for layer in graph.layers:
        numbers = quantized.numbers[layer.name] if quantized else None
        output = quantized.formats[layer.name] if quantized else None
        weighted = numbers is not None and numbers.weights is not None
        rows.append(
            Row(
                (
                    Cell(layer.name),
                    Cell(layer.kind),
                    Cell(", ".join(layer.inputs)),
                    Cell(_sides(layer.kernel) if layer.kernel != (1, 1) or layer.kind in ("conv", "dwconv") else ""),
                    Cell(_sides(layer.stride) if layer.stride != (1, 1) else ""),
                    Cell(_sides(layer.output_shape)),
                    Cell(layer.activation if layer.activation != "linear" else ""),
                    Cell(count(layer.macs)),
                    Cell(count(layer.parameters)),
                    Cell(str(numbers.weight_bits) if numbers and weighted else ""),
                    Cell(str(output.bits) if output else ""),
                    Cell(significant(output.scale, 3) if output else ""),
                )
            )
        )
    work = [Cell(count(graph.macs)), Cell(count(graph.parameters))]
    total = [Cell("network"), *([Cell("")] * 6), *work, *([Cell("")] * 3)]
    rows.append(Row(tuple(total), total=True))
    columns = (
        Column("layer"),
        Column("operator"),
        Column("reads"),
        Column("kernel", number=True),
        Column("stride", number=True),
        Column("output", number=True),
        Column("activation"),
        Column("MACs", number=True),
        Column("parameters", number=True),
        Column("weight bits", number=True),
        Column("output bits", number=True),
        Column("output scale", number=True),
    )
    title = f"{graph.name}: input {graph.input} of {_sides(graph.input_shape)}"
    return Section("network", "The network", (table(title, columns, rows, kind="network"),))


def _sides(shape: tuple[int, ...]) -> str:
    return "\u00d7".join(str(side) for side in shape)

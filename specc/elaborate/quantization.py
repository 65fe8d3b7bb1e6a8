"""The `quantization` section: a pipe table whose columns are found by their header."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.elaborate.reader import Reader, RejectedError, suggestion
from specc.source import Span
from specc.spec.model import FORMAT_BITS, QuantizationRow, QuantizationTable
from specc.syntax.literals import LiteralError, parse_number
from specc.syntax.nodes import Cell, Item, Row
from specc.syntax.tables import is_rule

COLUMNS: Final = (
    "layer",
    "bits",
    "weights",
    "activations",
    "format",
    "range",
    "step",
    "scale",
    "zero",
    "accumulator",
    "guard",
    "notes",
)
# Columns that must be there, each with those that may stand in its place.
_REQUIRED: Final = {"layer": (), "bits": ("format", "weights"), "range": ("format",)}
_INTEGER: Final = re.compile(r"u?int[0-9]+|[iu][0-9]+", re.IGNORECASE)
_CALLED: Final = {"float16": "fp16", "half": "fp16", "bfloat16": "bf16"}
_DIGITS: Final = re.compile(r"[0-9]+")
CALIBRATED: Final = "calibrated"
_WRONG: Final = object()  # a cell that was reported


def elaborate_quantization(
    item: Item, model: str | None, layers: Collection[str], input_name: str | None, sink: Sink
) -> QuantizationTable | None:
    """Read a quantization section; `layers` are the names its rows may govern."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        name = reader.name("the name of a model")
        block = reader.block(f"quantization `{name.text}`")
        reader.finish()
        if model is not None and name.text != model:
            notes, fix = suggestion(name.text, name.span, [model])
            sink.add("E1011", f"there is no model `{name.text}`", name.span, notes=notes, fix=fix)
    except RejectedError:
        return None
    for other in block.items[:1]:
        notes = ("rows begin and end with `|`", _example()) if not block.rows else ("rows begin and end with `|`",)
        sink.add("E1004", "a quantization section holds a table only", other.head, notes=notes)
    if block.items and not block.rows:
        return None
    if not block.rows:
        sink.add("E1005", "this quantization section has no table", item.head, notes=(_example(),))
        return None
    columns = _columns(block.rows[0], sink)
    if columns is None:
        return None
    body = block.rows[2:] if len(block.rows) > 1 and is_rule(block.rows[1]) else block.rows[1:]
    if not body:
        sink.add("E1005", "this table has no rows", block.rows[0].span)
        return None
    table = _Table(columns, block.rows[0], layers, input_name, sink)
    rows = [row for row in map(table.row, body) if row is not None]
    if not rows:
        return None
    return QuantizationTable.model_construct(
        model=name.text, rows=tuple(rows), spans={"": item.head, "model": name.span}
    )


def _example() -> str:
    return "for example\n| layer | bits | range      |\n| ----- | ---- | ---------- |\n| *     | 8    | calibrated |"


def _columns(header: Row, sink: Sink) -> list[str] | None:
    """Names of the columns; None if they are not usable."""
    seen: dict[str, Cell] = {}
    usable = True
    for cell in header.cells:
        if cell.text not in COLUMNS:
            notes, fix = suggestion(cell.text, cell.span, COLUMNS)
            span = cell.span if cell.text else header.span
            sink.add("E1004", f"a quantization table has no column `{cell.text}`", span, notes=notes, fix=fix)
            usable = False
        elif cell.text in seen:
            there = Label(seen[cell.text].span, "first given here")
            sink.add("E1006", f"column `{cell.text}` is given twice", cell.span, secondary=(there,))
            usable = False
        else:
            seen[cell.text] = cell
    for column, others in _REQUIRED.items():
        if usable and column not in seen and not any(other in seen for other in others):
            sink.add("E1005", f"the table has no column `{column}`", header.span, notes=(_example(),))
            usable = False
    if usable and "scale" in seen and "step" in seen:
        there = Label(seen["step"].span, "the same in other words")
        sink.add("E1013", "a table has a column `step` or a column `scale`", seen["scale"].span, secondary=(there,))
        usable = False
    return [cell.text for cell in header.cells] if usable else None


@dataclass
class _Table:
    """Reads the rows of one table."""

    columns: list[str]
    header: Row
    layers: Collection[str]
    input_name: str | None
    sink: Sink

    def __post_init__(self) -> None:
        self.seen: dict[str, Cell] = {}

    def row(self, row: Row) -> QuantizationRow | None:
        if len(row.cells) != len(self.columns):
            self.sink.add(
                "E0018",
                f"this row has {len(row.cells)} cells, its table {len(self.columns)} columns",
                row.span,
                secondary=(Label(self.header.span, "the columns"),),
            )
            return None
        cells = {"step" if name == "scale" else name: cell for name, cell in zip(self.columns, row.cells, strict=True)}
        widths = self.widths(cells, row)
        readers: dict[str, Any] = {
            "layer": self.layer(cells["layer"]),
            "accumulator": self.integer(cells.get("accumulator"), "accumulator", 8, 64, 32),
            "guard": self.integer(cells.get("guard"), "guard", 0, 16, 0),
        }
        fixed = "format" not in cells or cells["format"].text in ("", "fixed")
        grid = self.grid(cells.get("range"), cells.get("step"), row) if fixed else self.none(cells)
        if widths is None or grid is None or any(value is None for value in readers.values()):
            return None
        zero = self.zero(cells.get("zero"), widths["bits"], calibrated=grid == (None, None))
        if zero is _WRONG:
            return None
        readers |= widths
        notes = cells["notes"].text if "notes" in cells else ""
        spans = {column: cell.span for column, cell in cells.items() if cell.text} | {"": row.span}
        made = QuantizationRow.model_construct(
            range=grid[0], step=grid[1], zero=zero, notes=notes, spans=spans, **readers
        )
        if what := _not_computed(made):
            self.sink.add("N1104", f"no backend computes with {what} yet: `{made.layer}` cannot be measured", row.span)
        return made

    def widths(self, cells: dict[str, Cell], row: Row) -> dict[str, Any] | None:
        """Number format and widths of a row; None if one of them was reported."""
        cell = cells.get("format")
        form = cell.text if cell and cell.text else "fixed"
        if cell and form not in (*FORMAT_BITS, "fixed"):
            notes, fix = suggestion(form, cell.span, (*FORMAT_BITS, "fixed"))
            if _INTEGER.fullmatch(form):
                notes, fix = ("integers are `fixed`, with their width in the column `bits`",), None
            elif form.lower() in _CALLED:
                meant = _CALLED[form.lower()]
                notes, fix = (f"did you mean `{meant}`?",), Fix(f"write `{meant}`", ((cell.span, meant),))
            self.sink.add("E1016", f"`{form}` is not a number format", cell.span, notes=notes, fix=fix)
            return None
        weights = self.integer(cells.get("weights"), "weights", 1, 16, 0)
        activations = self.integer(cells.get("activations"), "activations", 1, 16, 0)
        bits_cell = cells.get("bits")
        implied = FORMAT_BITS.get(form) or (max(weights, activations) if weights and activations else None)
        if bits_cell is None and implied is None and weights is not None and activations is not None:
            self.sink.add("E1005", "the width of this row is missing", row.span, notes=(_example(),))
            return None
        bits = self.integer(bits_cell, "bits", 1, 16, implied)
        if weights is None or activations is None or bits is None:
            return None
        if cell and form in FORMAT_BITS and (weights or activations or bits != FORMAT_BITS[form]):
            self.sink.add("E1013", f"`{form}` has {FORMAT_BITS[form]} bits, and no other width", cell.span)
            return None
        same = weights in (0, bits) and activations in (0, bits)
        return {
            "format": form,
            "bits": bits,
            "weights": None if same else weights or bits,
            "activations": None if same else activations or bits,
        }

    def none(self, cells: dict[str, Cell]) -> tuple[None, None] | None:
        """No grid: a number format with an exponent has none."""
        if cells["format"].text not in FORMAT_BITS:
            return None  # reported as such
        for column in ("range", "step"):
            cell = cells.get(column)
            if cell and cell.text:
                there = Label(cells["format"].span, "has an exponent of its own")
                self.sink.add("E1013", f"a row of this format has no {column}", cell.span, secondary=(there,))
                return None
        return None, None

    def zero(self, cell: Cell | None, bits: int, *, calibrated: bool) -> Any:
        """The zero point, None if the row leaves it open, or `_WRONG`."""
        if cell is None or not cell.text:
            return None
        if calibrated:
            self.sink.add("E1013", "a zero point needs a step: this row has none", cell.span)
            return _WRONG
        half = 1 << (bits - 1)
        value = self.integer(cell, "zero", -half, half - 1, 0)
        return _WRONG if value is None else value

    def layer(self, cell: Cell) -> str | None:
        if not cell.text:
            self.sink.add("E1005", "the layer of this row is missing", _place(cell))
            return None
        if cell.text in self.seen:
            there = Label(self.seen[cell.text].span, "first row")
            self.sink.add("E1006", f"`{cell.text}` has two rows", cell.span, secondary=(there,))
            return None
        self.seen[cell.text] = cell
        if cell.text == "*" or cell.text in self.layers:
            return cell.text
        notes, fix = suggestion(cell.text, cell.span, [*self.layers, "*"])
        if cell.text == self.input_name:
            notes, fix = ("the input takes the format of the row of the layer that reads it",), None
        self.sink.add("E1011", f"the model has no layer `{cell.text}`", cell.span, notes=notes, fix=fix)
        return None

    def integer(self, cell: Cell | None, what: str, low: int, high: int, default: int | None) -> int | None:
        if cell is None or not cell.text:
            if default is None and cell is not None:
                self.sink.add("E1005", f"`{what}` of this row is missing", _place(cell))
            return default
        number = self.number(cell, what)
        if number is None:
            return None
        if number.denominator != 1 or not low <= number <= high:
            self.sink.add("E1010", f"{what} must be a whole number from {low} to {high}, not {cell.text}", cell.span)
            return None
        return int(number)

    def number(self, cell: Cell, what: str) -> Fraction | None:
        try:
            return parse_number(cell.text)
        except LiteralError as error:
            message = error.message if cell.text[:1].isdigit() else f"{what} is a number, not `{cell.text}`"
            digits = _DIGITS.findall(cell.text)
            fix = Fix(f"write `{digits[0]}`", ((cell.span, digits[0]),)) if len(digits) == 1 else None
            self.sink.add("E1007", message, cell.span, fix=fix)
            return None

    def grid(
        self, range_cell: Cell | None, step_cell: Cell | None, row: Row
    ) -> tuple[float | None, float | None] | None:
        """Range and step; both None for a calibrated row, and None for a row that was reported."""
        if range_cell is None:
            self.sink.add("E1005", "a row in fixed point needs a range, and the table has no such column", row.span)
            return None
        step_text = step_cell.text if step_cell else ""
        if range_cell.text == CALIBRATED:
            if step_cell is None or step_text in ("", CALIBRATED):
                return None, None
            label = Label(range_cell.span, "the step follows from this")
            self.sink.add("E1013", "a calibrated row has no step", step_cell.span, secondary=(label,))
            return None
        if not range_cell.text:
            notes = ("write the largest magnitude as ±3.2, or `calibrated`",)
            self.sink.add("E1005", "the range of this row is missing", _place(range_cell), notes=notes)
            return None
        largest = self.range(range_cell)
        if largest is None:
            return None
        if not step_text or step_cell is None:
            place = _place(step_cell) if step_cell else range_cell.span
            notes = ("the step is the distance between two codes, such as 0.01",)
            self.sink.add("E1005", "the step of this row is missing", place, notes=notes)
            return None
        step = self.number(step_cell, "a step")
        if step is None:
            return None
        for what, value, cell in (("the range", largest, range_cell), ("the step", step, step_cell)):
            if value <= 0:
                self.sink.add("E1010", f"{what} must be greater than zero", cell.span)
                return None
        if step > largest:
            label = Label(range_cell.span, "the largest magnitude")
            self.sink.add("E1010", "the step is larger than the range", step_cell.span, secondary=(label,))
            return None
        return float(largest), float(step)

    def range(self, cell: Cell) -> Fraction | None:
        sign = next((sign for sign in ("±", "+-") if cell.text.startswith(sign)), None)
        try:
            number = parse_number(cell.text.removeprefix(sign or "").strip())
        except LiteralError as error:
            notes, fix = suggestion(cell.text, cell.span, [CALIBRATED])
            if fix is None:
                notes = ("write the largest magnitude as ±3.2, or `calibrated`",)
            message = error.message if sign else f"a range is written ±3.2 or `calibrated`, not `{cell.text}`"
            self.sink.add("E1007", message, cell.span, notes=notes, fix=fix)
            return None
        if sign is None:
            fix = Fix("write `±`", ((cell.span, f"±{cell.text}"),), safe=number > 0)
            self.sink.add("E1007", "a range is symmetric about zero and is written with `±`", cell.span, fix=fix)
            return None
        return number


def _not_computed(row: QuantizationRow) -> str | None:
    """What a row asks for that `specc.numerics.quantize.checked_row` refuses, or None."""
    bits = row.bits + row.guard
    if row.zero:
        return f"a zero point of {row.zero}"
    if not row.uniform:
        return "widths of weights and activations of their own" if row.format == "fixed" else f"`{row.format}`"
    if bits < 2:
        return "codes of 1 bit"
    if bits > 16:
        return f"codes of {bits} bits" + (", guard bits included," if row.guard else "")
    return f"an accumulator of {row.accumulator} bits" if row.accumulator > 32 else None


def _place(cell: Cell) -> Span:
    """Where an empty cell is."""
    return cell.span if cell.text else Span(cell.span.source, cell.span.start, cell.span.start + 1)

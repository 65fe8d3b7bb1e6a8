"""Writing a tuned table into the text of its spec: only cells that change are touched, and rows that are new added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from specc.check import check_source
from specc.check.context import decimal, exact
from specc.diagnostics.fixes import apply, normalised
from specc.diagnostics.model import Fix, Sink
from specc.source import SourceFile, Span
from specc.spec.model import QuantizationRow, QuantizationTable
from specc.syntax.files import SIZE_LIMIT, Change, split_mark
from specc.syntax.formatter import FormatError, format_source
from specc.syntax.nodes import Block, Row, Word
from specc.syntax.parser import parse
from specc.syntax.tables import is_rule

_CALIBRATED: Final = "calibrated"
_DEFAULT_ACCUMULATOR: Final = QuantizationRow.model_fields["accumulator"].default


class EditError(Exception):
    """The table cannot be written into the file, which is as it was. The message says why."""


def edited(path: Path, original: QuantizationTable, table: QuantizationTable) -> Change:
    """Work out the text of a file with another table; nothing is written.

    A file that was laid out as `specc fmt` does is so afterwards; any other keeps its own layout.

    Raises:
        EditError: the table does not stand in this file as plain rows, or the file cannot be read.
    """
    try:
        before = path.read_bytes()
    except OSError as error:
        raise EditError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(before) > SIZE_LIMIT:
        raise EditError(f"{path} has grown too large to be a spec")
    mark, raw = split_mark(before)
    source = SourceFile(str(path), normalised(raw), path)
    edits = tuple(_edits(source, original, table))
    text = apply(raw, [Fix("tuned", edits)]) if edits else raw
    if edits and "\r" not in raw and _formatted(source) == source.text:
        text = _formatted(SourceFile(str(path), text, path)) or text
    _confirm(SourceFile(str(path), normalised(text), path), table)
    return Change(path, before, mark + text.encode())


def cells_of(row: QuantizationRow, columns: Mapping[str, str]) -> dict[str, str]:
    """What a row writes into each column that tuning may change. `columns` are those there are: their present texts.

    Raises:
        EditError: a column that the row needs is missing.
    """
    texts = {"bits": str(row.bits), "guard": str(row.guard) if row.guard else ""}
    if "guard" not in columns:
        texts = {"bits": str(row.bits + row.guard)}
    if row.weights is not None or row.activations is not None or "weights" in columns or "activations" in columns:
        texts |= {"weights": str(row.weights or row.bits), "activations": str(row.activations or row.bits)}
    if row.range is not None and row.step is not None:
        step = "scale" if "scale" in columns else "step"
        texts |= {"range": f"±{decimal(exact(row.range))}", step: decimal(exact(row.step))}
    if "accumulator" in columns or row.accumulator != _DEFAULT_ACCUMULATOR:
        texts["accumulator"] = str(row.accumulator)
    if missing := [name for name in texts if name not in columns and name != "bits"]:
        raise EditError(f"the table has no column `{missing[0]}`, which `{row.layer}` needs now")
    return {name: text for name, text in texts.items() if name in columns}


def _edits(source: SourceFile, original: QuantizationTable, table: QuantizationTable) -> Iterator[tuple[Span, str]]:
    rows = _rows(source, original)
    names = [cell.text for cell in rows[0].cells]
    places = {row.cells[names.index("layer")].text: row for row in rows[1:] if not is_rule(row)}
    written = {row.layer: row for row in original.rows}
    if set(places) != set(written):
        raise EditError("its rows come from a repetition, a parameter or another file; write them by hand")
    for row in table.rows:
        if row.layer not in places:
            continue
        present = dict(zip(names, places[row.layer].cells, strict=True))
        old = cells_of(written[row.layer], dict.fromkeys(names, ""))
        for name, text in cells_of(row, dict.fromkeys(names, "")).items():
            cell = present[name]
            if text == old.get(name):
                continue  # as it is, in the author's spelling
            if "$" in cell.text:
                raise EditError(f"`{name}` of `{row.layer}` is a parameter; write {text or '0'} where it is set")
            yield cell.span, text if cell.text else f"{text} "
    added = [row for row in table.rows if row.layer not in places]
    if added:
        last = rows[-1].span
        lines = "".join(f"\n{_indent(source, last)}{_line(row, names)}" for row in added)
        end = _end_of_line(source, last)
        yield Span(source, end, end), lines


def _rows(source: SourceFile, original: QuantizationTable) -> tuple[Row, ...]:
    """The rows of the table, as the file has them."""
    tree = parse(source, Sink())
    for item in tree.items if tree else ():
        head = item.values[0]
        if isinstance(head, Word) and head.text == "quantization" and isinstance(item.block, Block) and item.block.rows:
            return item.block.rows
    raise EditError(f"the table of `{original.model}` stands in a file that is imported; write it there")


def _line(row: QuantizationRow, names: list[str]) -> str:
    texts = {"layer": row.layer, "range": _CALIBRATED if row.calibrated else "", "accumulator": str(row.accumulator)}
    texts |= {"format": row.format} | cells_of(row, dict.fromkeys(names, ""))
    return "| " + " | ".join(texts.get(name, "") for name in names) + " |"


def _indent(source: SourceFile, span: Span) -> str:
    line = source.line(span.line)
    return line[: len(line) - len(line.lstrip())]


def _end_of_line(source: SourceFile, span: Span) -> int:
    end = source.text.find("\n", span.end)
    return len(source.text) if end < 0 else end


def _formatted(source: SourceFile) -> str | None:
    try:
        return format_source(source, Sink())
    except FormatError:
        return None


def _confirm(source: SourceFile, table: QuantizationTable) -> None:
    """Read the new text back: it must say what was asked for, or nothing is written."""
    spec = check_source(source).spec
    found = spec.quantization if spec else None
    if found is None or _content(found) != _content(table):
        raise EditError("the table cannot be written so that it reads the same; write it by hand")


def _content(table: QuantizationTable) -> dict[str, tuple[object, ...]]:
    return {
        row.layer: (row.bits + row.guard, row.weights, row.activations, row.range, row.step, row.accumulator)
        for row in table.rows
    }

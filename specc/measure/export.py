"""Results for other programs: whole records as JSON, or one figure a row as CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from specc.evidence import Figure
from specc.measure.result import Latency, Measurement

Format = Literal["csv", "json", "parquet"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "json", "parquet")
FORMAT_VERSION: Final = 1
COLUMNS: Final = (
    "key",
    "target",
    "taken_at",
    "layer",
    "quantity",
    "value",
    "low",
    "high",
    "unit",
    "evidence",
    "basis",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # OWASP, "CSV Injection"


class ExportError(Exception):
    """Nothing was written; the message says why."""


def newest(measurements: Iterable[Measurement]) -> list[Measurement]:
    """The last measurement of each key, in the order in which the keys first came."""
    return list({measurement.key: measurement for measurement in measurements}.values())


def rows(measurements: Iterable[Measurement]) -> Iterator[tuple[Any, ...]]:
    """One row a figure, in the order of `COLUMNS`; `layer` is empty for the whole inference."""
    for measurement in measurements:
        start = (measurement.key, measurement.target, measurement.provenance.taken_at)
        for layer, quantity, figure in _figures(measurement):
            yield (
                *start,
                layer,
                quantity,
                figure.value,
                figure.low,
                figure.high,
                figure.unit,
                figure.evidence,
                figure.basis,
            )


def export_text(measurements: Sequence[Measurement], form: Format) -> str:
    """CSV or JSON as text."""
    if form == "json":
        content = {
            "format_version": FORMAT_VERSION,
            "measurements": [measurement.model_dump(mode="json") for measurement in measurements],
        }
        return json.dumps(content, indent=2) + "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([spreadsheet_safe(cell) for cell in row] for row in rows(measurements))
    return text.getvalue()


def spreadsheet_safe(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def export_file(measurements: Sequence[Measurement], path: Path, form: Format) -> None:
    """Write a file, whole or not at all.

    Raises:
        ExportError: it cannot be written, or Parquet is asked for without pyarrow.
    """
    content = _parquet(measurements) if form == "parquet" else export_text(measurements, form).encode()
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise ExportError(f"{path}: {error.strerror}") from error


def _parquet(measurements: Sequence[Measurement]) -> bytes:
    try:
        import pyarrow  # type: ignore[import-not-found, unused-ignore]
        import pyarrow.parquet  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise ExportError("Parquet needs pyarrow: pip install 'specc[parquet]', or export CSV") from error
    columns = list(zip(*rows(measurements), strict=True)) or [()] * len(COLUMNS)
    numbers = {"value", "low", "high"}
    arrays = [
        pyarrow.array(list(column), pyarrow.float64() if name in numbers else pyarrow.string())
        for name, column in zip(COLUMNS, columns, strict=True)
    ]
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(arrays, names=list(COLUMNS)), sink)
    return bytes(sink.getvalue().to_pybytes())


def _figures(measurement: Measurement) -> Iterator[tuple[str, str, Figure]]:
    yield from _latency("", "latency", measurement.total)
    yield from _latency("", "overhead", measurement.overhead)
    if measurement.cold is not None:
        yield from _latency("", "cold latency", measurement.cold)
    yield "", "energy", measurement.energy
    yield "", "sram", measurement.memory.sram
    yield "", "flash", measurement.memory.flash
    for name, figure in measurement.counters.items():
        yield "", name, figure
    for layer in measurement.layers:
        yield from _latency(layer.name, "latency", layer.latency)
        if layer.energy is not None:
            yield layer.name, "energy", layer.energy
        for name, figure in layer.counters.items():
            yield layer.name, name, figure


def _latency(layer: str, quantity: str, latency: Latency) -> Iterator[tuple[str, str, Figure]]:
    yield layer, quantity, latency.best
    if latency.best.evidence == "measured":  # percentiles of anything else are no statistics
        for percent, value in (("p90", latency.p90), ("p95", latency.p95), ("p99", latency.p99)):
            yield layer, f"{quantity} {percent}", Figure(value=value, unit="s", evidence="measured")

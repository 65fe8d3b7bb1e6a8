"""Recordings as CSV files, whichever instrument wrote them: columns and units are read from the header.

That covers what the programs of Nordic's Power Profiler Kit II, Joulescope, Otii and EnergyRunner export, and a plain
file of time and current. A file without units is taken in seconds, amperes, volts and watts, and says so.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specc.measure.energy.trace import Trace, TraceError

if TYPE_CHECKING:
    import numpy.typing as npt

SIZE_LIMIT: Final = 1 << 30  # bytes
_HEADER_LINES: Final = 50  # a header must begin within them
_COLUMNS_LIMIT: Final = 64
_PREFIXES: Final = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "k": 1e3}
_BASE: Final = {"time": "s", "current": "A", "voltage": "V", "power": "W"}
_NAMES: Final = {
    "time": re.compile(r"\b(time|timestamp|t|seconds)\b"),
    "current": re.compile(r"\b(current|i)\b"),
    "voltage": re.compile(r"\b(voltage|v|vdd)\b"),
    "power": re.compile(r"\b(power|p)\b"),
}
_UNIT: Final = re.compile(r"[(\[]\s*([^)\]]*?)\s*[)\]]\s*$")
_DIGITAL: Final = re.compile(r"d\d|gpio?\d*|digital\d*|trigger", re.IGNORECASE)
CLIPPED: Final = "clipped"  # a column that says where the current was beyond the instrument's range
_RANGE_OF_LINES: Final = re.compile(r"d(\d)-d(\d)", re.IGNORECASE)  # `D0-D7`: one character for each line


@dataclass(frozen=True)
class _Column:
    index: int
    scale: float


@dataclass(frozen=True)
class _Layout:
    separator: str
    lines_before: int  # up to and with the header
    columns: dict[str, _Column]
    header: list[str]
    notes: tuple[str, ...]


def read_csv(path: Path, voltage: float | None = None, mark: str | None = None) -> Trace:
    """Read a recording.

    Args:
        path: the file.
        voltage: of the supply, in volts, where the file records current alone.
        mark: column of the digital line that is high during an inference; of `D0-D7`, a name such as `D0`.

    Raises:
        TraceError: no columns of time and power are found, a value is no number, or the samples make no sense.
    """
    import warnings

    import pandas as pd

    _require_readable(path)
    layout = _layout(path)
    # ISO 8859-1 reads any byte: a damaged file is refused for what is in it.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            table = pd.read_csv(
                path,
                sep=layout.separator,
                header=None,
                skiprows=layout.lines_before,
                dtype=str,
                encoding="latin-1",
                comment="#",
                index_col=False,
                names=list(range(len(layout.header))),
            )
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        raise TraceError(f"{path}: cannot be read as a table: {str(error).splitlines()[0]}") from error

    def numbers(quantity: str) -> npt.NDArray[Any] | None:
        column = layout.columns.get(quantity)
        return None if column is None else _numbers(table[column.index], quantity, layout, path) * column.scale

    time = numbers("time")
    assert time is not None
    power, notes = _power(numbers("current"), numbers("voltage"), numbers("power"), voltage, path)
    level = None if mark is None else _mark(table, layout, mark, path)
    clipped = _levels(table, layout, CLIPPED, path)
    return Trace(time - time[0] if len(time) else time, power, level, (*layout.notes, *notes), clipped)


def _require_readable(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from error
    if path.suffix.lower() == ".jls":
        raise TraceError(f"{path}: binary Joulescope files are not read; export the selection as CSV")
    if size > SIZE_LIMIT:
        raise TraceError(f"{path}: {size:,} bytes are more than the {SIZE_LIMIT:,} that are read")


def _layout(path: Path) -> _Layout:
    """Find the header: the first line that names a time and a current or power."""
    try:
        with path.open(encoding="latin-1", newline="") as file:
            lines = [file.readline(1 << 16) for _ in range(_HEADER_LINES)]
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        text = line.encode("latin-1").decode("utf-8", errors="replace").strip().lstrip("#\ufeff").strip()
        for separator in ",;\t":
            cells = next(csv.reader([text], delimiter=separator), []) if separator in text else []
            columns, notes = _columns(cells)
            if "time" in columns and columns.keys() & {"current", "power"}:
                return _Layout(separator, number, columns, cells, notes)
    raise TraceError(f"{path}: no line names columns of time and of current or power, such as `time (s),current (A)`")


def _columns(cells: list[str]) -> tuple[dict[str, _Column], tuple[str, ...]]:
    found: dict[str, _Column] = {}
    unstated = []
    for index, cell in enumerate(cells[:_COLUMNS_LIMIT]):
        unit = _UNIT.search(cell)
        name = re.sub(r"[_\-.]+", " ", _UNIT.sub("", cell)).strip().lower()
        quantity = next((known for known, pattern in _NAMES.items() if pattern.search(name)), None)
        if quantity is None or quantity in found:
            continue
        scale = _scale(unit[1], _BASE[quantity]) if unit else 1.0
        if scale is None:
            continue  # a current in dB, a time in samples: not this column
        if unit is None:
            unstated.append(f"{quantity} in {_BASE[quantity]}")
        found[quantity] = _Column(index, scale)
    return found, ((f"the file states no unit: taken as {', '.join(unstated)}",) if unstated else ())


def _scale(unit: str, base: str) -> float | None:
    if unit == "sec":
        return 1.0
    return _PREFIXES.get(unit[: -len(base)]) if unit.endswith(base) else None


def _numbers(cells: Any, quantity: str, layout: _Layout, path: Path) -> npt.NDArray[Any]:
    import numpy as np
    import pandas as pd

    text = cells.str.strip()
    if layout.separator == ";":
        text = text.str.replace(",", ".", regex=False)  # decimal commas, where they cannot be separators
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values)))
        shown = str(cells.iloc[index])[:40]
        raise TraceError(f"{path}: row {index + 1} after the header has {shown!r} as {quantity}, which is no number")
    return np.asarray(values)


def _power(
    current: npt.NDArray[Any] | None,
    voltages: npt.NDArray[Any] | None,
    power: npt.NDArray[Any] | None,
    voltage: float | None,
    path: Path,
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    if current is not None and voltages is not None:
        return current * voltages, ()
    if power is not None:
        return power, ()
    assert current is not None
    if voltage is None:
        raise TraceError(f"{path}: records current alone; the supply's voltage is needed")
    return current * voltage, (f"supply taken as {voltage:g} V throughout",)


def _mark(table: Any, layout: _Layout, name: str, path: Path) -> npt.NDArray[Any]:
    levels = _levels(table, layout, name, path)
    if levels is None:
        known = [cell.strip() for cell in layout.header if _DIGITAL.match(cell.strip())]
        offered = f"; it has {', '.join(known)}" if known else ""
        raise TraceError(f"{path}: has no column {name}{offered}")
    return levels


def _levels(table: Any, layout: _Layout, name: str, path: Path) -> npt.NDArray[Any] | None:
    """Levels, 0 or 1, of a digital line; None where there is no such column."""
    import numpy as np

    for index, cell in enumerate(layout.header):
        title = cell.strip()
        lines = _RANGE_OF_LINES.fullmatch(title)
        position = int(name[1:]) - int(lines[1]) if lines and re.fullmatch(r"[dD]\d", name) else -1
        if title.lower() == name.lower():
            levels = table[index].str.strip()
        elif lines and 0 <= position <= int(lines[2]) - int(lines[1]):
            levels = table[index].str.strip().str[position]
        else:
            continue
        if not levels.isin(["0", "1"]).all():
            row = int(np.argmin(levels.isin(["0", "1"]).to_numpy()))
            raise TraceError(f"{path}: row {row + 1} after the header has {str(levels.iloc[row])[:20]!r} in {title}")
        return np.asarray(levels == "1")
    return None

"""Vela's CSV files, read by the names of their columns, as figures of the network's own layers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from specc.measure.backend import BackendError

Bound = Literal["MACs", "SRAM", "DRAM", "flash"]
# What limits a layer, to the columns with the cycles that each needs alone.
_CYCLES: Final[dict[Bound, tuple[str, ...]]] = {
    "MACs": ("NPU",),
    "SRAM": ("SRAM AC",),
    "DRAM": ("DRAM AC",),
    "flash": ("OnFlash AC", "OffFlash AC"),
}
BOUNDS: Final = tuple(_CYCLES)
_KIBIBYTE: Final = 1024


@dataclass
class LayerEstimate:
    """Vela's estimate for one layer: the sum over the operators that Vela made of it."""

    operators: int = 0  # none where Vela made one operator of this layer and of the one that reads it
    cycles: float = 0.0
    needs: dict[Bound, float] = field(default_factory=lambda: dict.fromkeys(_CYCLES, 0.0))  # cycles of each alone
    bound_by: dict[Bound, float] = field(default_factory=lambda: dict.fromkeys(_CYCLES, 0.0))  # of operators it limits
    cpu: list[str] = field(default_factory=list)  # operators left to the CPU; Vela estimates nothing for them

    @property
    def bound(self) -> Bound | None:
        """What the layer waits for most; None where it takes no cycles."""
        worst = max(self.needs, key=lambda name: self.needs[name])
        return worst if self.needs[worst] > 0 else None


@dataclass(frozen=True)
class Estimate:
    """Vela's estimate for a network."""

    layers: dict[str, LayerEstimate]
    other: LayerEstimate  # operators that belong to no layer
    sram_bytes: int
    dram_bytes: int
    flash_bytes: int
    clock_hz: float  # of Vela's system configuration
    macs: int  # as Vela counts them


def read_estimate(per_layer: str, summary: str, layers: Sequence[str]) -> Estimate:
    """Read both files.

    Vela splits a layer into operators, lists them in order, and gives the last one the name of the layer's output:
    rows of other names belong to the layer that follows.

    Args:
        per_layer: content of `*_per-layer.csv`.
        summary: content of `*_summary_*.csv`.
        layers: names of the network's layers, which are those of their outputs.

    Raises:
        BackendError: a column is missing or a number cannot be read.
    """
    found = {name: LayerEstimate() for name in layers}
    pending = LayerEstimate()
    for row in _rows(per_layer, ("Target", "Op Cycles", "Name", "Original Operator", *_columns())):
        _add(pending, row)
        if row["Name"] in found:
            _merge(found[row["Name"]], pending)
            pending = LayerEstimate()
    rows = _rows(
        summary,
        (
            "core_clock",
            "sram_memory_used",
            "dram_memory_used",
            "on_chip_flash_memory_used",
            "off_chip_flash_memory_used",
            "nn_macs",
        ),
    )
    if not rows:
        raise BackendError("Vela's summary is empty")
    last = rows[-1]
    flash = _number(last, "on_chip_flash_memory_used") + _number(last, "off_chip_flash_memory_used")
    return Estimate(
        layers=found,
        other=pending,
        sram_bytes=round(_number(last, "sram_memory_used") * _KIBIBYTE),
        dram_bytes=round(_number(last, "dram_memory_used") * _KIBIBYTE),
        flash_bytes=round(flash * _KIBIBYTE),
        clock_hz=_number(last, "core_clock"),
        macs=round(_number(last, "nn_macs")),
    )


def _columns() -> tuple[str, ...]:
    return tuple(column for columns in _CYCLES.values() for column in columns)


def _rows(text: str, needed: Sequence[str]) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text), restkey="beyond", restval="")
    try:
        rows = list(reader)
    except csv.Error as error:
        raise BackendError(f"Vela's table cannot be read: {error}") from error
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise BackendError(f"Vela's table has no column {', '.join(missing)}: this version of Vela is not known")
    return rows


def _add(estimate: LayerEstimate, row: dict[str, str]) -> None:
    estimate.operators += 1
    if row["Target"] != "NPU":
        estimate.cpu.append(row["Original Operator"])
        return
    cycles = _number(row, "Op Cycles")
    needs = {bound: sum(_number(row, column) for column in columns) for bound, columns in _CYCLES.items()}
    estimate.cycles += cycles
    for bound, need in needs.items():
        estimate.needs[bound] += need
    # Vela's parts of an operator overlap: it takes as long as the longest (`PassCycles` of Vela's npu_performance.py).
    longest = max(needs, key=lambda bound: needs[bound])
    estimate.bound_by[longest] += min(cycles, needs[longest])


def _merge(into: LayerEstimate, part: LayerEstimate) -> None:
    into.operators += part.operators
    into.cycles += part.cycles
    into.cpu += part.cpu
    for bound in _CYCLES:
        into.needs[bound] += part.needs[bound]
        into.bound_by[bound] += part.bound_by[bound]


def _number(row: dict[str, str], column: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise BackendError(f"Vela's table has {row[column][:40]!r} in column {column}")
    return value

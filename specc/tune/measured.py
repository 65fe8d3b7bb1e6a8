"""Objectives that are measured: the cycles or the energy of an inference on one target, table by table.

Wider codes are not always slower, so that nothing is assumed about the cost: every table of containers is measured,
which is affordable for few rows only. Measurements are kept in the store, and taken once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.measure.runner import measure
from specc.measure.store import Store
from specc.numerics.quantize import QuantizationError, quantize
from specc.spec import Spec
from specc.spec.model import QuantizationTable
from specc.tune.errors import TuneError
from specc.tune.objective import UNREACHABLE, Objective

Kind = Literal["cycles", "energy"]


def measured_objective(
    spec: Spec,
    network: Network,
    store: Store,
    *,
    kind: Kind,
    target: str,
    build: Path,
    progress: Callable[[str], None],
) -> Objective:
    """What an inference costs on a target of the spec: cycles at its clock, or nanojoules.

    A table that no kernel computes costs more than any that one does.
    """
    by_content: dict[str, QuantizationTable] = {}

    @cache
    def cost(content: str) -> int:
        table = by_content[content]
        own = spec.model_copy(update={"quantization": table})
        try:
            quantized = quantize(own, network)
        except QuantizationError:
            return UNREACHABLE
        report = measure(own, quantized, store, build, progress, targets=[target])
        if target not in report.measurements:
            raise TuneError(f"`{target}` cannot be measured: {report.missing[target]}")
        return _cost(report.measurements[target], kind, target)

    def measured(table: QuantizationTable) -> int:
        content = table.model_dump_json()
        by_content[content] = table
        return cost(content)

    unit = "cycles" if kind == "cycles" else "nJ"
    what = "cycles of an inference" if kind == "cycles" else "energy of an inference"
    return Objective(kind, unit, f"{what} on `{target}`", measured, False, True, enumerated=True)


def _cost(found: Measurement, kind: Kind, target: str) -> int:
    clock = found.provenance.clock_hz
    if kind == "cycles":
        if clock is None or found.total.best.value is None:
            raise TuneError(f"the cycles of `{target}` are not known: its clock is not")
        return round(found.total.best.value * clock)
    if found.energy.value is None:
        raise TuneError(f"the energy of an inference on `{target}` is not known: {found.energy.basis}")
    return round(found.energy.value * 1e9)

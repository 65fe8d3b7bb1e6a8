"""What tuning found, as it is stored for the documents: found again as long as nothing but the table itself changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from specc import __version__
from specc.graph.network import Network
from specc.measure.precision import study_key
from specc.measure.provenance import now
from specc.measure.store import Store
from specc.precision.data import DataError
from specc.spec import Spec
from specc.spec.model import QuantizationTable
from specc.tune.objective import OBJECTIVES, Objective
from specc.tune.reasons import reasons
from specc.tune.result import Tuned

KIND: Final = "tuning"
FORMAT_VERSION: Final = 1


class Tuning(BaseModel):
    """One search: what was asked for, the table before, what was found and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: str
    unit: str
    meaning: str
    margin: float  # distance kept from limits, as a fraction
    original: QuantizationTable
    tuned: Tuned
    why: dict[str, str]  # by row
    tool_version: str
    taken_at: str  # ISO 8601, UTC


def remember(
    spec: Spec, network: Network, store: Store, *, objective: Objective, margin: float, found: Tuned
) -> Tuning | None:
    """Store what was found; None if no table was.

    Raises:
        DataError: a data set cannot be read.
        StoreError: the file cannot be written.
    """
    if found.table is None or spec.quantization is None:
        return None
    record = Tuning(
        objective=objective.name,
        unit=objective.unit,
        meaning=objective.meaning,
        margin=margin,
        original=spec.quantization,
        tuned=found,
        why=reasons(found, spec.quantization),
        tool_version=__version__,
        taken_at=now(),
    )
    store.put_finding(KIND, f"{_key(spec, network)} {objective.name}", FORMAT_VERSION, record.model_dump_json())
    return record


def current_tunings(spec: Spec, network: Network, path: Path) -> tuple[Tuning, ...]:
    """The newest search for each objective in the store at `path`, for the spec as it is, whatever its table. None
    where a data set cannot be read: nothing says then whether it is the same.

    Raises:
        StoreError: the store cannot be used.
    """
    try:
        key = _key(spec, network)
    except DataError:
        return ()
    with Store(path) as store:
        return tuple(_stored(key, store))


def _stored(key: str, store: Store) -> Iterator[Tuning]:
    for name in OBJECTIVES:
        record = store.get_finding(KIND, f"{key} {name}", FORMAT_VERSION)
        if record is None:
            continue
        try:
            yield Tuning.model_validate_json(record)
        except ValueError:
            continue  # damaged: it is searched again


def _key(spec: Spec, network: Network) -> str:
    """What identifies the searches of a spec, whatever its table."""
    return study_key(spec, network, **spec.model_dump(mode="json", include={"budgets", "targets"}))

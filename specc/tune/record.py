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
from specc.measure.store import Store, StoreError
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
    store.put_finding(KIND, _key(spec, network, objective.name), FORMAT_VERSION, record.model_dump_json())
    return record


def current_tunings(spec: Spec, network: Network, path: Path) -> tuple[Tuning, ...]:
    """The newest search for each objective in the store at `path`, for the spec as it is, whatever its table.

    Raises:
        DataError: a data set cannot be read.
        StoreError: the store cannot be used.
    """
    with Store(path) as store:
        return tuple(_stored(spec, network, store))


def _stored(spec: Spec, network: Network, store: Store) -> Iterator[Tuning]:
    for name in OBJECTIVES:
        record = store.get_finding(KIND, _key(spec, network, name), FORMAT_VERSION)
        if record is None:
            continue
        try:
            yield Tuning.model_validate_json(record)
        except ValueError as error:
            raise StoreError(f"{store.path}: a stored tuning result is damaged: {error}") from error


def _key(spec: Spec, network: Network, objective: str) -> str:
    plain = spec.model_dump(mode="json", include={"budgets", "targets"})
    return study_key(spec, network, objective=objective, **plain)

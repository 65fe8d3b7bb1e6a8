"""What a target can do at best: rates of small loops that only multiply, read or write, run on the target itself.

`firmware/peaks/peaks.c` has the loops. A backend that can run them implements `PeakBackend`; the rates are kept in the
store by a key of their own, for they do not depend on the network.
"""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from specc.evidence import Evidence, Figure
from specc.measure.backend import BackendError, Job
from specc.measure.store import Store

KIND: Final = "peaks"  # of the record in the store
FORMAT_VERSION: Final = 1
MAC: Final = "mac"  # multiply-accumulates a second; the other rates are bytes a second


class Peaks(BaseModel):
    """Rates by name: `mac`, and reads and writes of memories from the nearest to the farthest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    key: str
    hardware: str
    clock_hz: float | None
    compiler_flags: str
    evidence: Evidence
    rates: dict[str, Figure]  # per second

    @property
    def mac(self) -> Figure:
        """Multiply-accumulates a second."""
        return self.rates[MAC]


@runtime_checkable
class PeakBackend(Protocol):
    """What a backend offers beside `Backend` if it can run the loops on its targets."""

    def peaks_key(self, job: Job) -> str:
        """Content address of the rates. Network and spec take no part."""
        ...

    def peaks(self, job: Job, key: str) -> Peaks:
        """Build and run the loops.

        Raises:
            BackendError: the build, the run or the target failed.
        """
        ...


def measured_peaks(backend: object, job: Job, store: Store, *, fresh: bool = False) -> Peaks:
    """The rates of a target: those in the store, or measured now and stored.

    Raises:
        BackendError: they could not be measured, or the backend cannot measure them.
        StoreError: the store cannot be used.
    """
    if not isinstance(backend, PeakBackend):
        raise BackendError(f"no peaks can be measured on {job.target.name}: its backend runs networks alone")
    if not fresh and (stored := stored_peaks(backend, job, store)) is not None:
        return stored
    key = backend.peaks_key(job)
    job.progress(f"{job.target.name}: measuring peaks")
    found = backend.peaks(job, key)
    store.put_finding(KIND, key, FORMAT_VERSION, found.model_dump_json())
    return found


def stored_peaks(backend: object, job: Job, store: Store) -> Peaks | None:
    """The rates of a target that the store has, if it has them.

    Raises:
        StoreError: the store cannot be used.
    """
    if not isinstance(backend, PeakBackend):
        return None
    record = store.get_finding(KIND, backend.peaks_key(job), FORMAT_VERSION)
    return None if record is None else Peaks.model_validate_json(record)


def rates_of(line: str) -> list[tuple[str, int, int]]:
    """Name, work and ticks of each loop, from the program's answer.

    Raises:
        BackendError: it is none.
    """
    kind, *words = line.split() or [""]
    if kind != "peaks" or not words or len(words) % 3 or not all(w.isdecimal() for w in words[1::3] + words[2::3]):
        raise BackendError(f"the program answered {line[:200]!r} instead of its peaks")
    found = [(words[at], int(words[at + 1]), int(words[at + 2])) for at in range(0, len(words), 3)]
    if any(ticks == 0 for _, _, ticks in found):
        raise BackendError("a loop took no time by the clock of the target")
    return found

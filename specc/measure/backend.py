"""The protocol every backend implements, and how backends are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from specc.measure.result import Measurement
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Target

Progress = Callable[[str], None]


class BackendError(Exception):
    """A target could not be measured. `log` is the full output of whatever failed, for a file beside the message."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True)
class Job:
    """One target to measure."""

    spec: Spec
    target: Target
    network: QuantizedNetwork
    build_folder: Path
    progress: Progress


class Backend(Protocol):
    """Builds a network for a target and measures it."""

    name: str
    version: str  # changes whenever the same job could give another result

    def supports(self, target: Target) -> bool:
        """Whether this backend can measure the target at all."""
        ...

    def key(self, job: Job) -> str:
        """Content address of the job's result: a hash of everything that can change it."""
        ...

    def measure(self, job: Job, key: str) -> Measurement:
        """Build and measure.

        Raises:
            BackendError: the build, the run or the target failed.
        """
        ...


def discover() -> list[Backend]:
    """Every installed backend, from the entry-point group `specc.backends`, by name."""
    found = [entry.load()() for entry in entry_points(group="specc.backends")]
    return sorted(found, key=lambda backend: backend.name)

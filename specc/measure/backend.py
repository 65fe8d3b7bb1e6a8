"""The protocol every backend implements, and how backends are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from specc.measure.kernel_result import ProgramTrial
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


class FlashExceededError(BackendError):
    """A program that needs more flash than there is, by `excess` bytes."""

    def __init__(self, message: str, excess: int, log: str = "") -> None:
        super().__init__(message, log)
        self.excess = excess


@dataclass(frozen=True)
class BuildOptions:
    """How a program is built: what the `kernels` section of a spec asks for, and what experiments vary."""

    kernels: str | None = None  # family of the kernels; None: the fastest that the core runs
    weights: Literal["flash", "sram"] = "flash"  # where the constants of layers lie while the program runs
    fixed: tuple[tuple[str, str], ...] = ()  # family and name of the kernel of some layers, by layer
    in_sram: tuple[str, ...] = ()  # layers whose constants alone lie in SRAM

    def require_weights_in_flash(self, what: str) -> None:
        """For a backend that cannot place weights.

        Raises:
            BackendError: they are asked for elsewhere.
        """
        if self.weights != "flash" or self.in_sram:
            raise BackendError(f"{what} is not built with weights in SRAM")

    def require_default(self, what: str) -> None:
        """For a backend that builds in one way only.

        Raises:
            BackendError: another way is asked for.
        """
        self.require_weights_in_flash(what)
        if self != BuildOptions():
            asked = f"{self.kernels} kernels" if self.kernels else "kernels chosen by layer"
            raise BackendError(f"{what} is not built with {asked}")


@dataclass(frozen=True)
class Job:
    """One target to measure."""

    spec: Spec
    target: Target
    network: QuantizedNetwork
    build_folder: Path
    progress: Progress
    port: str | None = None  # the serial port a real board is on; None: none was given
    options: BuildOptions = BuildOptions()


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


@runtime_checkable
class BoardBackend(Protocol):
    """What a backend offers beside `Backend` if its targets are boards behind a port, named by `Job.port`.

    It is asked only for targets that were given a port, and alone then.
    """

    needs_port: bool  # always true

    def flash(self, job: Job, probe: str | None) -> str:
        """Build, and write the program to the board; returns what was done, in one line.

        Args:
            job: its port takes no part.
            probe: serial number of the debug probe, where several are connected.

        Raises:
            BackendError: the build failed, or the programmer is missing or failed.
        """
        ...


@runtime_checkable
class KernelTrials(Protocol):
    """What a backend offers beside `Backend` if kernels can be chosen by what they take on its targets."""

    def key(self, job: Job) -> str:
        """As that of `Backend`."""
        ...

    def try_kernels(self, job: Job, key: str) -> ProgramTrial:
        """Build a program and run it, and say what each layer takes. The target's memory does not limit it.

        Raises:
            BackendError: the build or the run failed, or an output is not the integer model's.
        """
        ...


def backend_for(target: Target, available: Sequence[Backend], port: str | None) -> Backend | None:
    """The first backend that can measure a target: with a port as the board behind it, without one otherwise."""
    wanted = port is not None
    fitting = (backend for backend in available if isinstance(backend, BoardBackend) == wanted)
    return next((backend for backend in fitting if backend.supports(target)), None)


def discover() -> list[Backend]:
    """Every installed backend, from the entry-point group `specc.backends`, by name."""
    found = [entry.load()() for entry in entry_points(group="specc.backends")]
    return sorted(found, key=lambda backend: backend.name)

"""What a backend offers whose boards can serve as instruments: recorders of current, and bridges to sensors."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from specc.measure.backend import Backend, BackendError, Progress, discover
from specc.measure.energy.ina import I2cBridge
from specc.measure.energy.recording import Recording
from specc.spec.hardware import Hardware


class Recorder(Protocol):
    """A recorder that is recording."""

    @property
    def samples(self) -> int:
        """Samples that have arrived."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether it has not failed so far."""
        ...

    def stop(self) -> Recording:
        """End the recording.

        Raises:
            BackendError: the recorder failed on the way, or nothing was recorded.
        """
        ...


@runtime_checkable
class BenchBackend(Protocol):
    """What a backend offers beside `Backend` if its boards can be instruments."""

    def record(self, port: str) -> AbstractContextManager[Recorder]:
        """Record from the recorder at a serial port, from the beginning of the context.

        Raises:
            BackendError: the port cannot be used, or there is no recorder behind it.
        """
        ...

    def bridge(self, port: str) -> AbstractContextManager[I2cBridge]:
        """The I2C pins of the board at a serial port.

        Raises:
            BackendError: the port cannot be used, or the board does not answer.
        """
        ...

    def flash_recorder(self, hardware: Hardware, probe: str | None, build_folder: Path, progress: Progress) -> str:
        """Build a recorder's program and write it to a board; returns what was done, in one line.

        Args:
            hardware: the board's.
            probe: serial number of the debug probe, where several are connected.
            build_folder: where it is built.
            progress: told in one line what is being done.

        Raises:
            BackendError: the hardware cannot be a recorder, the build failed, or the programmer is missing or failed.
        """
        ...


def bench() -> BenchBackend:
    """The installed backend whose boards can be instruments.

    Raises:
        BackendError: there is none.
    """
    found: list[Backend] = discover()
    for backend in found:
        if isinstance(backend, BenchBackend):
            return backend
    raise BackendError("no installed backend has boards that can be instruments")

"""The host's end of a recorder: the frames of firmware/recorder/recorder.c, put in order, none made up."""

from __future__ import annotations

import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from specc.measure.backend import BackendError
from specc.measure.energy.recording import Recording
from specc_backends.serial_board.frames import Frame
from specc_backends.serial_board.line import SerialLine

FACTS, SAMPLES = 0x40, 0x41
VERSION: Final = 1
GREETING_SECONDS: Final = 4.0  # facts come about once in a second; several may be lost
SILENCE_SECONDS: Final = 3.0  # a hundred frames and more
_FACTS: Final = struct.Struct("<BBHI")
_HEAD: Final = struct.Struct("<IH")
_MARK: Final = 0x8000
# Frames among which one that came twice is looked for: more than an operating system hands over at once. Farther back,
# the same numbers and currents are those of a recorder that started over while nothing changed.
_RECENT: Final = 32


@dataclass(frozen=True)
class _Facts:
    """What a recorder says of its samples."""

    version: int
    summed: int  # conversions in a sample
    top: int  # the largest conversion
    rate: int  # samples a second


class RunningRecorder:
    """A thread that takes frames from a recorder until it is stopped, or the recorder fails."""

    def __init__(self, line: SerialLine) -> None:
        """Find the recorder, and begin.

        Raises:
            BackendError: there is none at the port, or it speaks another version of the protocol.
        """
        self._line = line
        self._frames: dict[int, bytes] = {}  # content by the number of its first sample, in order
        self._recent: deque[int] = deque(maxlen=_RECENT)  # their keys, of the last ones
        self._next = 0  # number behind the last sample
        self._count = 0
        self._first_at = self._last_at = 0.0
        self._error: BackendError | None = None
        self._stop = threading.Event()
        self._facts = self._find()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def samples(self) -> int:
        """Samples that have arrived."""
        return self._count

    @property
    def is_running(self) -> bool:
        """Whether it has not failed so far."""
        return self._thread.is_alive()

    def stop(self) -> Recording:
        """End the recording; a recorder that failed on the way has no recording.

        Raises:
            BackendError: it failed, or sent nothing.
        """
        self.close()
        if self._error is not None:
            raise self._error
        if not self._frames:
            raise BackendError(f"the recorder at {self._line.port} sent no samples", self._line.log())
        return self._recording()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _find(self) -> _Facts:
        deadline = time.monotonic() + GREETING_SECONDS
        self._line.forget()
        while time.monotonic() < deadline:
            for frame in self._line.listen():
                if frame.kind == FACTS:
                    return self._read_facts(frame)
        raise BackendError(
            f"there is no recorder at {self._line.port}: nothing said so within {GREETING_SECONDS:g} s; is it flashed "
            "with `specc energy flash-recorder`, and powered?",
            self._line.log(),
        )

    def _read_facts(self, frame: Frame) -> _Facts:
        if frame.payload[:1] != bytes((VERSION,)) or len(frame.payload) != _FACTS.size:
            raise BackendError(
                f"the recorder at {self._line.port} speaks version {frame.payload[:1].hex()} of the protocol, not "
                f"{VERSION:02x}: flash it again with this specc",
                self._line.log(),
            )
        return _Facts(*_FACTS.unpack(frame.payload))

    def _run(self) -> None:
        try:
            heard = time.monotonic()
            while not self._stop.is_set():
                for frame in self._line.listen():
                    if frame.kind == SAMPLES:
                        self._take(frame)
                        heard = time.monotonic()
                if time.monotonic() - heard > SILENCE_SECONDS:
                    raise BackendError(
                        f"the recorder at {self._line.port} fell silent after {self.samples:,} samples",
                        self._line.log(),
                    )
        except BackendError as error:
            self._error = error

    def _take(self, frame: Frame) -> None:
        if len(frame.payload) < _HEAD.size + 2 or len(frame.payload) % 2:
            raise BackendError(f"the recorder at {self._line.port} sent a frame without samples", self._line.log())
        first, _clipped = _HEAD.unpack_from(frame.payload)
        if first in self._recent and self._frames[first] == frame.payload:
            return  # it came twice
        if self._frames and first < self._next:
            raise BackendError(
                f"the recorder at {self._line.port} started over after {self.samples:,} samples: is its supply steady?",
                self._line.log(),
            )
        self._last_at = time.monotonic()
        if not self._frames:
            self._first_at = self._last_at
        self._frames[first] = frame.payload
        self._recent.append(first)
        count = (len(frame.payload) - _HEAD.size) // 2
        self._next = first + count
        self._count += count

    def _recording(self) -> Recording:
        import numpy as np

        index, words, clipped = [], [], []
        for first, content in self._frames.items():
            own = np.frombuffer(content, "<u2", offset=_HEAD.size)
            index.append(first + np.arange(len(own), dtype=np.int64))
            words.append(own)
            clipped.append(np.full(len(own), _HEAD.unpack_from(content)[1] > 0))
        word = np.concatenate(words)
        return Recording(
            rate=float(self._facts.rate),
            index=np.concatenate(index),
            level=(word & ~np.uint16(_MARK)) / (self._facts.summed * self._facts.top),
            mark=(word & _MARK) != 0,
            clipped=np.concatenate(clipped),
            seconds=self._last_at - self._first_at,
        )


@contextmanager
def recording(port: str) -> Iterator[RunningRecorder]:
    """Record from a port, from the beginning of the context until `stop`, or its end.

    Raises:
        BackendError: the port cannot be used, or there is no recorder behind it.
    """
    with SerialLine(port) as line:
        recorder = RunningRecorder(line)
        try:
            yield recorder
        finally:
            recorder.close()

"""A recorder of known current, behind a pseudo terminal. It speaks as firmware/recorder/recorder.c says."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import struct
import threading
import tty
from collections.abc import Callable
from dataclasses import dataclass

from specc_backends.serial_board.frames import Frame

RATE, SUMMED, TOP, IN_FRAME = 2500, 8, 4095, 61
PERIOD, BUSY = 250, 100  # samples from one inference to the next, and of an inference
IDLE_SUM, BUSY_SUM = 1638, 16380  # a twentieth of the range, and half of it


def sample(number: int) -> tuple[int, bool]:
    """Sum of the conversions and mark of a sample: 40 ms of inference in every 100 ms, at its end."""
    busy = number % PERIOD >= PERIOD - BUSY
    return (BUSY_SUM if busy else IDLE_SUM), busy


@dataclass
class Behaviour:
    """What is unusual about a recorder."""

    version: int = 1
    silent_from: int | None = None  # frames until it says nothing more
    over_every: int | None = None  # frames after which it starts over, again and again
    lost: Callable[[int], bool] = lambda frame: False  # frames it never sends
    clipped: Callable[[int], bool] = lambda frame: False
    noise: bytes = b""  # before every frame
    kind: int = 0x41  # of frames with samples


class Peer:
    """A recorder that speaks once its port was opened, a frame a millisecond: 24 times as fast as a real one."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self._behaviour = behaviour or Behaviour()
        self._end, client_end = pty.openpty()
        tty.setraw(client_end)
        self.port = os.ttyname(client_end)
        os.close(client_end)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._speak)
        self._thread.start()

    def _speak(self) -> None:
        said, number, frame = self._behaviour, 0, 0
        facts = struct.pack("<BBHI", said.version, SUMMED, TOP, RATE)
        self._wait_for_a_listener()
        while not self._stop.wait(0.001):
            if said.silent_from is not None and frame >= said.silent_from:
                continue
            if said.over_every and frame % said.over_every == 0:
                number = 0
            if frame % 41 == 0:
                self._write(Frame(0, 0x40, facts).encode())
            if not said.lost(frame):
                self._write(said.noise + Frame(frame % 256, said.kind, self._samples(number, frame)).encode())
            number += IN_FRAME
            frame += 1

    def _wait_for_a_listener(self) -> None:
        """Until somebody has opened the port, and dropped what was there before."""
        poll = select.poll()
        poll.register(self._end, select.POLLHUP)
        while poll.poll(0) and not self._stop.wait(0.01):
            pass
        self._stop.wait(0.2)

    def _samples(self, first: int, frame: int) -> bytes:
        words = [total | busy << 15 for total, busy in map(sample, range(first, first + IN_FRAME))]
        return struct.pack(f"<IH{IN_FRAME}H", first, 3 if self._behaviour.clipped(frame) else 0, *words)

    def _write(self, data: bytes) -> None:
        """Write all of it; what nobody has taken when the recorder is closed is lost."""
        while data and not self._stop.is_set():
            if select.select([], [self._end], [], 0.05)[1]:
                with contextlib.suppress(OSError):
                    data = data[os.write(self._end, data) :]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._end)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

"""A line between a client and a board that damages what passes: what a bad cable, a bad supply or a bad driver does."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import select
import threading
import tty
from collections.abc import Callable

Damage = Callable[[random.Random, bytes], bytes]


def noise(rate: float) -> Damage:
    """Bytes that nobody sent, between the others."""

    def damage(generator: random.Random, data: bytes) -> bytes:
        return b"".join(
            bytes((byte,)) + (generator.randbytes(3) if generator.random() < rate else b"") for byte in data
        )

    return damage


def dropped(rate: float) -> Damage:
    return lambda generator, data: bytes(byte for byte in data if generator.random() >= rate)


def doubled(rate: float) -> Damage:
    return lambda generator, data: b"".join(bytes((byte,)) * (2 if generator.random() < rate else 1) for byte in data)


def flipped(rate: float) -> Damage:
    return lambda generator, data: bytes(
        byte ^ (1 << generator.randrange(8)) if generator.random() < rate else byte for byte in data
    )


def truncated(rate: float) -> Damage:
    """The end of what passes at once is lost."""
    return lambda generator, data: data[: generator.randrange(len(data))] if generator.random() < rate else data


def repeated(rate: float) -> Damage:
    """What passes at once, passes twice."""
    return lambda generator, data: data * 2 if generator.random() < rate else data


class FaultyLine:
    """Forwards bytes in both directions between `port`, which a client opens, and a board's port."""

    def __init__(self, board_port: str, damage: Damage, seed: int = 1, on_bytes: Callable[[int], bool] | None = None):
        """Start forwarding.

        Args:
            board_port: the board's own.
            damage: done to what passes, in both directions.
            seed: of the damage.
            on_bytes: told how many bytes have gone to the board; what passes then is lost if it returns true.
        """
        self._random = random.Random(seed)
        self._damage = damage
        self._on_bytes = on_bytes
        self._to_board = 0
        self._end, self._client_end = pty.openpty()
        tty.setraw(self._client_end)
        self.port = os.ttyname(self._client_end)
        self._board = os.open(board_port, os.O_RDWR | os.O_NOCTTY)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._forward)
        self._thread.start()

    def _forward(self) -> None:
        other = {self._end: self._board, self._board: self._end}
        while True:
            ready, _, _ = select.select([*other, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            for source in ready:
                try:
                    data = os.read(source, 4096)
                except OSError:
                    return
                if source == self._end:
                    self._to_board += len(data)
                    if self._on_bytes is not None and self._on_bytes(self._to_board):
                        continue
                passed = self._damage(self._random, data)
                while passed:
                    with contextlib.suppress(OSError):
                        passed = passed[os.write(other[source], passed) :]

    def close(self) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join()
        for descriptor in (self._end, self._client_end, self._board, self._stop_read, self._stop_write):
            os.close(descriptor)

    def __enter__(self) -> FaultyLine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

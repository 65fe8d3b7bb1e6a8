"""What a study remembers from one table to the next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class Memory:
    """Values by key, up to a number of bytes.

    A study walks through its chunks in turns, a table each. Were the value used longest ago always the one to go, a
    turn that does not fit would throw out everything just before it is needed again. So what the last turn or this one
    used stays, and what does not fit beside it is not kept.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: OrderedDict[Hashable, tuple[int, int, Any]] = OrderedDict()  # turn of the last use, bytes, value
        self._bytes = 0
        self._turn = 0

    def begin_turn(self) -> None:
        """Another table is evaluated."""
        self._turn += 1

    def get(self, key: Hashable) -> Any:
        """What was put under a key, or None."""
        found = self._held.pop(key, None)
        if found is None:
            return None
        _, size, value = found
        self._held[key] = (self._turn, size, value)
        return value

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Keep a value of `size` bytes, if there is room."""
        if key in self._held:
            return
        while self._held and self._bytes + size > self._capacity:
            oldest = next(iter(self._held))
            turn, freed, _ = self._held[oldest]
            if turn >= self._turn - 1:
                return
            del self._held[oldest]
            self._bytes -= freed
        if size <= self._capacity:
            self._held[key] = (self._turn, size, value)
            self._bytes += size

"""What a study remembers from one table to the next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final

_LARGEST_SHARE: Final = 8


class Memory:
    """Arrays by key, up to a number of bytes; the one used longest ago goes first.

    A study walks through its chunks in turns. What would not stay until the next turn is not taken in the first place:
    `copies` says how many of a kind there will be, and a kind may fill an eighth of the memory.
    """

    def __init__(self, capacity: int, copies: int) -> None:
        self._capacity = capacity
        self._largest = capacity // _LARGEST_SHARE // max(1, copies)
        self._held: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Any:
        """What was put under a key, or None."""
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[1]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Keep a value of `size` bytes, if it is small enough to stay."""
        if size > self._largest or key in self._held:
            return
        self._held[key] = (size, value)
        self._bytes += size
        while self._bytes > self._capacity:
            _, (freed, _) = self._held.popitem(last=False)
            self._bytes -= freed

"""Reading FlatBuffers that nobody has verified: every offset is checked before it is followed.

The format: https://flatbuffers.dev/internals. A table begins with the distance back to its vtable; the vtable holds
two sizes and then, for each field, its place in the table, 0 if the field is absent. Fields of variable size hold the
distance to a vector: a count of 32 bits, then the items.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


class DamagedError(Exception):
    """The bytes are not the FlatBuffer that they should be."""


@dataclass(frozen=True)
class Table:
    """A table of a FlatBuffer, by its position. Fields are numbered in the order of the schema."""

    data: bytes
    position: int

    def integer(self, field: int, layout: str, default: int = 0) -> int:
        """A whole number; `layout` is its `struct` letter (b, B, i, I, q)."""
        place = self._place(field)
        return default if place is None else int(_unpack(self.data, layout, place))

    def real(self, field: int, default: float = 0.0) -> float:
        """A 32-bit float."""
        place = self._place(field)
        return default if place is None else float(_unpack(self.data, "f", place))

    def table(self, field: int) -> Table | None:
        """A table that this one refers to."""
        place = self._place(field)
        return None if place is None else _follow(self.data, place)

    def tables(self, field: int, limit: int) -> list[Table]:
        """A vector of tables, at most `limit`."""
        start, count = self._vector(field, 4)
        if count > limit:
            raise DamagedError(f"a list of {count:,} entries, where {limit:,} are the limit")
        return [_follow(self.data, start + 4 * index) for index in range(count)]

    def numbers(self, field: int, layout: str, limit: int) -> tuple[float, ...]:
        """A vector of numbers, at most `limit`; whole numbers are int."""
        size = struct.calcsize(f"<{layout}")
        start, count = self._vector(field, size)
        if count > limit:
            raise DamagedError(f"a list of {count:,} numbers, where {limit:,} are the limit")
        return struct.unpack_from(f"<{count}{layout}", self.data, start)

    def integers(self, field: int, layout: str, limit: int) -> tuple[int, ...]:
        """A vector of whole numbers, at most `limit`."""
        return tuple(map(int, self.numbers(field, layout, limit)))

    def content(self, field: int) -> memoryview:
        """A vector of bytes, not copied; empty if the field is absent."""
        start, count = self._vector(field, 1)
        return memoryview(self.data)[start : start + count]

    def text(self, field: int, limit: int) -> str:
        """A string, cut after `limit` bytes; what is not UTF-8 is replaced."""
        start, count = self._vector(field, 1)
        return self.data[start : start + min(count, limit)].decode("utf-8", errors="replace")

    def _place(self, field: int) -> int | None:
        """Position of a field's value; None if it is absent."""
        vtable = self.position - int(_unpack(self.data, "i", self.position))
        size = int(_unpack(self.data, "H", vtable))
        entry = 4 + 2 * field
        if entry + 2 > size:
            return None
        offset = int(_unpack(self.data, "H", vtable + entry))
        return self.position + offset if offset else None

    def _vector(self, field: int, item_size: int) -> tuple[int, int]:
        """Position of the first item, and their number."""
        place = self._place(field)
        if place is None:
            return 0, 0
        start = place + int(_unpack(self.data, "I", place))
        count = int(_unpack(self.data, "I", start))
        if start + 4 + count * item_size > len(self.data):
            raise DamagedError(f"a list of {count:,} items at byte {start:,} reaches beyond the end of the file")
        return start + 4, count


def root(data: bytes) -> Table:
    """The table that a FlatBuffer begins with."""
    return _follow(data, 0)


def _follow(data: bytes, place: int) -> Table:
    position = place + int(_unpack(data, "I", place))
    _unpack(data, "i", position)
    return Table(data, position)


def _unpack(data: bytes, layout: str, position: int) -> float:
    if not 0 <= position <= len(data) - struct.calcsize(f"<{layout}"):
        raise DamagedError(f"an offset leads to byte {position:,} of {len(data):,}")
    (value,) = struct.unpack_from(f"<{layout}", data, position)
    number: float = value
    return number

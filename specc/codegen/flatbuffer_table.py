"""FlatBuffers tables by field number, for writing a file without generated classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Kind = Literal["byte", "ubyte", "int", "uint", "float", "offset"]
Field = tuple[Kind, Any]


def offset(position: int | None) -> Field | None:
    """A field that refers to something written before; None where there is nothing."""
    return None if position is None else ("offset", position)


def table(builder: Any, fields: Mapping[int, Field | None]) -> int:
    """Write a table; fields that are None are left out. Returns its position."""
    builder.StartObject(max(fields, default=-1) + 1)
    add = {
        "byte": lambda slot, value: builder.PrependInt8Slot(slot, value, None),
        "ubyte": lambda slot, value: builder.PrependUint8Slot(slot, value, None),
        "int": lambda slot, value: builder.PrependInt32Slot(slot, value, None),
        "uint": lambda slot, value: builder.PrependUint32Slot(slot, value, None),
        "float": lambda slot, value: builder.PrependFloat32Slot(slot, value, None),
        "offset": lambda slot, value: builder.PrependUOffsetTRelativeSlot(slot, value, 0),
    }
    for slot, entry in fields.items():
        if entry is not None:
            kind, value = entry
            add[kind](slot, value)
    return int(builder.EndObject())


def vector(builder: Any, values: Sequence[Any], item: Literal["int32", "int64", "float32", "offset"]) -> int:
    """Write a vector of numbers, or of positions. Returns its position."""
    size, prepend = {
        "int32": (4, builder.PrependInt32),
        "int64": (8, builder.PrependInt64),
        "float32": (4, builder.PrependFloat32),
        "offset": (4, builder.PrependUOffsetTRelative),
    }[item]
    builder.StartVector(size, len(values), size)
    for value in reversed(values):
        prepend(value)
    return int(builder.EndVector())


def data(builder: Any, content: bytes, alignment: int) -> int:
    """Write bytes at an alignment. Returns their position."""
    builder.StartVector(1, len(content), alignment)
    builder.head = builder.head - len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    return int(builder.EndVector())

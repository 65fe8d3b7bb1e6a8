"""The tensors and operators of a TensorFlow Lite file, each number of which may be wrong."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast, get_args

from specc.elaborate.importers import tflite_schema as schema
from specc.elaborate.importers.common import OPERATOR_LIMIT, check_extents, damaged, unsupported
from specc.elaborate.importers.flatbuffer import Table, root
from specc.spec.imported import Constant, ItemType, TensorScale

_TENSOR_LIMIT: Final = 1 << 16
_RANK_LIMIT: Final = 8
_INPUT_LIMIT: Final = 64
_NAME_LIMIT: Final = 80
_SIZES: Final = {"int8": 1, "int32": 4, "float32": 4, "float64": 8}


@dataclass(frozen=True)
class Tensor:
    """A tensor: its type, its shape, and its items if the file stores them."""

    index: int
    table: Table
    data: memoryview

    @property
    def constant(self) -> bool:
        return len(self.data) > 0

    @property
    def sparse(self) -> bool:
        return self.table.table(schema.TENSOR_SPARSITY) is not None

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return self.table.integers(schema.TENSOR_SHAPE, "i", _RANK_LIMIT)

    @cached_property
    def item_type(self) -> str:
        number = self.table.integer(schema.TENSOR_TYPE, "b")
        return schema.TYPES[number] if 0 <= number < len(schema.TYPES) else f"type {number}"

    def check(self, shape: tuple[int, ...], what: str) -> tuple[int, ...]:
        """The shape, if its extents are within the limits."""
        return check_extents(what, shape)

    def content(self, shape: tuple[int, ...], permutation: tuple[int, ...] | None = None) -> Constant:
        """The stored items."""
        what = f"tensor {self.index}"
        if self.item_type not in get_args(ItemType):
            needed = "8-bit signed integers or 32-bit floats"
            raise unsupported(what, f"its items are {self.item_type}", needed)
        wanted = math.prod(check_extents(what, shape)) * _SIZES[self.item_type]
        if len(self.data) != wanted:
            raise damaged(
                f"{what} of the shape {list(shape)} takes {wanted:,} bytes; the file stores {len(self.data):,}"
            )
        return Constant(cast(ItemType, self.item_type), shape, self.data, permutation)

    def whole_numbers(self, what: str) -> tuple[int, ...]:
        """The items of a small stored array of 32-bit numbers (axes, amounts of padding)."""
        if self.item_type != "int32" or not self.constant or len(self.data) % 4 or len(self.data) > 4 * _RANK_LIMIT:
            raise unsupported(what, "its second input is no stored list of 32-bit numbers", "a stored list")
        return struct.unpack(f"<{len(self.data) // 4}i", self.data)

    def scale(self, what: str) -> TensorScale:
        """Quantization of an activation: one scale, one zero point."""
        scales, zero_points = self._quantization(what, 1)
        if len(scales) != 1 or len(zero_points) != 1:
            raise damaged(f"{what}: an 8-bit activation with {len(scales)} scales and {len(zero_points)} zero points")
        if not -128 <= zero_points[0] <= 127:
            raise damaged(f"{what}: the zero point {zero_points[0]} is no 8-bit code")
        return TensorScale(scales[0], zero_points[0])

    def weight_scales(self, what: str, axis: int, channels: int) -> tuple[float, ...]:
        """Scales of weights: one, or one for each output channel."""
        scales, zero_points = self._quantization(what, channels)
        if any(zero_points):
            raise unsupported(what, "its weights have a zero point other than 0", "weights symmetric about zero")
        if len(scales) == 1:
            return scales
        own = self.table.table(schema.TENSOR_QUANTIZATION)
        stored = own.integer(schema.QUANTIZATION_AXIS, "i") if own else 0
        if len(scales) != channels or stored != axis:
            raise damaged(f"{what}: {len(scales)} scales along axis {stored} for {channels} output channels")
        return scales

    def _quantization(self, what: str, limit: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
        own = self.table.table(schema.TENSOR_QUANTIZATION)
        if own is None:
            raise damaged(f"{what}: tensor {self.index} has 8-bit codes and no scale")
        scales = own.numbers(schema.QUANTIZATION_SCALE, "f", limit)
        zero_points = own.integers(schema.QUANTIZATION_ZERO_POINT, "q", limit)
        if not scales or not all(0 < scale < math.inf for scale in scales):
            raise damaged(f"{what}: tensor {self.index} has a scale that is not a positive number")
        return scales, zero_points


@dataclass(frozen=True)
class Operator:
    """An operator: what it is called, what it reads and writes."""

    index: int
    name: str
    label: str  # name of its output tensor
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any  # Table, or _NoOptions

    @property
    def origin(self) -> str:
        """How messages call it."""
        return f"operator {self.index} ({self.name}" + (f", `{self.label}`)" if self.label else ")")

    def has_input(self, position: int) -> bool:
        """Whether an optional input is there; -1 stands for one that is not."""
        return position < len(self.inputs) and self.inputs[position] != -1

    def input(self, position: int) -> int:
        """Index of an input tensor that must be there."""
        if not self.has_input(position):
            raise damaged(f"{self.origin} has no input {position}")
        return self.inputs[position]


class _NoOptions:
    """Stands for options that an operator does not store: every one has its default."""

    def integer(self, field: int, layout: str, default: int = 0) -> int:
        return default

    def real(self, field: int, default: float = 0.0) -> float:
        return default


@dataclass(frozen=True)
class Graph:
    """The one subgraph of a file."""

    tensors: tuple[Table, ...]
    buffers: tuple[Table, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]

    @cached_property
    def readers(self) -> dict[int, set[str]]:
        """Which kinds of operators read each tensor."""
        found: dict[int, set[str]] = {}
        for operator in self.operators:
            for tensor in operator.inputs:
                found.setdefault(tensor, set()).add(operator.name)
        return found

    def tensor(self, index: int, what: str) -> Tensor:
        """A tensor by its index."""
        if not 0 <= index < len(self.tensors):
            raise damaged(f"{what} refers to tensor {index} of {len(self.tensors)}")
        table = self.tensors[index]
        buffer = table.integer(schema.TENSOR_BUFFER, "I")
        if buffer >= max(len(self.buffers), 1):
            raise damaged(f"tensor {index} refers to buffer {buffer} of {len(self.buffers)}")
        return Tensor(
            index, table, self.buffers[buffer].content(schema.BUFFER_DATA) if self.buffers else memoryview(b"")
        )


def open_graph(data: bytes) -> Graph:
    """The graph of a file.

    Raises:
        ModelFileError: it is not a TensorFlow Lite file, or has other than one subgraph.
        DamagedError: an offset leads astray.
    """
    if data[4:8] != schema.IDENTIFIER:
        raise damaged("this is not a TensorFlow Lite file: bytes 4 to 8 are not `TFL3`")
    model = root(data)
    subgraphs = model.tables(schema.MODEL_SUBGRAPHS, _INPUT_LIMIT)
    if len(subgraphs) != 1:
        raise unsupported("the network", f"it has {len(subgraphs)} subgraphs", "a network of one subgraph")
    graph = subgraphs[0]
    tensors = tuple(graph.tables(schema.SUBGRAPH_TENSORS, _TENSOR_LIMIT))
    codes = [_operator_name(code) for code in model.tables(schema.MODEL_OPERATOR_CODES, OPERATOR_LIMIT)]
    operators = graph.tables(schema.SUBGRAPH_OPERATORS, OPERATOR_LIMIT)
    return Graph(
        tensors=tensors,
        buffers=tuple(model.tables(schema.MODEL_BUFFERS, _TENSOR_LIMIT)),
        inputs=graph.integers(schema.SUBGRAPH_INPUTS, "i", _INPUT_LIMIT),
        outputs=graph.integers(schema.SUBGRAPH_OUTPUTS, "i", _INPUT_LIMIT),
        operators=tuple(_operator(index, table, codes, tensors) for index, table in enumerate(operators)),
    )


def _operator_name(code: Table) -> str:
    # Files from before 2020 store the number in one byte alone; later ones in both places (schema.fbs, OperatorCode).
    number = max(code.integer(schema.CODE_BUILTIN, "i"), code.integer(schema.CODE_DEPRECATED_BUILTIN, "b"))
    name = schema.OPERATORS[number] if 0 <= number < len(schema.OPERATORS) else f"OPERATOR_{number}"
    return f"CUSTOM {_printable(code.text(schema.CODE_CUSTOM, _NAME_LIMIT))}" if name == "CUSTOM" else name


def _operator(index: int, table: Table, codes: list[str], tensors: tuple[Table, ...]) -> Operator:
    code = table.integer(schema.OPERATOR_CODE, "I")
    if code >= len(codes):
        raise damaged(f"operator {index} refers to operator code {code} of {len(codes)}")
    outputs = table.integers(schema.OPERATOR_OUTPUTS, "i", _INPUT_LIMIT)
    if not outputs:
        raise damaged(f"operator {index} ({codes[code]}) has no output")
    known = 0 <= outputs[0] < len(tensors)
    return Operator(
        index=index,
        name=codes[code],
        label=_printable(tensors[outputs[0]].text(schema.TENSOR_NAME, _NAME_LIMIT)) if known else "",
        inputs=table.integers(schema.OPERATOR_INPUTS, "i", _INPUT_LIMIT),
        outputs=outputs,
        options=table.table(schema.OPERATOR_OPTIONS) or _NoOptions(),
    )


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)

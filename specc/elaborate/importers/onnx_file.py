"""The nodes and constants of an ONNX file, each number of which may be wrong.

The package onnx parses the protocol buffer; nothing of it runs a model, and data that lies in other files is refused.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any, Final

from specc import reads
from specc.elaborate.importers.common import OPERATOR_LIMIT, ModelFileError, damaged, unsupported

_CONSTANT_LIMIT: Final = 1 << 16
_TYPES: Final = ("float32", "float64", "int8", "uint8", "int32", "int64")
_NAME_LIMIT: Final = 80


@dataclass(frozen=True)
class Node:
    """One operator of the graph."""

    index: int
    name: str
    label: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(repr=False)

    @property
    def origin(self) -> str:
        """How messages call it."""
        return f"operator {self.index} ({self.name}" + (f", `{self.label}`)" if self.label else ")")

    def input(self, position: int) -> str:
        """Name of an input that must be there."""
        if not self.has_input(position):
            raise damaged(f"{self.origin} has no input {position}")
        return self.inputs[position]

    def has_input(self, position: int) -> bool:
        """Whether an optional input is there; an empty name stands for one that is not."""
        return position < len(self.inputs) and self.inputs[position] != ""

    def integer(self, name: str, default: int) -> int:
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise damaged(f"{self.origin}: {name} is no whole number")
        return value

    def real(self, name: str, default: float) -> float:
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float):
            raise damaged(f"{self.origin}: {name} is no number")
        return float(value)

    def integers(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        value = self.attributes.get(name, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, int) for item in value):
            raise damaged(f"{self.origin}: {name} is no list of whole numbers")
        return tuple(value)

    def word(self, name: str, default: str) -> str:
        value = self.attributes.get(name, default)
        return value.decode("ascii", errors="replace") if isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class Graph:
    """The graph of a file. `constants` are NumPy arrays; `readers` counts who reads a value."""

    nodes: tuple[Node, ...]
    input: str
    input_shape: tuple[int, ...]  # 0 for an extent that the file leaves open
    output: str
    constants: dict[str, Any]
    readers: dict[str, int]


def open_graph(data: bytes) -> Graph:
    """The graph of a file.

    Raises:
        ModelFileError: the package is missing, the file is damaged or holds what cannot be read.
    """
    try:
        onnx: Any = importlib.import_module("onnx")
    except ImportError as error:
        reads.failed()
        notes = ("install it with `pip install 'specc[onnx]'`",)
        raise ModelFileError("E2204", "reading an ONNX file needs the package onnx", notes) from error
    reads.package("onnx")
    try:
        graph = onnx.load_model_from_string(data).graph
    except Exception as error:  # the parser's own class of error has moved between versions of protobuf
        raise damaged(f"this is not an ONNX file: {str(error)[:_NAME_LIMIT]}") from error
    if len(graph.node) > OPERATOR_LIMIT or len(graph.initializer) > _CONSTANT_LIMIT:
        raise damaged(f"it has {len(graph.node):,} operators and {len(graph.initializer):,} constants")
    constants = {_text(tensor.name): _array(onnx, tensor) for tensor in graph.initializer}
    inputs = [value for value in graph.input if _text(value.name) not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        counts = f"{len(inputs)} inputs and {len(graph.output)} outputs"
        raise unsupported("the network", f"it has {counts}", "a network with one input and one output")
    tensor = inputs[0].type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        raise unsupported("the input", "its items are not 32-bit floats", "an input of real numbers")
    nodes = []
    readers: dict[str, int] = {_text(graph.output[0].name): 1}
    for index, proto in enumerate(graph.node):
        node = _node(onnx, index, proto)
        for name in node.inputs:
            readers[name] = readers.get(name, 0) + 1
        nodes.append(node)
    return Graph(
        nodes=tuple(nodes),
        input=_text(inputs[0].name),
        input_shape=tuple(dim.dim_value for dim in tensor.shape.dim),
        output=_text(graph.output[0].name),
        constants=constants,
        readers=readers,
    )


def _node(onnx: Any, index: int, proto: Any) -> Node:
    inputs, outputs = tuple(map(_text, proto.input)), tuple(map(_text, proto.output))
    label = next(iter(filter(None, (_text(proto.name), *outputs))), "")
    domain, kind = _text(proto.domain), _text(proto.op_type)
    name = kind if domain in ("", "ai.onnx") else f"{domain}.{kind}"
    attributes = {}
    for attribute in proto.attribute:
        types, key = onnx.AttributeProto, _text(attribute.name)
        if attribute.type == types.TENSOR:
            attributes[key] = _array(onnx, attribute.t)
        elif attribute.type in (types.INTS, types.FLOATS):
            attributes[key] = list(onnx.helper.get_attribute_value(attribute))
        elif attribute.type in (types.INT, types.FLOAT, types.STRING):
            attributes[key] = onnx.helper.get_attribute_value(attribute)
    return Node(index, _printable(name), _printable(label), inputs, outputs, attributes)


def _text(value: str | bytes) -> str:
    """A string of the file; one that is not UTF-8 comes as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", errors="replace")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:_NAME_LIMIT])


def _array(onnx: Any, tensor: Any) -> Any:
    """A stored tensor as a NumPy array."""
    what = f"constant `{_printable(_text(tensor.name))}`"
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise unsupported(what, "its data lies in another file", "one file that holds everything")
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except Exception as error:  # to_array raises what NumPy raises for data that does not fit type and shape
        raise damaged(f"{what}: {str(error)[:_NAME_LIMIT]}") from error
    if str(array.dtype) not in _TYPES:
        raise unsupported(what, f"its items are {array.dtype}", "32-bit floats, or integers of 8 or 32 bits")
    return array

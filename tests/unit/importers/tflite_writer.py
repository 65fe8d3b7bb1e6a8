"""Writes small TensorFlow Lite files with the package tflite, whose tables are generated from the schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

flatbuffers = pytest.importorskip("flatbuffers", reason="writing TensorFlow Lite files needs the package tflite")
tflite = pytest.importorskip("tflite", reason="writing TensorFlow Lite files needs the package tflite")

TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int32": tflite.TensorType.INT32,
    "float16": tflite.TensorType.FLOAT16,
    "float64": tflite.TensorType.FLOAT64,
}


@dataclass
class Tensor:
    """A tensor; with `data` it is a constant."""

    shape: tuple[int, ...]
    type: str = "int8"
    data: Any = None
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    axis: int = 0
    buffer: int | None = None  # instead of the buffer that the writer makes


@dataclass
class Operator:
    """An operator by its name in the schema; `options` are fields of its options table."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    custom: str = ""


OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "SOFTMAX": "SoftmaxOptions",
    "ADD": "AddOptions",
    "RESHAPE": "ReshapeOptions",
    "MEAN": "ReducerOptions",
}


def constant(array: Any, **own: Any) -> Tensor:
    """A constant tensor of an array."""
    array = np.asarray(array)
    return Tensor(array.shape, str(array.dtype), array, **own)


def write(
    tensors: list[Tensor], operators: list[Operator], inputs: tuple[int, ...] = (0,), outputs: tuple[int, ...] = ()
) -> bytes:
    """The bytes of a file; without `outputs`, the last operator's."""
    builder = flatbuffers.Builder(1024)
    buffers = [_table(builder, "Buffer")]
    written = []
    for index, tensor in enumerate(tensors):
        number = 0
        if tensor.data is not None:
            buffers.append(_table(builder, "Buffer", Data=builder.CreateByteVector(tensor.data.tobytes())))
            number = len(buffers) - 1
        quantization = {}
        if tensor.scale:
            quantization["Quantization"] = _table(
                builder,
                "QuantizationParameters",
                Scale=builder.CreateNumpyVector(np.array(tensor.scale, np.float32)),
                ZeroPoint=builder.CreateNumpyVector(np.array(tensor.zero_point or (0,) * len(tensor.scale), np.int64)),
                QuantizedDimension=tensor.axis,
            )
        shape = builder.CreateNumpyVector(np.array(tensor.shape, np.int32))
        written.append(
            _table(
                builder,
                "Tensor",
                Shape=shape,
                Type=TYPES[tensor.type],
                Buffer=number if tensor.buffer is None else tensor.buffer,
                Name=builder.CreateString(f"tensor{index}"),
                **quantization,
            )
        )
    codes = list(dict.fromkeys((operator.name, operator.custom) for operator in operators))
    code_tables = [_code(builder, name, custom) for name, custom in codes]
    nodes = [_operator(builder, operator, codes.index((operator.name, operator.custom))) for operator in operators]
    graph = _table(
        builder,
        "SubGraph",
        Tensors=_vector(builder, written),
        Inputs=builder.CreateNumpyVector(np.array(inputs, np.int32)),
        Outputs=builder.CreateNumpyVector(np.array(outputs or operators[-1].outputs, np.int32)),
        Operators=_vector(builder, nodes),
    )
    model = _table(
        builder,
        "Model",
        Version=3,
        OperatorCodes=_vector(builder, code_tables),
        Subgraphs=_vector(builder, [graph]),
        Buffers=_vector(builder, buffers),
    )
    builder.Finish(model, b"TFL3")
    return bytes(builder.Output())


def _code(builder: Any, name: str, custom: str) -> int:
    number = getattr(tflite.BuiltinOperator, name)
    own = {"CustomCode": builder.CreateString(custom)} if custom else {}
    return _table(builder, "OperatorCode", BuiltinCode=number, DeprecatedBuiltinCode=min(number, 127), **own)


def _operator(builder: Any, operator: Operator, code: int) -> int:
    own = {}
    if operator.name in OPTIONS:
        kind = OPTIONS[operator.name]
        own["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, kind)
        own["BuiltinOptions"] = _table(builder, kind, **operator.options)
    inputs = builder.CreateNumpyVector(np.array(operator.inputs, np.int32))
    outputs = builder.CreateNumpyVector(np.array(operator.outputs, np.int32))
    return _table(builder, "Operator", OpcodeIndex=code, Inputs=inputs, Outputs=outputs, **own)


def _table(builder: Any, kind: str, **fields: Any) -> int:
    getattr(tflite, f"{kind}Start")(builder)
    for name, value in fields.items():
        getattr(tflite, f"{kind}Add{name}")(builder, value)
    offset: int = getattr(tflite, f"{kind}End")(builder)
    return offset


def _vector(builder: Any, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    vector: int = builder.EndVector()
    return vector

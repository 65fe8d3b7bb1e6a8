"""A quantized network as a TensorFlow Lite file, for other people's runtimes and compilers.

Numbers of fields, operators and types are those of the schema `tensorflow/compiler/mlir/lite/schema/schema.fbs`,
version 3. The file holds the same codes as the C; scales of weights are worked out from the integer multipliers. What
a runtime computes with it is its own arithmetic: TensorFlow Lite rounds differently (see docs/models.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from specc.codegen.flatbuffer_table import Field, data, offset, table, vector
from specc.graph.network import Layer, Network
from specc.numerics.quantized import LayerNumbers, QuantizedNetwork, TensorFormat

if TYPE_CHECKING:
    import numpy.typing as npt

VERSION: Final = 3
IDENTIFIER: Final = b"TFL3"
_INT32, _INT8 = 2, 9  # TensorType
_SAME, _VALID = 0, 1  # Padding
_ACTIVATIONS: Final = {"linear": 0, "relu": 1, "relu6": 3}  # ActivationFunctionType
# BuiltinOperator, and its version for 8-bit tensors.
_OPERATORS: Final[dict[str, tuple[int, int]]] = {
    "add": (0, 2),
    "avgpool": (1, 2),
    "conv": (3, 3),
    "dwconv": (4, 3),
    "dense": (9, 4),
    "maxpool": (17, 2),
    "sigmoid": (14, 2),
    "relu": (19, 2),
    "relu6": (21, 2),
    "flatten": (22, 1),
    "softmax": (25, 2),
    "tanh": (28, 2),
    "mean": (40, 2),
}
# Scale and zero point of these outputs, as the specification of 8-bit quantization for TensorFlow Lite asks for them.
_FIXED_OUTPUTS: Final = {"sigmoid": (2.0**-8, -128), "tanh": (2.0**-7, 0), "softmax": (2.0**-8, -128)}
_DATA_ALIGNMENT: Final = 16


class TfliteError(Exception):
    """The network cannot be written as a TensorFlow Lite file; the message names the layer."""


def write_tflite(network: QuantizedNetwork) -> bytes:
    """The network as the bytes of a `.tflite` file. Each tensor has the name of its layer.

    Raises:
        TfliteError: a tensor of more than 8 bits, or a layer that the format cannot express.
        ImportError: the package `flatbuffers` is not installed.
    """
    return _Writer(network).write()


class _Writer:
    def __init__(self, network: QuantizedNetwork) -> None:
        import flatbuffers  # type: ignore[import-untyped]

        self._network = network
        self._builder: Any = flatbuffers.Builder(1 << 16)
        self._buffers: list[int] = [table(self._builder, {})]  # the first one is empty: tensors without data
        self._tensors: list[int] = []
        self._index: dict[str, int] = {}
        self._codes: dict[str, int] = {}  # operators in order of first use

    def write(self) -> bytes:
        graph = self._network.network
        for name in (graph.input, *(layer.name for layer in graph.layers)):
            form = self._network.formats[name]
            if form.bits > 8:
                raise TfliteError(f"tensor {name} has {form.bits} bits; only 8-bit tensors can be written")
            self._index[name] = self._tensor(
                name, (1, *graph.shape(name)), _INT8, scales=[form.scale], zero_point=form.zero_point
            )
        operators = [self._operator(layer, graph) for layer in graph.layers]
        return self._finish(graph, operators)

    def _operator(self, layer: Layer, graph: Network) -> int:
        inputs = [self._index[name] for name in layer.inputs]
        numbers = self._network.numbers.get(layer.name)
        kind: str = layer.kind
        if kind in _FIXED_OUTPUTS:
            self._require_output(layer)
        if layer.kind in ("conv", "dwconv", "dense"):
            assert numbers is not None
            inputs += self._constants(layer, numbers)
        if layer.kind == "avgpool" and self._format(layer.inputs[0]) != self._format(layer.name):
            kind = "mean"
            inputs.append(self._axes(layer, graph))
        position = self._codes.setdefault(kind, len(self._codes))
        options = self._options(layer, kind)
        return table(
            self._builder,
            {
                1: offset(vector(self._builder, inputs, "int32")),
                2: offset(vector(self._builder, [self._index[layer.name]], "int32")),
                0: ("uint", position),
                **options,
            },
        )

    def _require_output(self, layer: Layer) -> None:
        form, (scale, zero_point) = self._format(layer.name), _FIXED_OUTPUTS[layer.kind]
        if (form.scale, form.zero_point) != (scale, zero_point):
            own = f"the scale {form.scale:.6g} and the zero point {form.zero_point}"
            known = f"the format knows only 1/{1 / scale:.0f} and {zero_point}"
            raise TfliteError(f"the output of {layer.kind} {layer.name} has {own}; {known}")

    def _format(self, tensor: str) -> TensorFormat:
        return self._network.formats[tensor]

    def _constants(self, layer: Layer, numbers: LayerNumbers) -> list[int]:
        """Weights and bias, with the scales that the multipliers stand for."""
        import numpy as np

        assert numbers.weights is not None and numbers.bias is not None and layer.weight_shape is not None
        source, scales = self._format(layer.inputs[0]), self._network.weight_scales(layer)
        weights = numbers.weights.reshape(layer.weight_shape)
        if layer.kind == "dwconv":
            weights = weights[np.newaxis]
        axis = weights.ndim - 1 if layer.kind == "dwconv" else 0
        return [
            self._constant(f"{layer.name}/weights", weights, _INT8, scales=scales.tolist(), axis=axis),
            self._constant(f"{layer.name}/bias", numbers.bias, _INT32, scales=(scales * source.scale).tolist()),
        ]

    def _axes(self, layer: Layer, graph: Network) -> int:
        """The axes of a global average whose output has a scale of its own: `AVERAGE_POOL_2D` cannot rescale."""
        import numpy as np

        if layer.kernel != graph.shape(layer.inputs[0])[:2]:
            raise TfliteError(f"average pool {layer.name} changes the scale, which only a global one can")
        return self._constant(f"{layer.name}/axes", np.array([1, 2]), _INT32)

    def _options(self, layer: Layer, kind: str) -> dict[int, Field | None]:
        """Type and table of an operator's options, as fields 3 and 4 of the operator."""
        activation: Field = ("byte", _ACTIVATIONS[layer.activation])
        steps: dict[int, Field | None] = {1: ("int", layer.stride[1]), 2: ("int", layer.stride[0])}
        window: dict[int, Field | None] = {3: ("int", layer.kernel[1]), 4: ("int", layer.kernel[0])}
        one: Field = ("int", 1)
        if kind == "conv":
            number, fields = 1, {0: _padding(layer), **steps, 3: activation, 4: one, 5: one}
        elif kind == "dwconv":
            number, fields = 2, {0: _padding(layer), **steps, 3: one, 4: activation, 5: one, 6: one}
        elif kind in ("avgpool", "maxpool"):
            number, fields = 5, {0: _padding(layer), **steps, **window, 5: activation}
        elif kind == "dense":
            number, fields = 8, {0: activation}
        elif kind == "softmax":
            number, fields = 9, {0: ("float", 1.0)}
        elif kind == "add":
            number, fields = 11, {0: activation}
        elif kind == "flatten":
            shape = vector(self._builder, [1, math.prod(layer.output_shape)], "int32")
            number, fields = 17, {0: offset(shape)}
        elif kind == "mean":
            number, fields = 27, {0: ("byte", int(len(layer.output_shape) == 3))}  # ReducerOptions, keep_dims
        else:
            return {}
        return {3: ("ubyte", number), 4: offset(table(self._builder, fields))}

    def _constant(
        self,
        name: str,
        values: npt.NDArray[Any],
        item_type: int,
        *,
        scales: Sequence[float] = (),
        axis: int = 0,
    ) -> int:
        limit = {_INT8: 7, _INT32: 31}[item_type]
        if values.size and not -(2**limit) <= int(values.min()) <= int(values.max()) < 2**limit:
            raise TfliteError(f"{name} does not fit {limit + 1} bits")
        content = values.astype({_INT8: "<i1", _INT32: "<i4"}[item_type]).tobytes()
        self._buffers.append(table(self._builder, {0: offset(data(self._builder, content, _DATA_ALIGNMENT))}))
        return self._tensor(name, values.shape, item_type, buffer=len(self._buffers) - 1, scales=scales, axis=axis)

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        item_type: int,
        *,
        buffer: int = 0,
        scales: Sequence[float] = (),
        zero_point: int = 0,
        axis: int = 0,
    ) -> int:
        builder = self._builder
        quantization = None
        if scales:
            scale = vector(builder, scales, "float32")
            zeros = vector(builder, [zero_point] * len(scales), "int64")
            fields: dict[int, Field | None] = {2: ("offset", scale), 3: ("offset", zeros), 6: ("int", axis)}
            quantization = table(builder, fields)
        dimensions = vector(builder, shape, "int32")
        self._tensors.append(
            table(
                builder,
                {
                    0: offset(dimensions),
                    1: ("byte", item_type),
                    2: ("uint", buffer),
                    3: offset(builder.CreateString(name)),
                    4: offset(quantization),
                },
            )
        )
        return len(self._tensors) - 1

    def _operator_code(self, number: int, version: int) -> int:
        # Twice: in the field of old readers, and in the one that replaced it.
        fields: dict[int, Field | None] = {0: ("byte", number), 2: ("int", version), 3: ("int", number)}
        return table(self._builder, fields)

    def _finish(self, graph: Network, operators: list[int]) -> bytes:
        builder = self._builder
        codes = [self._operator_code(*_OPERATORS[kind]) for kind in self._codes]
        inputs = vector(builder, [self._index[graph.input]], "int32")
        outputs = vector(builder, [self._index[graph.output]], "int32")
        subgraph = table(
            builder,
            {
                0: offset(vector(builder, self._tensors, "offset")),
                1: offset(inputs),
                2: offset(outputs),
                3: offset(vector(builder, operators, "offset")),
                4: offset(builder.CreateString(graph.name)),
            },
        )
        model = table(
            builder,
            {
                0: ("uint", VERSION),
                1: offset(vector(builder, codes, "offset")),
                2: offset(vector(builder, [subgraph], "offset")),
                3: offset(builder.CreateString("written by specc")),
                4: offset(vector(builder, self._buffers, "offset")),
            },
        )
        builder.Finish(model, file_identifier=IDENTIFIER)
        return bytes(builder.Output())


def _padding(layer: Layer) -> Field:
    """The padding scheme that gives a layer's output shape and offsets.

    Raises:
        TfliteError: neither scheme does.
    """
    shape = list(zip(layer.input_shapes[0], layer.output_shape, layer.kernel, layer.stride, strict=False))
    if all(out == (size - kernel) // stride + 1 for size, out, kernel, stride in shape) and layer.pad_before == (0, 0):
        return ("byte", _VALID)
    expected = tuple(max(0, (out - 1) * stride + kernel - size) // 2 for size, out, kernel, stride in shape)
    if all(out == -(-size // stride) for size, out, _, stride in shape) and layer.pad_before == expected:
        return ("byte", _SAME)
    raise TfliteError(f"the padding of layer {layer.name} is neither SAME nor VALID")

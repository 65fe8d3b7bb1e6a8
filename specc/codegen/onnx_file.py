"""A quantized network as an ONNX file in the QDQ form: every tensor quantized to 8 bits and back (operator set 13).

ONNX lays tensors out channels first; the file's input and output stay as they are here, and are transposed inside. A
runtime that knows the form runs it in integers, with its own rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork, TensorFormat

if TYPE_CHECKING:
    import numpy.typing as npt

_OPERATOR_SET: Final = 13
_IR_VERSION: Final = 8  # read by every runtime that knows operator set 13 to 18
_SPATIAL: Final = 3


class OnnxError(Exception):
    """The network cannot be written as an ONNX file; the message names the tensor."""


def write_onnx(network: QuantizedNetwork) -> bytes:
    """The network as the bytes of an `.onnx` file; input and output are 8-bit codes with a batch axis of one.

    Raises:
        OnnxError: a tensor or the weights of a layer have more than 8 bits.
        ImportError: the package `onnx` is not installed.
    """
    return _Writer(network).write()


class _Writer:
    def __init__(self, network: QuantizedNetwork) -> None:
        self._network = network
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def write(self) -> bytes:
        from onnx import TensorProto, helper

        graph = self._network.network
        for name in (graph.input, *(layer.name for layer in graph.layers)):
            if self._network.formats[name].bits > 8:
                bits = self._network.formats[name].bits
                raise OnnxError(f"tensor {name} has {bits} bits; only 8-bit tensors can be written")
        codes = f"{graph.input}/codes"
        if len(graph.input_shape) == _SPATIAL:
            self._node("Transpose", [codes], f"{graph.input}/first", perm=[0, 3, 1, 2])
            codes = f"{graph.input}/first"
        self._dequantize(codes, graph.input, self._network.formats[graph.input])
        for layer in graph.layers:
            self._layer(layer)
        last = f"{graph.output}/codes"
        if len(graph.output_shape) == _SPATIAL:
            self._node("Transpose", [last], "output", perm=[0, 2, 3, 1])
        else:
            self._node("Identity", [last], "output")
        taken = helper.make_tensor_value_info(f"{graph.input}/codes", TensorProto.INT8, [1, *graph.input_shape])
        given = helper.make_tensor_value_info("output", TensorProto.INT8, [1, *graph.output_shape])
        content = helper.make_graph(self._nodes, graph.name, [taken], [given], self._constants)
        model = helper.make_model(
            content,
            opset_imports=[helper.make_opsetid("", _OPERATOR_SET)],
            ir_version=_IR_VERSION,
            producer_name="specc",
        )
        return bytes(model.SerializeToString())

    def _layer(self, layer: Layer) -> None:
        """One layer in real numbers, then its output as codes and back."""
        inputs, result = list(layer.inputs), f"{layer.name}/real"
        if layer.kind in ("dense", "flatten"):
            inputs = [self._flattened(layer)]
        if layer.kind in ("conv", "dwconv", "dense"):
            inputs += self._weights(layer)
        attributes: dict[str, Any] = {}
        if layer.kind in ("conv", "dwconv", "avgpool", "maxpool"):
            attributes = {"kernel_shape": list(layer.kernel), "strides": list(layer.stride), "pads": _pads(layer)}
        if layer.kind == "dwconv":
            attributes["group"] = layer.output_shape[-1]
        operator = {
            "conv": "Conv",
            "dwconv": "Conv",
            "dense": "Gemm",
            "avgpool": "AveragePool",
            "maxpool": "MaxPool",
            "add": "Add",
            "relu": "Relu",
            "relu6": "Clip",
            "sigmoid": "Sigmoid",
            "tanh": "Tanh",
            "softmax": "Softmax",
            "flatten": "Identity",
        }[layer.kind]
        if layer.kind == "dense":
            attributes["transB"] = 1
        if layer.kind == "softmax":
            attributes["axis"] = 1 if len(layer.output_shape) == _SPATIAL else -1
        if layer.kind == "relu6":
            inputs += self._bounds(layer)
        activated = layer.activation != "linear"
        self._node(operator, inputs, f"{layer.name}/linear" if activated else result, **attributes)
        if layer.activation == "relu":
            self._node("Relu", [f"{layer.name}/linear"], result)
        elif layer.activation == "relu6":
            self._node("Clip", [f"{layer.name}/linear", *self._bounds(layer)], result)
        form = self._network.formats[layer.name]
        if layer.kind == "avgpool" and len(layer.output_shape) == 1:
            self._node("Flatten", [result], f"{layer.name}/vector", axis=1)
            result = f"{layer.name}/vector"
        self._node("QuantizeLinear", [result, *self._scale(layer.name, form)], f"{layer.name}/codes")
        self._dequantize(f"{layer.name}/codes", layer.name, form)

    def _flattened(self, layer: Layer) -> str:
        """The layer's input as a vector, channels last as here."""
        source = layer.inputs[0]
        if len(layer.input_shapes[0]) == _SPATIAL:
            self._node("Transpose", [source], f"{layer.name}/last", perm=[0, 2, 3, 1])
            source = f"{layer.name}/last"
        self._node("Flatten", [source], f"{layer.name}/vector", axis=1)
        return f"{layer.name}/vector"

    def _weights(self, layer: Layer) -> list[str]:
        """Weights and bias in real numbers, from the codes and the scales that the multipliers stand for."""
        import numpy as np

        numbers = self._network.numbers[layer.name]
        assert numbers.weights is not None and numbers.bias is not None and layer.weight_shape is not None
        if numbers.weight_bits > 8:
            raise OnnxError(f"the weights of layer {layer.name} have {numbers.weight_bits} bits, more than 8")
        source, scales = self._network.formats[layer.inputs[0]], self._network.weight_scales(layer)
        weights = numbers.weights.reshape(layer.weight_shape)
        if layer.kind == "conv":
            weights = weights.transpose(0, 3, 1, 2)
        elif layer.kind == "dwconv":
            weights = weights.transpose(2, 0, 1)[:, np.newaxis]
        zeros = np.zeros(len(scales))
        names = []
        for name, values, item, scale in (
            ("weights", weights, np.int8, scales),
            ("bias", numbers.bias, np.int32, scales * source.scale),
        ):
            whole = f"{layer.name}/{name}"
            self._constant(f"{whole}/codes", values.astype(item))
            self._constant(f"{whole}/scale", scale.astype(np.float32))
            self._constant(f"{whole}/zero", zeros.astype(item))
            parts = [f"{whole}/codes", f"{whole}/scale", f"{whole}/zero"]
            self._node("DequantizeLinear", parts, whole, axis=0)
            names.append(whole)
        return names

    def _bounds(self, layer: Layer) -> list[str]:
        import numpy as np

        names = [f"{layer.name}/least", f"{layer.name}/most"]
        for name, value in zip(names, (0.0, 6.0), strict=True):
            self._constant(name, np.array(value, dtype=np.float32))
        return names

    def _dequantize(self, codes: str, result: str, form: TensorFormat) -> None:
        self._node("DequantizeLinear", [codes, *self._scale(f"{result}/back", form)], result)

    def _scale(self, name: str, form: TensorFormat) -> list[str]:
        import numpy as np

        self._constant(f"{name}/scale", np.array(form.scale, dtype=np.float32))
        self._constant(f"{name}/zero", np.array(form.zero_point, dtype=np.int8))
        return [f"{name}/scale", f"{name}/zero"]

    def _constant(self, name: str, values: npt.NDArray[Any]) -> None:
        from onnx import numpy_helper

        self._constants.append(numpy_helper.from_array(values, name))

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> None:
        from onnx import helper

        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))


def _pads(layer: Layer) -> list[int]:
    """Rows above, columns left, rows below, columns right."""
    after = [
        max(0, (out - 1) * stride + kernel - size - before)
        for size, out, kernel, stride, before in zip(
            layer.input_shapes[0], layer.output_shape, layer.kernel, layer.stride, layer.pad_before, strict=False
        )
    ]
    if len(layer.output_shape) < _SPATIAL:
        after = [0, 0]  # a global pool
    return [*layer.pad_before, *after]

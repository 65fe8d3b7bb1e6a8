"""ONNX files: networks of real numbers, or of 8-bit integers as pairs of QuantizeLinear and DequantizeLinear.

ONNX keeps images as (batch, channels, height, width), this project as (height, width, channels). Weights are converted,
which is exact; a dense layer behind a flattened image gets its columns in the other order. Codes of unsigned 8 bits
become signed ones, 128 less, together with their zero point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from specc.elaborate.importers.common import OUTPUTS, PROBABILITIES, damaged, unsupported
from specc.elaborate.importers.onnx_file import Node, open_graph
from specc.elaborate.importers.onnx_values import Activation, Values
from specc.elaborate.importers.onnx_weights import quantization
from specc.source import Span
from specc.spec.imported import ImportedModel

_WITH_ACTIVATION: Final = ("conv", "dwconv", "dense", "add")


def read(data: bytes, span: Span, input_name: str | None) -> ImportedModel:
    """The network of an ONNX file; its layers carry `span` as their place.

    Raises:
        ModelFileError: the package onnx is missing, the file is damaged, or it holds what no layer stands for.
    """
    return _Import(open_graph(data), span, input_name or "input").run()


@dataclass(frozen=True)
class Support:
    """An operator that can be imported: what it becomes, and under which conditions."""

    becomes: str
    conditions: str
    convert: Callable[[_Import, Node], None]


class _Import(Values):
    """One pass over the nodes, which the file stores in the order in which they can run."""

    def run(self) -> ImportedModel:
        self.values[self.graph.input] = self.input()
        for node in self.graph.nodes:
            support = SUPPORTED.get(node.name)
            if support is None:
                needed = f"a layer that computes {node.name}, in the integer model and in the kernels"
                raise unsupported(node.origin, f"{node.name} is not supported", needed, SUPPORTED)
            support.convert(self, node)
        if self.graph.output not in self.values:
            raise damaged("no operator makes the output of the network")
        self.builder.weights = {name: weights.stored() for name, weights in self.weights.items()}
        output = self.values[self.graph.output].layer
        last = self.builder.layers[-1].kind if self.quantized and self.builder.layers else ""
        if last in OUTPUTS:
            self.builder.formats.setdefault(output, OUTPUTS[last])  # real in the file: its codes are ours to choose
        return self.builder.build(output)

    def input(self) -> Activation:
        shape = self.graph.input_shape
        if len(shape) not in (2, 4) or shape[0] > 1 or min(shape[1:], default=0) < 1:
            why = f"its shape is {list(shape)[:8]}, where 0 stands for an open extent"
            raise unsupported("the input", why, "a batch of 1 x channels x height x width, or 1 x features")
        own = shape[1:] if len(shape) == 2 else (shape[2], shape[3], shape[1])
        self.builder.shapes[self.builder.input_name] = own
        return Activation(self.builder.input_name, "vector" if len(own) == 1 else "nchw")

    # ---- operators ----

    def conv(self, node: Node) -> None:
        source = self.image(node)
        weights = self.weights_of(node, 1, axis=0)
        if weights.array.ndim != 4:
            raise unsupported(node.origin, f"weights of {weights.array.ndim} axes", "a convolution of images")
        filters, depth, height, width = weights.array.shape
        channels = self.builder.image(source.layer, node.origin)[2]
        group = node.integer("group", 1)
        if node.integers("dilations", (1, 1)) != (1, 1):
            raise unsupported(node.origin, "it has a dilation", "kernels with dilation")
        depthwise = group == channels == filters and depth == 1 and channels > 1
        if not depthwise and (group != 1 or depth != channels):
            why = f"{group} groups and weights of {depth} channels for an input of {channels}"
            raise unsupported(node.origin, why, "one group, or one per channel")
        name = self.window(
            node,
            "dwconv" if depthwise else "conv",
            source,
            kernel=(height, width),
            channels=filters,
            units=None if depthwise else filters,
        )
        permutation = (2, 3, 0, 1) if depthwise else (0, 2, 3, 1)
        self.finish_weighted(node, name, replace(weights, permutation=permutation), source.layer)
        self.make(node, Activation(name, "nchw"))

    def gemm(self, node: Node) -> None:
        if node.integer("transA", 0) or node.real("alpha", 1.0) != 1 or node.real("beta", 1.0) != 1:
            raise unsupported(node.origin, "it scales or transposes its input", "alpha and beta of 1, transA of 0")
        self.dense(node, transposed=node.integer("transB", 0) == 1)

    def matmul(self, node: Node) -> None:
        self.dense(node, transposed=False)

    def dense(self, node: Node, *, transposed: bool) -> None:
        """A dense layer whose weights are (units, features) if `transposed`, else (features, units)."""
        source = self.value(node, 0)
        weights = self.weights_of(node, 1, axis=0 if transposed else 1)
        features = math.prod(self.builder.shapes[source.layer])
        if source.layout != "vector" or weights.array.ndim != 2:
            raise unsupported(node.origin, "its input is no vector", "a Flatten in front of it")
        units = weights.array.shape[weights.axis]
        if weights.array.size != units * features:
            raise damaged(f"{node.origin}: weights of {list(weights.array.shape)} for {features} features")
        name = self.builder.add("dense", node.index, node.origin, (source.layer,), (units,), units=units)
        # The file's features are those of (channels, height, width); ours of (height, width, channels).
        image = source.image or (features, 1, 1)
        if transposed:
            weights = replace(weights, array=weights.array.reshape(units, *image), permutation=(0, 2, 3, 1))
        else:
            weights = replace(weights, array=weights.array.reshape(*image, units), axis=3, permutation=(3, 1, 2, 0))
        self.finish_weighted(node, name, weights, source.layer)
        self.make(node, Activation(name, "vector"))

    def batch_normalization(self, node: Node) -> None:
        source = self.value(node, 0)
        weights = self.weights.get(source.layer)
        alone = self.graph.readers.get(node.input(0)) == 1
        if self.quantized or weights is None or not alone or self.layer_activation(source.layer) != "linear":
            needed = "a convolution or dense layer of real numbers in front, read by nothing else"
            raise unsupported(node.origin, "it cannot be folded into the layer before it", needed)
        scale, shift, mean, variance = (self.constant(node, position) for position in (1, 2, 3, 4))
        channels = (self.builder.shapes[source.layer][-1],)
        if not channels == scale.shape == shift.shape == mean.shape == variance.shape:
            raise damaged(f"{node.origin}: its parameters do not fit the channels of its input")
        self.weights[source.layer] = weights.normalized(scale, shift, mean, variance, node.real("epsilon", 1e-5))
        self.make(node, source)

    def average_pool(self, node: Node) -> None:
        self.pool(node, "avgpool")

    def max_pool(self, node: Node) -> None:
        self.pool(node, "maxpool")

    def pool(self, node: Node, kind: str) -> None:
        source = self.image(node)
        kernel = node.integers("kernel_shape", ())
        if len(kernel) != 2 or node.integer("ceil_mode", 0) or node.integers("dilations", (1, 1)) != (1, 1):
            raise unsupported(node.origin, "its window is not plain", "two axes, ceil_mode 0, no dilation")
        channels = self.builder.image(source.layer, node.origin)[2]
        name = self.window(node, kind, source, kernel=(kernel[0], kernel[1]), channels=channels)
        if kind == "maxpool":
            self.keep_format(name, source.layer)
        self.make(node, Activation(name, "nchw"))

    def global_average(self, node: Node) -> None:
        self.mean_of_image(node, self.image(node), "nchw")

    def reduce_mean(self, node: Node) -> None:
        source = self.image(node)
        axes = node.integers("axes", ())
        if node.has_input(1):
            axes = tuple(int(axis) for axis in self.constant(node, 1).ravel()[:8])
        if {axis % 4 for axis in axes} != {2, 3}:
            raise unsupported(node.origin, f"a mean over the axes {list(axes)}", "a mean over height and width")
        self.mean_of_image(node, source, "nchw" if node.integer("keepdims", 1) else "vector")

    def mean_of_image(self, node: Node, source: Activation, layout: str) -> None:
        height, width, channels = self.builder.image(source.layer, node.origin)
        name = self.builder.window(
            "avgpool",
            node.index,
            node.origin,
            source.layer,
            kernel=(height, width),
            stride=(1, 1),
            pads=(0, 0, 0, 0),
            channels=channels,
        )
        self.make(node, Activation(name, layout))

    def add(self, node: Node) -> None:
        computed = [name for name in node.inputs if name in self.values]
        if len(computed) == 1:
            self.add_bias(node, computed[0])
            return
        first, second = self.value(node, 0), self.value(node, 1)
        shape = self.builder.shapes[first.layer]
        if shape != self.builder.shapes[second.layer] or (first.layout, first.image) != (second.layout, second.image):
            raise unsupported(node.origin, "its inputs have different shapes", "an addition that repeats its input")
        name = self.builder.add("add", node.index, node.origin, (first.layer, second.layer), shape)
        self.make(node, replace(first, layer=name))

    def add_bias(self, node: Node, computed: str) -> None:
        """An addition of a constant to what a MatMul makes is its bias."""
        source = self.values[computed]
        weights = self.weights.get(source.layer)
        bias = self.constant(node, 1 - node.inputs.index(computed))
        fresh = weights is not None and weights.bias is None and self.layer_activation(source.layer) == "linear"
        if self.quantized or not fresh or self.graph.readers.get(computed) != 1 or source.layout != "vector":
            raise unsupported(node.origin, "it adds a constant", "a constant behind a MatMul of real numbers")
        assert weights is not None
        if bias.size != self.builder.shapes[source.layer][-1]:
            raise damaged(f"{node.origin}: {bias.size} constants for {self.builder.shapes[source.layer][-1]} outputs")
        self.weights[source.layer] = replace(weights, bias=bias.reshape(-1))
        self.make(node, source)

    def relu(self, node: Node) -> None:
        self.activate(node, "relu")

    def clip(self, node: Node) -> None:
        low = self.number(node, 1) if node.has_input(1) else node.real("min", -math.inf)
        high = self.number(node, 2) if node.has_input(2) else node.real("max", math.inf)
        unlimited = high > 3e38  # the largest 32-bit float stands for no limit
        if low != 0 or not (unlimited or high == 6):
            raise unsupported(node.origin, f"it clips to {low:g}..{high:g}", "limits of 0 and 6, or of 0 alone")
        self.activate(node, "relu6" if high == 6 else "relu")

    def activate(self, node: Node, kind: str) -> None:
        """ReLU becomes part of the layer before it, if nothing else reads that; else a layer of its own."""
        source = self.value(node, 0)
        own = next((layer for layer in self.builder.layers if layer.name == source.layer), None)
        fits = own is not None and own.kind in _WITH_ACTIVATION and own.activation == "linear"
        if fits and self.graph.readers.get(node.input(0)) == 1 and source.layer not in self.builder.formats:
            self.builder.activate(source.layer, kind)
            self.make(node, source)
            return
        shape = self.builder.shapes[source.layer]
        name = self.builder.add(kind, node.index, node.origin, (source.layer,), shape)
        self.keep_format(name, source.layer)
        self.make(node, replace(source, layer=name))

    def tabulated(self, node: Node) -> None:
        source = self.value(node, 0)
        shape = self.builder.shapes[source.layer]
        name = self.builder.add(node.name.lower(), node.index, node.origin, (source.layer,), shape)
        self.make(node, replace(source, layer=name))

    def softmax(self, node: Node) -> None:
        source = self.value(node, 0)
        shape = self.builder.shapes[source.layer]
        if source.layout != "vector" or node.integer("axis", -1) not in (-1, 1):
            raise unsupported(node.origin, "it is not over one vector", "a softmax over the last axis of two")
        name = self.builder.add("softmax", node.index, node.origin, (source.layer,), shape)
        self.make(node, Activation(name, "vector"))

    def flatten(self, node: Node) -> None:
        if node.integer("axis", 1) != 1:
            raise unsupported(node.origin, "it flattens from another axis than 1", "axis 1")
        self.make(node, self.flattened(node))

    def reshape(self, node: Node) -> None:
        source = self.value(node, 0)
        wanted = tuple(int(extent) for extent in self.constant(node, 1).ravel()[:8])
        size = math.prod(self.builder.shapes[source.layer])
        # (1, n), (0, n), (-1, n) with all n elements, or (1, -1): a flatten.
        if len(wanted) != 2 or not (wanted[1] == size or (wanted[1] == -1 and wanted[0] in (0, 1))):
            raise unsupported(node.origin, f"it makes {list(wanted)}", "a reshape to 1 x all elements")
        self.make(node, self.flattened(node))

    def flattened(self, node: Node) -> Activation:
        source = self.value(node, 0)
        if source.layout == "vector":
            return source
        height, width, channels = self.builder.image(source.layer, node.origin)
        shape = (height * width * channels,)
        name = self.builder.add("flatten", node.index, node.origin, (source.layer,), shape)
        self.keep_format(name, source.layer)
        return Activation(name, "vector", (channels, height, width) if source.layout == "nchw" else None)

    def transpose(self, node: Node) -> None:
        """Only a change between the two layouts of an image, which is none in memory."""
        source = self.value(node, 0)
        order = node.integers("perm", ())
        if order == (0, 3, 1, 2) and source.layer == self.builder.input_name and not self.builder.layers:
            if source.layout == "nchw":  # the file's input has its channels last
                first, second, third = self.graph.input_shape[1:]
                self.builder.shapes[source.layer] = (first, second, third)
            self.make(node, replace(source, layout="nchw"))
        elif order == (0, 2, 3, 1) and source.layout == "nchw":
            self.make(node, replace(source, layout="nhwc"))
        elif order == (0, 3, 1, 2) and source.layout == "nhwc":
            self.make(node, replace(source, layout="nchw"))
        else:
            raise unsupported(node.origin, f"it reorders the axes to {list(order)}", "a change of the image layout")

    def quantize(self, node: Node) -> None:
        source = self.value(node, 0)
        form = self.tensor_scale(node)
        own = self.builder.formats.setdefault(source.layer, form)
        if own != form:
            raise unsupported(node.origin, "it changes the scale of what is quantized already", "one scale per value")
        kind = next((layer.kind for layer in self.builder.layers if layer.name == source.layer), "input")
        if kind == "softmax" and form != PROBABILITIES:
            why = f"a softmax of the scale {form.scale:.6g} and the zero point {form.zero_point}"
            raise unsupported(node.origin, why, "the scale 1/256, and the smallest code for 0")
        self.make(node, source)

    def dequantize(self, node: Node) -> None:
        name = node.input(0)
        if name in self.values:
            if self.builder.formats.get(self.values[name].layer) != self.tensor_scale(node):
                raise unsupported(node.origin, "it reads codes in another scale", "the scale that they were made in")
            self.make(node, self.values[name])
            return
        zero_point = self.constant(node, 2) if node.has_input(2) else None
        codes, scales = quantization(node.origin, self.constant(node, 0), self.constant(node, 1), zero_point)
        self.claim(node)
        self.scaled[node.outputs[0]] = codes, scales

    def keep_constant(self, node: Node) -> None:
        if "value" not in node.attributes:
            raise unsupported(node.origin, "its value is no tensor", "a constant tensor")
        self.claim(node)
        self.constants[node.outputs[0]] = node.attributes["value"]

    def alias(self, node: Node) -> None:
        name = node.input(0)
        if name in self.constants:
            self.claim(node)
            self.constants[node.outputs[0]] = self.constants[name]
        else:
            self.make(node, self.value(node, 0))


_ACTIVATED: Final = "part of the layer before it, or a layer of its own in the same scale"
_RANGED: Final = "in a file of codes in any scale, or last and not quantized"
SUPPORTED: Final[dict[str, Support]] = {
    "Add": Support("add", "two computed inputs of one shape; or the bias of a MatMul", _Import.add),
    "AveragePool": Support("avgpool", "no padding, ceil_mode 0", _Import.average_pool),
    "BatchNormalization": Support("weights of the layer before it", "real numbers", _Import.batch_normalization),
    "Clip": Support("relu6 or relu", f"limits 0 and 6, or 0 alone; {_ACTIVATED}", _Import.clip),
    "Constant": Support("nothing", "a tensor", _Import.keep_constant),
    "Conv": Support("conv or dwconv", "images, no dilation, one group or one per channel", _Import.conv),
    "DequantizeLinear": Support("nothing", "of constants, or in the scale of QuantizeLinear", _Import.dequantize),
    "Dropout": Support("nothing", "as in inference", _Import.alias),
    "Flatten": Support("flatten", "axis 1", _Import.flatten),
    "Gemm": Support("dense", "alpha and beta 1, transA 0", _Import.gemm),
    "GlobalAveragePool": Support("avgpool", "", _Import.global_average),
    "Identity": Support("nothing", "", _Import.alias),
    "MatMul": Support("dense", "a vector times constant weights", _Import.matmul),
    "MaxPool": Support("maxpool", "ceil_mode 0, no dilation; same scale in and out", _Import.max_pool),
    "QuantizeLinear": Support("format of a layer's output", "8 bits, one scale per tensor", _Import.quantize),
    "ReduceMean": Support("avgpool", "over height and width", _Import.reduce_mean),
    "Relu": Support("relu", _ACTIVATED, _Import.relu),
    "Reshape": Support("flatten", "to 1 x all elements", _Import.reshape),
    "Sigmoid": Support("sigmoid", _RANGED, _Import.tabulated),
    "Softmax": Support(
        "softmax",
        "over one vector; quantized with the scale 1/256 and 0 as smallest code, or last and not quantized",
        _Import.softmax,
    ),
    "Tanh": Support("tanh", _RANGED, _Import.tabulated),
    "Transpose": Support("nothing", "between the two layouts of an image", _Import.transpose),
}

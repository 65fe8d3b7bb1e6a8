"""What importing an ONNX file keeps track of: which value of the file is which layer, in what layout and format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from specc.elaborate.importers.common import Builder, Pads, damaged, same_pads, unsupported
from specc.elaborate.importers.onnx_file import Graph, Node
from specc.elaborate.importers.onnx_weights import Weights
from specc.source import Span


@dataclass(frozen=True)
class Activation:
    """A computed value: the layer that makes it, and how the file lays it out.

    `layout` is "nchw", "nhwc" or "vector"; a vector that was an image keeps its (channels, height, width) in `image`
    if its items are in that order.
    """

    layer: str
    layout: str
    image: tuple[int, int, int] | None = None


class Values:
    """The network so far, and the values that it stands for."""

    def __init__(self, graph: Graph, span: Span, input_name: str) -> None:
        self.graph = graph
        self.builder = Builder(span, input_name)
        self.values: dict[str, Activation] = {}
        self.constants: dict[str, Any] = dict(graph.constants)
        self.scaled: dict[str, tuple[Any, Any]] = {}  # dequantized constants: codes (int8, int32), scales
        self.weights: dict[str, Weights] = {}
        self.quantized = any(node.name == "QuantizeLinear" for node in graph.nodes)

    def value(self, node: Node, position: int) -> Activation:
        name = node.input(position)
        if name in self.values:
            return self.values[name]
        if name in self.constants or name in self.scaled:
            raise unsupported(node.origin, f"its input {position} is a constant", "inputs that layers compute")
        raise damaged(f"{node.origin} reads `{name[:80]}`, which no operator before it makes")

    def image(self, node: Node) -> Activation:
        source = self.value(node, 0)
        if source.layout != "nchw":
            raise unsupported(node.origin, "its input is no image with channels in front", "an input in NCHW")
        return source

    def constant(self, node: Node, position: int) -> Any:
        name = node.input(position)
        if name not in self.constants:
            raise unsupported(node.origin, f"its input {position} is computed", "a constant that the file stores")
        return self.constants[name]

    def number(self, node: Node, position: int) -> float:
        array = self.constant(node, position)
        if array.size != 1:
            raise damaged(f"{node.origin}: its input {position} has {array.size} items, not one")
        return float(array.item())

    def claim(self, node: Node) -> None:
        """The node's output is new."""
        known = self.values.keys() | self.constants.keys() | self.scaled.keys()
        if not node.outputs or node.outputs[0] in known:
            raise damaged(f"{node.origin} makes what exists already")

    def make(self, node: Node, value: Activation) -> None:
        if any(self.graph.readers.get(name) for name in node.outputs[1:]):
            raise unsupported(node.origin, "more than its first output is read", "operators with one output")
        self.claim(node)
        self.values[node.outputs[0]] = value

    def layer_activation(self, name: str) -> str:
        return next((layer.activation for layer in self.builder.layers if layer.name == name), "linear")

    def keep_format(self, name: str, source: str) -> None:
        if source in self.builder.formats:
            self.builder.formats[name] = self.builder.formats[source]

    def tensor_scale(self, node: Node) -> Any:
        zero_point = self.constant(node, 2) if node.has_input(2) else None
        return Weights.tensor_scale(node.origin, self.constant(node, 1), zero_point)

    def weights_of(self, node: Node, position: int, *, axis: int) -> Weights:
        name = node.input(position)
        if name in self.scaled:
            codes, scales = self.scaled[name]
            return Weights(node.origin, codes, axis, scales=scales)
        array = self.constant(node, position)
        if self.quantized or array.dtype.kind != "f":
            raise unsupported(
                node.origin, f"its weights are {array.dtype}", "weights as its input: float, or quantized"
            )
        return Weights(node.origin, array, axis)

    def finish_weighted(self, node: Node, name: str, weights: Weights, source: str) -> None:
        if node.has_input(2):
            own = node.input(2)
            if own in self.scaled:
                form = self.builder.formats.get(source)
                weights = weights.with_bias_codes(*self.scaled[own], form.scale if form else 0.0)
            elif self.quantized:
                raise unsupported(node.origin, "its bias is not quantized", "a bias of 32-bit integers")
            else:
                weights = replace(weights, bias=self.constant(node, 2).reshape(-1))
            if weights.bias is None or weights.bias.shape != (self.builder.shapes[name][-1],):
                raise damaged(f"{node.origin}: its bias does not fit its outputs")
        self.builder.reserve(weights.array.shape)
        weights.check(self.builder.shapes[name][-1])
        self.weights[name] = weights

    def window(
        self, node: Node, kind: str, source: Activation, *, kernel: tuple[int, int], channels: int, **own: Any
    ) -> str:
        strides = node.integers("strides", (1, 1))
        if len(strides) != 2 or min(strides) < 1 or min(kernel) < 1:
            raise damaged(f"{node.origin}: strides of {list(strides)[:8]}, a kernel of {list(kernel)}")
        return self.builder.window(
            kind,
            node.index,
            node.origin,
            source.layer,
            kernel=kernel,
            stride=(strides[0], strides[1]),
            pads=self.pads(node, source, kernel, (strides[0], strides[1])),
            channels=channels,
            **own,
        )

    def pads(self, node: Node, source: Activation, kernel: tuple[int, int], stride: tuple[int, int]) -> Pads:
        auto = node.word("auto_pad", "NOTSET")
        if auto == "SAME_UPPER":
            height, width, _ = self.builder.image(source.layer, node.origin)
            return same_pads((height, width), kernel, stride)
        pads = node.integers("pads", (0, 0, 0, 0)) if auto == "NOTSET" else (0, 0, 0, 0)
        if auto not in ("NOTSET", "VALID") or len(pads) != 4:
            raise unsupported(node.origin, f"its padding is {auto} {list(pads)[:8]}", "pads, VALID or SAME_UPPER")
        return pads[0], pads[1], pads[2], pads[3]

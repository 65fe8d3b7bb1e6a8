"""What importing a TensorFlow Lite file keeps track of: which tensor of the file is which layer, and in what format."""

from __future__ import annotations

import math
from typing import Final

from specc.elaborate.importers import tflite_schema as schema
from specc.elaborate.importers.common import Builder, Pads, damaged, same_pads, unsupported
from specc.elaborate.importers.tflite_file import Graph, Operator, Tensor
from specc.source import Span
from specc.spec.imported import Constant, ImportedWeights

NO_PADS: Final[Pads] = (0, 0, 0, 0)


class Values:
    """The network so far, and the tensors that it stands for."""

    def __init__(self, graph: Graph, span: Span, input_name: str) -> None:
        self.graph = graph
        self.builder = Builder(span, input_name)
        self.made: dict[int, str] = {}  # tensor of the file -> layer (or input) of the network
        self.padded: dict[int, tuple[str, Pads]] = {}  # tensor that a PAD makes -> what it pads, and by how much

    def value(self, op: Operator, position: int) -> str:
        """The layer whose output an operator reads."""
        index = op.input(position)
        if index in self.made:
            return self.made[index]
        if self.graph.tensor(index, op.origin).constant:
            raise unsupported(op.origin, f"its input {position} is a constant", "inputs that layers compute")
        raise damaged(f"{op.origin} reads tensor {index}, which no operator before it makes")

    def source(self, op: Operator) -> str:
        return self.value(op, 0)

    def make(self, op: Operator, name: str) -> None:
        """The operator's output is that layer's, or the input."""
        if len(op.outputs) != 1 or op.outputs[0] in self.made:
            raise damaged(f"{op.origin} has {len(op.outputs)} outputs, or one that exists already")
        self.made[op.outputs[0]] = name

    def shape(self, tensor: Tensor, what: str) -> tuple[int, ...]:
        """Shape without the batch axis, which must be 1."""
        shape = tensor.shape
        if len(shape) in (2, 4) and shape[0] == 1:
            shape = shape[1:]
        elif len(shape) != 1:
            raise unsupported(
                what, f"a tensor of the shape {list(shape)}", "1 x height x width x channels, or 1 x features"
            )
        return tensor.check(shape, what)

    def pads(self, op: Operator, kernel: tuple[int, int], field: int, stride: tuple[int, int]) -> tuple[Pads, str]:
        """Padding of a window, that of a PAD in front included, and the layer that is read."""
        own = self.padded.get(op.input(0))
        source, before = own if own else (self.source(op), NO_PADS)
        padding = op.options.integer(field, "b")
        if padding not in (0, 1):
            raise damaged(f"{op.origin}: padding {padding}")
        if schema.PADDINGS[padding] == "valid" or min(*kernel, *stride) < 1:
            return before, source
        height, width, _ = self.builder.image(source, op.origin)
        size = (height + before[0] + before[2], width + before[1] + before[3])
        same = same_pads(size, kernel, stride)
        return (before[0] + same[0], before[1] + same[1], before[2] + same[2], before[3] + same[3]), source

    def finish(self, op: Operator, name: str, *, keeps_format: bool = False) -> None:
        """Record an operator's output: its format, and that the file declares the shape it must have."""
        out = self.graph.tensor(op.outputs[0], op.origin)
        shape = self.builder.shapes[name]
        if math.prod(out.shape) != math.prod(shape):
            raise damaged(f"{op.origin} makes {list(shape)}, but the file declares {list(out.shape)}")
        quantized = bool(self.builder.formats)
        if out.item_type != ("int8" if quantized else "float32"):
            needed = f"{'8-bit integers' if quantized else '32-bit floats'} from input to output"
            raise unsupported(op.origin, f"its output is {out.item_type}", needed)
        if quantized:
            if keeps_format:
                self.require_same_format(op, self.source(op))
            self.set_format(out, name, op.origin)
        self.make(op, name)

    def set_format(self, tensor: Tensor, name: str, what: str) -> None:
        if tensor.item_type != "int8":
            needed = "8-bit signed integers or 32-bit floats"
            raise unsupported(what, f"a tensor of type {tensor.item_type}", needed)
        self.builder.formats[name] = tensor.scale(what)

    def require_same_format(self, op: Operator, source: str) -> None:
        before = self.builder.formats.get(source)
        after = self.graph.tensor(op.outputs[0], op.origin).scale(op.origin) if before else None
        if before != after:
            raise unsupported(op.origin, "its output has another scale than its input", "the same scale on both sides")

    def weights_of(self, op: Operator, rank: int) -> Tensor:
        tensor = self.graph.tensor(op.input(1), op.origin)
        if not tensor.constant:
            raise unsupported(op.origin, "its weights are computed", "weights that the file stores")
        if len(tensor.shape) != rank:
            raise damaged(f"{op.origin}: its weights have the shape {list(tensor.shape)}")
        if tensor.sparse:
            raise unsupported(op.origin, "its weights are stored as a sparse array", "weights stored in full")
        tensor.check(tensor.shape, f"the weights of {op.origin}")
        return tensor

    def finish_weighted(self, op: Operator, name: str, tensor: Tensor, weights: Constant, *, axis: int) -> None:
        """Record an operator's weights, bias and output."""
        self.finish(op, name)
        wanted = "int8" if self.builder.formats else "float32"
        units = self.builder.shapes[name][-1]
        scales: tuple[float, ...] = ()
        if weights.item_type != wanted:
            raise unsupported(op.origin, f"its weights are {weights.item_type}", f"weights of type {wanted}")
        if self.builder.formats:
            scales = tensor.weight_scales(op.origin, axis, units)
        bias: Constant | None = None
        if op.has_input(2):
            own = self.graph.tensor(op.input(2), op.origin)
            bias = own.content(own.shape) if own.constant else None
            wanted = "int32" if self.builder.formats else "float32"
            if bias is None or bias.item_type != wanted:
                kind = "computed" if bias is None else bias.item_type
                raise unsupported(op.origin, f"its bias is {kind}", f"a stored bias of type {wanted}")
            if own.shape != (units,):
                raise damaged(f"{op.origin}: a bias of {list(own.shape)} for {units} outputs")
        self.builder.reserve(weights.shape)
        self.builder.weights[name] = ImportedWeights(weights, bias, scales)

    def require_channels(self, op: Operator, channels: int) -> None:
        source, _ = self.padded.get(op.input(0)) or (self.source(op), None)
        own = self.builder.image(source, op.origin)[2]
        if own != channels:
            needed = "a convolution in groups" if channels and own % channels == 0 else "weights that fit the input"
            raise unsupported(op.origin, f"weights of {channels} channels for an input of {own}", needed)

    def require_no_dilation(self, op: Operator, fields: tuple[int, ...]) -> None:
        factors = [op.options.integer(field, "i", 1) for field in fields]
        if factors != [1, 1]:
            raise unsupported(op.origin, f"a dilation of {factors}", "kernels with dilation")

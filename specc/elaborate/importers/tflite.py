"""TensorFlow Lite files: networks of 8-bit integers or of 32-bit floats.

Layouts are the project's own: activations (batch 1, height, width, channels), convolution weights (filters, height,
width, channels), depthwise weights (1, height, width, channels), dense weights (units, features).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from specc.elaborate.importers import tflite_schema as schema
from specc.elaborate.importers.common import PROBABILITIES, damaged, unsupported
from specc.elaborate.importers.flatbuffer import DamagedError
from specc.elaborate.importers.tflite_file import Operator, open_graph
from specc.elaborate.importers.tflite_values import NO_PADS, Values
from specc.source import Span
from specc.spec.imported import ImportedModel

_ACTIVATIONS: Final = {"NONE": "linear", "RELU": "relu", "RELU6": "relu6"}


def read(data: bytes, span: Span, input_name: str | None) -> ImportedModel:
    """The network of a TensorFlow Lite file; its layers carry `span` as their place.

    Raises:
        ModelFileError: the file is damaged, or holds what no layer stands for.
    """
    try:
        return _Import(open_graph(data), span, input_name or "input").run()
    except DamagedError as error:
        raise damaged(str(error)) from error


@dataclass(frozen=True)
class Support:
    """An operator that can be imported: what it becomes, and under which conditions."""

    becomes: str
    conditions: str
    convert: Callable[[_Import, Operator], None]


class _Import(Values):
    """One pass over the operators, which the file stores in the order in which they can run."""

    def run(self) -> ImportedModel:
        graph = self.graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            counts = f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
            raise unsupported("the network", f"it has {counts}", "a network with one input and one output")
        source = graph.tensor(graph.inputs[0], "the network")
        if source.constant:
            raise damaged("the input of the network is a constant")
        self.builder.shapes[self.builder.input_name] = self.shape(source, "the input")
        self.made[source.index] = self.builder.input_name
        if source.item_type != "float32":
            self.set_format(source, self.builder.input_name, "the input")
        for operator in graph.operators:
            support = SUPPORTED.get(operator.name)
            if support is None:
                needed = f"a layer that computes {operator.name}, in the integer model and in the kernels"
                raise unsupported(operator.origin, f"{operator.name} is not supported", needed, SUPPORTED)
            support.convert(self, operator)
        output = self.made.get(graph.outputs[0])
        if output is None:
            raise damaged("no operator makes the output of the network")
        return self.builder.build(output)

    # ---- operators ----

    def conv(self, op: Operator) -> None:
        kernels = self.weights_of(op, 4)
        filters, height, width, channels = kernels.shape
        self.require_channels(op, channels)
        pads, source = self.pads(op, (height, width), schema.CONV_PADDING, _strides(op))
        self.require_no_dilation(op, schema.CONV_DILATIONS)
        name = self.builder.window(
            "conv",
            op.index,
            op.origin,
            source,
            kernel=(height, width),
            stride=_strides(op),
            pads=pads,
            channels=filters,
            units=filters,
            activation=_activation(op, schema.CONV_ACTIVATION),
        )
        self.finish_weighted(op, name, kernels, kernels.content(kernels.shape), axis=0)

    def depthwise(self, op: Operator) -> None:
        kernels = self.weights_of(op, 4)
        batch, height, width, filters = kernels.shape
        channels = self.builder.image(self.source(op), op.origin)[2]
        self.require_no_dilation(op, schema.DEPTHWISE_DILATIONS)
        if batch != 1 or filters != channels * max(op.options.integer(schema.DEPTHWISE_MULTIPLIER, "i"), 1):
            raise damaged(f"{op.origin}: weights of {list(kernels.shape)} for an input of {channels} channels")
        if channels not in (filters, 1):
            why = f"a depthwise convolution that makes {filters // channels} outputs of each channel"
            raise unsupported(op.origin, why, "a depthwise kernel with a channel multiplier")
        pads, source = self.pads(op, (height, width), schema.CONV_PADDING, _strides(op))
        # On one channel it is a plain convolution, whose weights have the filters in front.
        plain = filters != channels
        name = self.builder.window(
            "conv" if plain else "dwconv",
            op.index,
            op.origin,
            source,
            kernel=(height, width),
            stride=_strides(op),
            pads=pads,
            channels=filters,
            units=filters if plain else None,
            activation=_activation(op, schema.DEPTHWISE_ACTIVATION),
        )
        content = kernels.content(kernels.shape, (3, 1, 2, 0) if plain else None)
        self.finish_weighted(op, name, kernels, content, axis=3)

    def dense(self, op: Operator) -> None:
        weights = self.weights_of(op, 2)
        units, features = weights.shape
        source = self.source(op)
        if op.options.integer(schema.DENSE_WEIGHTS_FORMAT, "b") != 0:
            raise unsupported(op.origin, "its weights are shuffled", "weights in plain order")
        if math.prod(self.builder.shapes[source]) != features:
            raise damaged(f"{op.origin}: {features:,} features for an input of {list(self.builder.shapes[source])}")
        activation = _activation(op, schema.DENSE_ACTIVATION)
        name = self.builder.add("dense", op.index, op.origin, (source,), (units,), units=units, activation=activation)
        self.finish_weighted(op, name, weights, weights.content(weights.shape), axis=0)

    def pool(self, op: Operator) -> None:
        kernel = op.options.integer(schema.POOL_HEIGHT, "i"), op.options.integer(schema.POOL_WIDTH, "i")
        pads, source = self.pads(op, kernel, schema.POOL_PADDING, _strides(op))
        name = self.builder.window(
            "avgpool" if op.name == "AVERAGE_POOL_2D" else "maxpool",
            op.index,
            op.origin,
            source,
            kernel=kernel,
            stride=_strides(op),
            pads=pads,
            channels=self.builder.image(source, op.origin)[2],
            activation=_activation(op, schema.POOL_ACTIVATION),
        )
        self.finish(op, name, keeps_format=op.name == "MAX_POOL_2D")

    def mean(self, op: Operator) -> None:
        axes = self.graph.tensor(op.input(1), op.origin).whole_numbers(op.origin)
        source = self.source(op)
        height, width, channels = self.builder.image(source, op.origin)
        if {axis % 4 for axis in axes} != {1, 2}:
            raise unsupported(op.origin, f"a mean over the axes {list(axes)}", "a mean over height and width")
        name = self.builder.window(
            "avgpool",
            op.index,
            op.origin,
            source,
            kernel=(height, width),
            stride=(1, 1),
            pads=NO_PADS,
            channels=channels,
        )
        self.finish(op, name)

    def add(self, op: Operator) -> None:
        first, second = (self.value(op, position) for position in (0, 1))
        if self.builder.shapes[first] != self.builder.shapes[second]:
            raise unsupported(op.origin, "its inputs have different shapes", "an addition that repeats its input")
        activation = _activation(op, schema.ADD_ACTIVATION)
        shape = self.builder.shapes[first]
        self.finish(op, self.builder.add("add", op.index, op.origin, (first, second), shape, activation=activation))

    def relu(self, op: Operator) -> None:
        source = self.source(op)
        name = self.builder.add(op.name.lower(), op.index, op.origin, (source,), self.builder.shapes[source])
        self.finish(op, name, keeps_format=True)

    def tabulated(self, op: Operator) -> None:
        source = self.source(op)
        kind = {"LOGISTIC": "sigmoid", "TANH": "tanh"}[op.name]
        self.finish(op, self.builder.add(kind, op.index, op.origin, (source,), self.builder.shapes[source]))

    def softmax(self, op: Operator) -> None:
        source = self.source(op)
        shape = self.builder.shapes[source]
        beta = op.options.real(schema.SOFTMAX_BETA)
        if math.prod(shape) != shape[-1]:
            raise unsupported(op.origin, f"a softmax over {list(shape)}", "a softmax over one vector")
        if not 0 < beta < math.inf:
            raise damaged(f"{op.origin}: beta is {beta}")
        name = self.builder.add("softmax", op.index, op.origin, (source,), shape)
        self.builder.betas[name] = beta
        self.finish(op, name)
        form = self.builder.formats.get(name)
        if form is not None and form != PROBABILITIES:
            why = f"its output has the scale {form.scale:.6g} and the zero point {form.zero_point}"
            raise unsupported(op.origin, why, "the scale 1/256 and the zero point -128")

    def reshape(self, op: Operator) -> None:
        source = self.source(op)
        out = self.graph.tensor(op.outputs[0], op.origin)
        old, new = self.builder.shapes[source], self.shape(out, op.origin)
        if math.prod(old) != math.prod(new):
            raise damaged(f"{op.origin}: {list(old)} cannot become {list(new)}")
        if new == old:
            self.make(op, source)
        elif source == self.builder.input_name and not self.builder.layers:
            self.builder.shapes[source] = new  # the input's codes lie in the same order in either shape
            self.make(op, source)
        elif len(new) == 1:
            self.finish(op, self.builder.add("flatten", op.index, op.origin, (source,), new), keeps_format=True)
        else:
            why = f"it makes {list(new)} of {list(old)}"
            raise unsupported(op.origin, why, "a reshape to a plain vector")

    def pad(self, op: Operator) -> None:
        amounts = self.graph.tensor(op.input(1), op.origin).whole_numbers(op.origin)
        source = self.source(op)
        self.builder.image(source, op.origin)
        if len(amounts) != 8 or any(amounts[:2]) or any(amounts[6:]) or min(amounts) < 0:
            why = f"padding of {list(amounts)[:8]}"
            raise unsupported(op.origin, why, "padding of height and width, in front of a convolution")
        readers = self.graph.readers.get(op.outputs[0])
        if not readers or not readers <= {"CONV_2D", "DEPTHWISE_CONV_2D"}:
            raise unsupported(op.origin, "it is not read by convolutions alone", "padding in front of a convolution")
        self.require_same_format(op, source)
        self.padded[op.outputs[0]] = source, (amounts[2], amounts[4], amounts[3], amounts[5])

    def quantize(self, op: Operator) -> None:
        """At the input: the network takes codes. A change of scale in the middle is a layer that does not exist."""
        out = self.graph.tensor(op.outputs[0], op.origin)
        source = self.source(op)
        if source != self.builder.input_name or self.builder.layers or self.builder.formats:
            raise unsupported(op.origin, "it stands inside the network", "QUANTIZE as the first operator")
        self.make(op, source)
        self.set_format(out, source, op.origin)

    def dequantize(self, op: Operator) -> None:
        """At the output: the network gives codes."""
        if op.outputs[0] not in self.graph.outputs:
            raise unsupported(op.origin, "it stands inside the network", "DEQUANTIZE as the last operator")
        self.make(op, self.source(op))


def _strides(op: Operator) -> tuple[int, int]:
    """Height and width; convolutions and pools keep them in the same fields."""
    return (
        op.options.integer(schema.CONV_STRIDE_HEIGHT, "i"),
        op.options.integer(schema.CONV_STRIDE_WIDTH, "i"),
    )


def _activation(op: Operator, field: int) -> str:
    number = op.options.integer(field, "b")
    name = schema.ACTIVATIONS[number] if 0 <= number < len(schema.ACTIVATIONS) else str(number)
    if name not in _ACTIVATIONS:
        raise unsupported(op.origin, f"its activation is {name}", "an activation of NONE, RELU or RELU6")
    return _ACTIVATIONS[name]


_IN_PLACE = "same scale in and out"
SUPPORTED: Final[dict[str, Support]] = {
    "ADD": Support("add", "two computed inputs of one shape", _Import.add),
    "AVERAGE_POOL_2D": Support("avgpool", "no padding", _Import.pool),
    "CONV_2D": Support("conv", "no dilation, no groups; activation none, ReLU or ReLU6", _Import.conv),
    "DEPTHWISE_CONV_2D": Support(
        "dwconv",
        "no dilation; one output for each channel, or an input of one channel (a conv)",
        _Import.depthwise,
    ),
    "DEQUANTIZE": Support("nothing", "last operator: the network gives codes", _Import.dequantize),
    "FULLY_CONNECTED": Support("dense", "activation none, ReLU or ReLU6", _Import.dense),
    "LOGISTIC": Support("sigmoid", "", _Import.tabulated),
    "MAX_POOL_2D": Support("maxpool", _IN_PLACE, _Import.pool),
    "MEAN": Support("avgpool", "over height and width", _Import.mean),
    "PAD": Support("padding of the next layer", "height and width, in front of convolutions", _Import.pad),
    "QUANTIZE": Support("nothing", "first operator: the network takes codes", _Import.quantize),
    "RELU": Support("relu", _IN_PLACE, _Import.relu),
    "RELU6": Support("relu6", _IN_PLACE, _Import.relu),
    "RESHAPE": Support("flatten", "to a plain vector, or of the network's input", _Import.reshape),
    "SOFTMAX": Support("softmax", "over one vector; output scale 1/256, zero point -128", _Import.softmax),
    "SQUEEZE": Support("flatten", "as RESHAPE", _Import.reshape),
    "TANH": Support("tanh", "", _Import.tabulated),
}

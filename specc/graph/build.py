"""From a declared model to a network with every shape worked out.

Padding follows TensorFlow Lite (tensorflow/lite/kernels/padding.h): `same` gives ceil(input / stride) outputs, and the
odd row or column of padding goes behind.
"""

from __future__ import annotations

import math

from specc.graph.network import Layer, Network, Shape, ShapeError
from specc.spec.model import LayerSpec, ModelSpec, Padding

_SPATIAL = ("conv", "dwconv", "avgpool", "maxpool")


def build_network(model: ModelSpec) -> Network:
    """Work out every layer's input and output shape.

    A layer without declared inputs reads the layer before it, the first one the network's input.

    Raises:
        ShapeError: a layer cannot take its input, or the network has none; `layer` and `field` say where.
    """
    _require_input_shape(model)
    if not model.layers:
        raise ShapeError(model.name, f"model `{model.name}` declares no layers")
    shapes: dict[str, Shape] = {model.input.name: model.input.shape}
    layers: list[Layer] = []
    previous = model.input.name
    for declared in model.layers:
        if declared.name in shapes:
            raise ShapeError(declared.name, f"the name `{declared.name}` is already taken", "name")
        layer = _layer(declared, declared.inputs or (previous,), shapes)
        shapes[layer.name] = layer.output_shape
        layers.append(layer)
        previous = layer.name
    return Network(model.name, model.input.name, model.input.shape, tuple(layers))


def show(shape: Shape) -> str:
    """A shape as it is written in a spec: 25x5x64."""
    return "x".join(str(size) for size in shape)


def _require_input_shape(model: ModelSpec) -> None:
    shape = model.input.shape
    if len(shape) not in (1, 3) or min(shape, default=0) < 1:
        message = (
            f"input `{model.input.name}` is {show(shape) or 'empty'}; "
            "an input is height x width x channels (49x10x1) or a plain number of features, each at least 1"
        )
        raise ShapeError(model.input.name, message, "shape")


def _layer(declared: LayerSpec, inputs: tuple[str, ...], shapes: dict[str, Shape]) -> Layer:
    for name in inputs:
        if name not in shapes:
            raise ShapeError(declared.name, f"`{declared.name}` reads `{name}`, which no earlier layer makes", "inputs")
    wanted = 2 if declared.kind == "add" else 1
    if len(inputs) != wanted:
        message = (
            f"{declared.kind} `{declared.name}` reads {wanted} tensor{'s' if wanted > 1 else ''}, not {len(inputs)}"
        )
        raise ShapeError(declared.name, message, "inputs")
    input_shapes = tuple(shapes[name] for name in inputs)
    if declared.kind in _SPATIAL:
        return _spatial(declared, inputs, input_shapes)
    return Layer(
        name=declared.name,
        kind=declared.kind,
        inputs=inputs,
        input_shapes=input_shapes,
        output_shape=_plain_output(declared, inputs, input_shapes),
        activation=declared.activation,
    )


def _plain_output(declared: LayerSpec, inputs: tuple[str, ...], input_shapes: tuple[Shape, ...]) -> Shape:
    """Output shape of the layers that slide no window."""
    first = input_shapes[0]
    if declared.kind == "dense":
        return (_units(declared, "units"),)
    if declared.kind == "flatten":
        return (math.prod(first),)
    if declared.kind == "add" and input_shapes[1] != first:
        message = (
            f"add `{declared.name}` needs two equal shapes: "
            f"`{inputs[0]}` is {show(first)}, `{inputs[1]}` is {show(input_shapes[1])}"
        )
        raise ShapeError(declared.name, message, "inputs")
    if declared.kind == "softmax" and math.prod(first) != first[-1]:
        message = f"softmax `{declared.name}` takes one vector, `{inputs[0]}` is {show(first)}: flatten it first"
        raise ShapeError(declared.name, message, "inputs")
    return first


def _spatial(declared: LayerSpec, inputs: tuple[str, ...], input_shapes: tuple[Shape, ...]) -> Layer:
    """A convolution or a pool."""
    shape = input_shapes[0]
    if len(shape) != 3:
        reason = f"needs height x width x channels, but `{inputs[0]}` is a vector of {show(shape)}"
        message = f"{declared.kind} `{declared.name}` {reason}"
        raise ShapeError(declared.name, message, "inputs")
    size = (shape[0], shape[1])
    pool = declared.kind in ("avgpool", "maxpool")
    whole_input = pool and declared.kernel is None
    kernel = size if whole_input else declared.kernel
    stride = (1, 1) if whole_input else declared.stride
    if kernel is None:
        raise ShapeError(
            declared.name, f"{declared.kind} `{declared.name}` needs a kernel, such as `kernel 3x3`", "kernel"
        )
    for values, field in ((kernel, "kernel"), (stride, "stride")):
        if min(values) < 1:
            message = f"{declared.kind} `{declared.name}`: {field} {show(values)} must be at least 1x1"
            raise ShapeError(declared.name, message, field)
    padding: Padding = "valid" if whole_input else declared.padding
    pads = declared.pads or (None, None, None, None)
    rows, above, rows_padded = _slide(size[0], kernel[0], stride[0], padding, pads[0::2])
    columns, left, columns_padded = _slide(size[1], kernel[1], stride[1], padding, pads[1::2])
    if rows < 1 or columns < 1:
        largest = (min(kernel[0], size[0]), min(kernel[1], size[1]))
        repair = "`global`" if declared.kind == "avgpool" else "`padding same`"  # no average is taken over padding
        message = (
            f"kernel {show(kernel)} of `{declared.name}` does not fit into `{inputs[0]}`, which is {show(shape)}: "
            f"use {repair}, or a kernel of at most {show(largest)}"
        )
        raise ShapeError(declared.name, message, "kernel")
    if declared.kind == "avgpool" and (rows_padded or columns_padded):
        valid = (_valid(size[0], kernel[0], stride[0]), _valid(size[1], kernel[1], stride[1]))
        message = (
            f"average pool `{declared.name}` would average over padding, which frameworks define differently: "
            f"use `padding valid`, which gives {show(valid)}"
        )
        raise ShapeError(declared.name, message, "padding")
    channels = _units(declared, "filters") if declared.kind == "conv" else shape[2]
    return Layer(
        name=declared.name,
        kind=declared.kind,
        inputs=inputs,
        input_shapes=input_shapes,
        output_shape=(rows, columns, channels),
        kernel=kernel,
        stride=stride,
        pad_before=(above, left),
        activation=declared.activation,
    )


def _slide(size: int, kernel: int, stride: int, padding: Padding, pads: tuple[int | None, ...]) -> tuple[int, int, int]:
    """Outputs along one axis, padding before the first element, and padding in all."""
    before, behind = pads
    if before is not None and behind is not None:
        return _valid(size + before + behind, kernel, stride), before, before + behind
    if padding == "valid":
        return _valid(size, kernel, stride), 0, 0
    outputs = math.ceil(size / stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return outputs, total // 2, total


def _valid(size: int, kernel: int, stride: int) -> int:
    return max((size - kernel) // stride + 1, 0)


def _units(declared: LayerSpec, word: str) -> int:
    if declared.units is None or declared.units < 1:
        message = f"{declared.kind} `{declared.name}` needs a number of {word} of at least 1, such as `{word} 16`"
        raise ShapeError(declared.name, message, "units")
    return declared.units

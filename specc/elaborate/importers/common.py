"""What every importer shares: its errors, its limits, and the network as it grows operator by operator."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from specc.elaborate.layers import EXTENT_LIMIT, KERNEL_LIMIT
from specc.source import Span
from specc.spec.imported import ImportedModel, ImportedWeights, TensorScale
from specc.spec.model import LayerSpec

OPERATOR_LIMIT: Final = 4096
ELEMENT_LIMIT: Final = 1 << 26  # per tensor, and for the weights of all layers together
PROBABILITIES: Final = TensorScale(2.0**-8, -128)  # the one format of a softmax's output
# Formats of outputs whose range is known, where the file leaves the last one real.
OUTPUTS: Final = {"softmax": PROBABILITIES, "sigmoid": PROBABILITIES, "tanh": TensorScale(2.0**-7, 0)}
Pads = tuple[int, int, int, int]  # rows above, columns left, rows below, columns right


class ModelFileError(Exception):
    """A model file cannot be used. `code` is the diagnostic, `notes` its further lines."""

    def __init__(self, code: str, message: str, notes: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.notes = tuple(notes)


def damaged(message: str) -> ModelFileError:
    """The file contradicts itself or its format."""
    return ModelFileError("E2202", message)


def unsupported(origin: str, why: str, needed: str, supported: Iterable[str] = ()) -> ModelFileError:
    """An operator that no layer stands for: where it is, why not, what would be needed."""
    notes = [f"needed: {needed}"]
    if names := ", ".join(supported):
        notes.append(f"supported: {names}")
    return ModelFileError("E2203", f"{origin}: {why}", notes)


def check_extents(what: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape whose extents and number of elements are within the limits."""
    if not all(1 <= extent <= EXTENT_LIMIT for extent in shape) or math.prod(shape) > ELEMENT_LIMIT:
        raise damaged(
            f"{what} has the shape {list(shape)[:8]}; extents lie between 1 and {EXTENT_LIMIT:,}, "
            f"and a tensor has at most {ELEMENT_LIMIT:,} elements"
        )
    return shape


def same_pads(size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> Pads:
    """Padding `same` as TensorFlow Lite defines it (tensorflow/lite/kernels/padding.h): what is odd goes behind."""
    totals = [
        max((math.ceil(extent / step) - 1) * step + window - extent, 0)
        for extent, window, step in zip(size, kernel, stride, strict=True)
    ]
    above, left = totals[0] // 2, totals[1] // 2
    return above, left, totals[0] - above, totals[1] - left


@dataclass
class Builder:
    """A network under construction. Tensors are known by the name of the layer that makes them."""

    span: Span
    input_name: str = "input"
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    layers: list[LayerSpec] = field(default_factory=list)
    weights: dict[str, ImportedWeights] = field(default_factory=dict)
    formats: dict[str, TensorScale] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    betas: dict[str, float] = field(default_factory=dict)
    weight_elements: int = 0

    def add(
        self, kind: str, index: int, origin: str, inputs: tuple[str, ...], shape: tuple[int, ...], **own: Any
    ) -> str:
        """Append a layer, named after its kind and the operator's number; the name of its output."""
        name = f"{kind}{index}"
        if name in self.shapes:
            raise ModelFileError("E2205", f"the input is called `{name}`, which is the name of a layer of the file")
        spans = {"": self.span}
        self.layers.append(
            LayerSpec.model_validate({"name": name, "kind": kind, "inputs": inputs, "spans": spans, **own})
        )
        self.shapes[name] = check_extents(f"the output of {origin}", shape)
        self.origins[name] = origin
        return name

    def window(
        self,
        kind: str,
        index: int,
        origin: str,
        source: str,
        *,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        pads: Pads,
        channels: int,
        **own: Any,
    ) -> str:
        """Append a convolution or pool; its output shape follows."""
        height, width, depth = self.image(source, origin)
        if not all(1 <= extent <= KERNEL_LIMIT for extent in (*kernel, *stride)):
            raise damaged(f"{origin}: a kernel of {list(kernel)} with a stride of {list(stride)}")
        if any(pad < 0 or pad >= extent for pad, extent in zip(pads, (*kernel, *kernel), strict=True)):
            raise damaged(f"{origin}: padding of {list(pads)} around a kernel of {list(kernel)}")
        if kind == "avgpool" and any(pads):
            needed = "an average over padding, which frameworks define differently"
            raise unsupported(origin, "an average pool with padding", needed)
        rows = (height + pads[0] + pads[2] - kernel[0]) // stride[0] + 1
        columns = (width + pads[1] + pads[3] - kernel[1]) // stride[1] + 1
        if rows < 1 or columns < 1:
            raise damaged(f"{origin}: a kernel of {list(kernel)} does not fit into its input, {height}x{width}x{depth}")
        options: dict[str, Any] = {"kernel": kernel, "stride": stride}
        if kind == "avgpool" and kernel == (height, width):
            options = {}  # a global pool
        elif any(pads):
            same = pads == same_pads((height, width), kernel, stride)
            options |= {"padding": "same"} if same else {"pads": pads}
        return self.add(kind, index, origin, (source,), (rows, columns, channels), **options, **own)

    def image(self, tensor: str, origin: str) -> tuple[int, int, int]:
        """Shape of a tensor that must have height, width and channels."""
        shape = self.shapes[tensor]
        if len(shape) != 3:
            raise damaged(f"{origin}: its input has the shape {list(shape)}, not height, width and channels")
        return shape[0], shape[1], shape[2]

    def reserve(self, shape: tuple[int, ...]) -> None:
        """Account for weights before they are taken up: layers may share what the file stores once."""
        self.weight_elements += math.prod(shape)
        if self.weight_elements > ELEMENT_LIMIT:
            raise damaged(f"its layers have more than {ELEMENT_LIMIT:,} weights together")

    def activate(self, name: str, activation: str) -> None:
        """Give a layer that is already there its activation."""
        index = next(i for i, layer in enumerate(self.layers) if layer.name == name)
        self.layers[index] = self.layers[index].model_copy(update={"activation": activation})

    def build(self, output: str) -> ImportedModel:
        """The finished network, which must end with its output."""
        if not self.layers or self.layers[-1].name != output:
            last = self.origins[self.layers[-1].name] if self.layers else "nothing"
            raise damaged(f"the output of the network is not what its last operator computes, which is {last}")
        model = ImportedModel(
            input_name=self.input_name,
            input_shape=self.shapes[self.input_name],
            layers=tuple(self.layers),
            weights=self.weights,
            formats=self.formats,
            origins=self.origins,
            softmax_betas=self.betas,
        )
        if missing := [name for name in self.shapes if model.quantized and name not in self.formats]:
            what = self.origins.get(missing[0], "the input")
            raise unsupported(what, "its output is not quantized, but others are", "a network in one number format")
        return replace(model, formats={name: model.formats[name] for name in self.shapes if name in model.formats})

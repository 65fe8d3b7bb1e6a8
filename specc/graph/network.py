"""A network as a list of layers over named tensors, with shapes, MACs and parameters worked out.

Shapes are (height, width, channels) or (features,); there is no batch axis. Weight layouts: conv (filters, kernel
height, kernel width, input channels); depthwise (kernel height, kernel width, channels); dense (units, features).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from specc.spec.model import Activation, LayerKind

Shape = tuple[int, ...]


class ShapeError(ValueError):
    """A layer cannot take the input it is given. `layer` names it; the message says why and what would fit.

    `field` names the field of the declaration that is at fault ("kernel", "inputs"); empty for the whole layer.
    """

    def __init__(self, layer: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.layer = layer
        self.field = field


@dataclass(frozen=True)
class Layer:
    """One operation. Its output tensor has the layer's own name."""

    name: str
    kind: LayerKind
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    pad_before: tuple[int, int] = (0, 0)  # rows above, columns left; what is below and right follows from the shapes
    activation: Activation = "linear"

    @property
    def weight_shape(self) -> Shape | None:
        """Shape of the weights, or None for a layer without."""
        channels = self.input_shapes[0][-1]
        if self.kind == "conv":
            return (self.output_shape[-1], *self.kernel, channels)
        if self.kind == "dwconv":
            return (*self.kernel, channels)
        if self.kind == "dense":
            return (self.output_shape[-1], math.prod(self.input_shapes[0]))
        return None

    @property
    def parameters(self) -> int:
        """Weights and biases (one bias per output channel)."""
        return math.prod(self.weight_shape) + self.output_shape[-1] if self.weight_shape else 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference; padding counts as work, as the field counts it."""
        if self.kind in ("conv", "dense"):
            assert self.weight_shape is not None
            return math.prod(self.output_shape[:-1]) * math.prod(self.weight_shape)
        if self.kind == "dwconv":
            return math.prod(self.output_shape) * math.prod(self.kernel)
        return 0


@dataclass(frozen=True)
class Network:
    """Layers in an order in which they can run; the last layer's output is the network's output."""

    name: str
    input: str
    input_shape: Shape
    layers: tuple[Layer, ...]

    @property
    def output(self) -> str:
        return self.layers[-1].name

    @property
    def output_shape(self) -> Shape:
        return self.layers[-1].output_shape

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    def layer(self, name: str) -> Layer:
        """The layer of that name.

        Raises:
            KeyError: no such layer.
        """
        return self._layers_by_name[name]

    def select(self, names: Iterable[str]) -> tuple[Layer, ...]:
        """The layers of these names, each once and in their order; names of no layer are left out."""
        positions = sorted({self._positions[name] for name in names if name in self._positions})
        return tuple(self.layers[position] for position in positions)

    def consumers(self, tensor: str) -> tuple[Layer, ...]:
        """The layers that read a tensor."""
        return self._readers.get(tensor, ())

    def shape(self, tensor: str) -> Shape:
        """Shape of the input or of a layer's output."""
        return self.input_shape if tensor == self.input else self.layer(tensor).output_shape

    @cached_property
    def _layers_by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {layer.name: position for position, layer in enumerate(self.layers)}

    @cached_property
    def _readers(self) -> dict[str, tuple[Layer, ...]]:
        readers: dict[str, list[Layer]] = {}
        for layer in self.layers:
            for tensor in dict.fromkeys(layer.inputs):
                readers.setdefault(tensor, []).append(layer)
        return {tensor: tuple(layers) for tensor, layers in readers.items()}

"""The `model` section: a network declared layer by layer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from specc.spec.base import Node

LayerKind = Literal["conv", "dwconv", "dense", "avgpool", "maxpool", "add", "relu", "relu6", "softmax", "flatten"]
Activation = Literal["linear", "relu", "relu6"]
Padding = Literal["same", "valid"]


class LayerSpec(Node):
    """One layer as declared. Fields that its kind does not use are None; the elaborator enforces that."""

    name: str
    kind: LayerKind
    inputs: tuple[str, ...] = ()  # names of layers or of the input; empty: the layer declared just before
    kernel: tuple[int, int] | None = None  # height, width; None on a pool means global
    stride: tuple[int, int] = (1, 1)
    padding: Padding = "valid"
    units: int | None = None  # dense outputs, or conv filters
    activation: Activation = "linear"


class InputSpec(Node):
    """The network's input: shape height x width x channels, or a plain vector.

    `distribution` says what values arrive: uniform on [-scale, scale), or normal with standard deviation `scale`.
    `streamed` inputs arrive row by row and need never be resident as a whole.
    """

    name: str
    shape: tuple[int, ...]
    distribution: Literal["uniform", "normal"] | None = None
    scale: float = 1.0
    streamed: bool = False


class Fusion(Node):
    """Layers to execute as one: `fused` keeps no tensor between them; `window_sums` is the exact rewrite of a linear
    convolution followed by a global average pool (sum the windows first, then multiply once)."""

    layers: tuple[str, ...]
    method: Literal["fused", "window_sums"]


class WeightsSpec(Node):
    """Where the weights come from. Seeded weights are drawn from a fixed generator; they test cost, not accuracy."""

    seed: int


class ModelSpec(Node):
    """A network: its input and its layers in order of execution."""

    name: str
    input: InputSpec
    layers: tuple[LayerSpec, ...]
    weights: WeightsSpec | None = None
    fusions: tuple[Fusion, ...] = ()


class QuantizationRow(Node):
    """One row of the quantization table: the fixed-point grid of a layer's weights and of its input activations.

    `range` is the largest magnitude to represent, `step` the distance between codes; both None means calibrated: scales
    are taken from the weights (per channel) and from the activations seen on seeded inputs (per tensor), as int8
    inference frameworks do.
    """

    layer: str  # a layer's name, or "*" for every layer without a row of its own
    bits: int
    range: float | None = None
    step: float | None = None
    accumulator: int = 32
    guard: int = 0
    notes: str = ""

    @property
    def calibrated(self) -> bool:
        return self.range is None


class QuantizationTable(Node):
    """The quantization table of one model."""

    model: str
    rows: tuple[QuantizationRow, ...] = Field(min_length=1)

    def row(self, layer: str) -> QuantizationRow | None:
        """The row that governs a layer: its own, else the `*` row, else None."""
        by_name = {row.layer: row for row in self.rows}
        return by_name.get(layer) or by_name.get("*")

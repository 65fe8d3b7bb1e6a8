"""The `model` section: a network declared layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field

from specc.spec.base import Node

if TYPE_CHECKING:
    from specc.spec.imported import ImportedModel, StoredWeights

LayerKind = Literal[
    "conv",
    "dwconv",
    "dense",
    "avgpool",
    "maxpool",
    "add",
    "relu",
    "relu6",
    "sigmoid",
    "tanh",
    "softmax",
    "flatten",
]
Activation = Literal["linear", "relu", "relu6"]
Padding = Literal["same", "valid"]
# Activations that integers compute by a table. They are layers of their own: the table needs codes to be read with.
TABULATED: Final = ("sigmoid", "tanh")


class LayerSpec(Node):
    """One layer as declared. Fields that its kind does not use are None; the elaborator enforces that."""

    name: str
    kind: LayerKind
    inputs: tuple[str, ...] = ()  # names of layers or of the input; empty: the layer declared just before
    kernel: tuple[int, int] | None = None  # height, width; None on a pool means global
    stride: tuple[int, int] = (1, 1)
    padding: Padding = "valid"
    pads: tuple[int, int, int, int] | None = None  # rows above, columns left, rows below, columns right; for `padding`
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
    convolution followed by a global average pool (sum the windows first, then multiply once). With `tile`, so many
    columns of the last one's output are made at a time."""

    layers: tuple[str, ...]
    method: Literal["fused", "window_sums"]
    tile: int | None = None


# Which layers run row by row beside those that are declared to: where memory needs it, as many as save memory, none.
RowsMode = Literal["needed", "least", "never"]


class ReadFile(Node):
    """A file that a spec names. `content_` is what was read; the hash stands for it in equality and JSON."""

    path: str  # as written in the spec
    sha256: str
    content_: Annotated[Any, Field(exclude=True, repr=False)]


class WeightsFile(ReadFile):
    """The file that weights come from."""

    @property
    def content(self) -> StoredWeights:
        """The arrays of the file."""
        content: StoredWeights = self.content_
        return content


class WeightsSpec(Node):
    """Where the weights come from: a file of trained ones, or a fixed generator.

    Seeded weights test cost, not accuracy. With a `file`, the seed only draws the inputs of a measurement.
    """

    seed: int = 0
    file: WeightsFile | None = None


class ModelFile(ReadFile):
    """The file that a network comes from."""

    @property
    def content(self) -> ImportedModel:
        """The network as the file declares it, with its weights."""
        content: ImportedModel = self.content_
        return content


class ModelSpec(Node):
    """A network: its input and its layers in order of execution.

    With a `file`, the layers are the file's, and so are the weights; `weights` is then None.
    """

    name: str
    input: InputSpec
    layers: tuple[LayerSpec, ...]
    weights: WeightsSpec | None = None
    file: ModelFile | None = None
    fusions: tuple[Fusion, ...] = ()
    rows: RowsMode = "needed"


NumberFormat = Literal[
    "fixed",
    "fp16",
    "bf16",
    "fp8_e4m3",
    "fp8_e5m2",
    "posit8",
    "posit16",
    "fp4_e2m1",
    "mxint8",
    "mxfp8",
    "mxfp6",
    "mxfp4",
]
# Bits of one number: IEEE 754-2019 (fp16), bfloat16, the OCP 8-bit floating point specification 1.0 (fp8), the posit
# standard 2022, and the OCP microscaling formats specification 1.0 (fp4, mx; a block of 32 shares 8 bits more).
FORMAT_BITS: dict[str, int] = {
    "fp16": 16,
    "bf16": 16,
    "fp8_e4m3": 8,
    "fp8_e5m2": 8,
    "posit8": 8,
    "posit16": 16,
    "fp4_e2m1": 4,
    "mxint8": 8,
    "mxfp8": 8,
    "mxfp6": 6,
    "mxfp4": 4,
}


class QuantizationRow(Node):
    """One row of the quantization table: the fixed-point grid of a layer's weights and of its input activations.

    `range` is the largest magnitude to represent, `step` the distance between codes; both None means calibrated: scales
    are taken from the weights (per channel) and from the activations seen on seeded inputs (per tensor), as int8
    inference frameworks do. `weights` and `activations` are set where their widths differ from `bits`; a `format` other
    than fixed point has neither range nor step.
    """

    layer: str  # a layer's name, or "*" for every layer without a row of its own
    bits: int
    range: float | None = None
    step: float | None = None
    accumulator: int = 32
    guard: int = 0
    notes: str = ""
    weights: int | None = None
    activations: int | None = None
    format: NumberFormat = "fixed"
    zero: int | None = None  # the code that stands for 0; None: 0 with a step, found when calibrated

    @property
    def calibrated(self) -> bool:
        return self.range is None and self.format == "fixed"

    @property
    def uniform(self) -> bool:
        """Whether weights and activations are signed fixed-point codes of `bits`, around zero: what specc computes."""
        return self.format == "fixed" and self.weights is None and self.activations is None and not self.zero


class QuantizationTable(Node):
    """The quantization table of one model."""

    model: str
    rows: tuple[QuantizationRow, ...] = Field(min_length=1)

    def row(self, layer: str) -> QuantizationRow | None:
        """The row that governs a layer: its own, else the `*` row, else None."""
        return self._by_layer.get(layer) or self._by_layer.get("*")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, which must not find its rows where those of the original were."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_by_layer", None)
        return copied

    @cached_property
    def _by_layer(self) -> dict[str, QuantizationRow]:
        return {row.layer: row for row in self.rows}

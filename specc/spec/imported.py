"""A network read from a model file: its layers, and its weights and quantization as the file stores them.

Plain data: neither NumPy nor the file's library is needed to hold it. `specc.elaborate.importers` makes it, and
`specc.numerics.imported` turns it into numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from specc.spec.model import LayerSpec

ItemType = Literal["int8", "int32", "float32", "float64"]


@dataclass(frozen=True)
class Constant:
    """An array of a model file: little endian items in C order.

    `permutation` says how its axes must be transposed to give this project's layout; what remains is a reshape.
    """

    item_type: ItemType
    shape: tuple[int, ...]
    data: bytes | memoryview = field(repr=False)
    permutation: tuple[int, ...] | None = None


@dataclass(frozen=True)
class TensorScale:
    """Quantization of a tensor of 8-bit codes: real = scale * (code - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class ImportedWeights:
    """Weights of one layer; `scales` has one entry, or one per output channel, and is empty for real weights."""

    weights: Constant
    bias: Constant | None
    scales: tuple[float, ...] = ()


@dataclass(frozen=True)
class StoredWeights:
    """Trained weights of a network that the spec declares, by layer.

    `ranges` holds the smallest and largest value of a tensor, by the name of its layer or of the input, as they were
    seen in training.
    """

    weights: dict[str, ImportedWeights]
    ranges: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class ImportedModel:
    """A network as its file declares it.

    `formats` holds the quantization of the input and of every layer's output, and is empty for a network of real
    numbers. `origins` says for each layer which operator of the file it is, for messages.
    """

    input_name: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerSpec, ...]
    weights: dict[str, ImportedWeights]
    formats: dict[str, TensorScale]
    origins: dict[str, str]
    softmax_betas: dict[str, float]

    @property
    def quantized(self) -> bool:
        """Whether the file fixes the codes of weights and activations."""
        return bool(self.formats)

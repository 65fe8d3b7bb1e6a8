"""What was found about the precision of a spec's network, as it is stored."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from specc.evidence import Figure
from specc.precision.contract import Judgement

FORMAT_VERSION: Final = 1


class LayerPrecision(BaseModel):
    """Statistics of one layer's gradient against full precision: see docs/precision.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weights: int
    variance: Figure
    gain: Figure
    ratio: Figure
    bias: Figure
    bias_t: float | None  # of the mean shift in one half of the blocks along that in the other


class DataAccuracy(BaseModel):
    """Accuracy on one data set, with Wilson's intervals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    samples: int
    full: Figure
    quantized: Figure


class PrecisionResult(BaseModel):
    """One assessment. `digests` and `seeds` are those of its runs; drift takes two."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    key: str
    spec_hash: str
    tool_version: str
    taken_at: str
    libraries: dict[str, str]
    model: str
    iterations: int
    inputs: str  # where they come from, in words
    loss: str
    seeds: tuple[int, ...]
    digests: tuple[str, ...]
    layers: tuple[LayerPrecision, ...]
    output_error: Figure
    accuracies: tuple[DataAccuracy, ...] = ()
    judgements: tuple[Judgement, ...] = ()

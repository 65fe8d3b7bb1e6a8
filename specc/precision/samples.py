"""The inputs of the iterations: drawn from what the spec says arrives, or from a data set.

Every chunk has a generator of its own, seeded by the run's seed, the block and the chunk, so that any of them can be
drawn alone: a run can be resumed, and only what is needed is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from specc.numerics.inputs import draw_inputs
from specc.numerics.weights import FloatArray
from specc.precision.layers import Array
from specc.spec.model import InputSpec


@dataclass(frozen=True)
class Chunk:
    """A few iterations of one block."""

    block: int
    place: int  # in the block
    count: int


class Samples(Protocol):
    """A source of inputs."""

    @property
    def name(self) -> str:
        """Where they come from, in words."""
        ...

    def inputs(self, seed: int, chunk: Chunk) -> FloatArray:
        """The inputs of a chunk: (count, *shape)."""
        ...

    def labels(self, seed: int, chunk: Chunk) -> Array | None:
        """Their labels: (count,), or None if they have none."""
        ...


def sequence(seed: int, chunk: Chunk) -> np.random.SeedSequence:
    """The seed of one chunk of a run."""
    return np.random.SeedSequence(seed, spawn_key=(chunk.block, chunk.place))


@dataclass(frozen=True)
class Drawn:
    """Inputs of the distribution that the spec declares."""

    declared: InputSpec

    @property
    def name(self) -> str:
        """The distribution, as it is written."""
        sign = "±" if self.declared.distribution == "uniform" else ""
        return f"{self.declared.distribution} {sign}{self.declared.scale:g}"

    def inputs(self, seed: int, chunk: Chunk) -> FloatArray:
        return draw_inputs(self.declared, chunk.count, sequence(seed, chunk))

    def labels(self, seed: int, chunk: Chunk) -> Array | None:
        return None


@dataclass(frozen=True)
class FromData:
    """Inputs of a data set, drawn with replacement."""

    name: str
    data: FloatArray  # (samples, *shape)
    classes: Array | None = None  # (samples,)

    def inputs(self, seed: int, chunk: Chunk) -> FloatArray:
        return self.data[self._drawn(seed, chunk)]

    def labels(self, seed: int, chunk: Chunk) -> Array | None:
        return None if self.classes is None else self.classes[self._drawn(seed, chunk)]

    def _drawn(self, seed: int, chunk: Chunk) -> Array:
        generator = np.random.Generator(np.random.PCG64(sequence(seed, chunk)))
        return generator.integers(0, len(self.data), chunk.count)

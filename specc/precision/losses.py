"""What the gradients are gradients of.

Without labels the loss is a fixed linear function of the output: its gradient reaches every weight, its direction is
the same in every run, so that runs can be compared, and it has a mean, so that a mean shift has something to shift.
(Directions drawn anew for each input would average every mean shift away.) With labels it is the cross-entropy that
classifiers are trained with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import numpy as np

from specc.graph.network import Network, Shape
from specc.numerics.weights import FloatArray
from specc.precision.forward import Trace
from specc.precision.layers import Array

_DIRECTION_SEED: Final = 1


class Loss(Protocol):
    """A function of the output of each sample."""

    @property
    def name(self) -> str:
        """What it is, in words."""
        ...

    def reaching(self, network: Network, trace: Trace, labels: Array | None) -> dict[str, Array]:
        """Its derivatives with respect to tensors: (batch, *shape) by name."""
        ...


@dataclass(frozen=True)
class Linear:
    """The output along a direction of length 1, drawn once and for all (PCG64, seed 1)."""

    name: str = "a fixed linear function of the output"

    def reaching(self, network: Network, trace: Trace, labels: Array | None) -> dict[str, Array]:
        batch = len(trace.tensors[network.output].values)
        return {network.output: np.broadcast_to(_direction(network.output_shape), (batch, *network.output_shape))}


@lru_cache(maxsize=8)
def _direction(shape: Shape) -> FloatArray:
    generator = np.random.Generator(np.random.PCG64(_DIRECTION_SEED))
    direction = generator.standard_normal(shape)
    direction /= math.sqrt(float((direction**2).sum()))
    return direction


@dataclass(frozen=True)
class CrossEntropy:
    """Minus the logarithm of the probability of each sample's label.

    Its derivative is taken with respect to the logits, in one with the softmax: probabilities less the label's one. A
    probability that is rounded to zero would have no logarithm.
    """

    name: str = "cross-entropy"

    def reaching(self, network: Network, trace: Trace, labels: Array | None) -> dict[str, Array]:
        assert labels is not None, "cross-entropy needs labels"
        last = network.layers[-1]
        output = trace.tensors[last.name].real.astype(np.float64)
        if last.kind == "softmax":
            name, delta = last.inputs[0], output.copy()
        else:
            powers = np.exp(output - output.max(axis=-1, keepdims=True))
            name, delta = last.name, powers / powers.sum(axis=-1, keepdims=True)
        flat = delta.reshape(len(delta), -1)
        flat[np.arange(len(flat)), labels] -= 1
        return {name: delta}

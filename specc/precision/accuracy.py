"""How many inputs of a data set a network sorts right, in full precision and quantized."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from specc.precision.arithmetic import Arithmetic
from specc.precision.data import Data
from specc.precision.forward import forward
from specc.precision.layers import Array

_BATCH: Final = 32


@dataclass(frozen=True)
class Accuracy:
    """Inputs sorted right, of how many."""

    right: int
    count: int

    @property
    def share(self) -> float:
        """The share sorted right."""
        return self.right / self.count

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson's interval for the share among all inputs of this kind (Wilson, "Probable inference", 1927)."""
        z = statistics.NormalDist().inv_cdf(0.5 + confidence / 2)
        n, p = self.count, self.share
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - reach), min(1.0, middle + reach)


def accuracy(arithmetic: Arithmetic, data: Data) -> Accuracy:
    """Accuracy over a whole data set. The largest output decides, the first of equals."""
    right = 0
    with threadpool_limits(1, "blas"):
        for start in range(0, len(data.inputs), _BATCH):
            chosen = classes(arithmetic, data.inputs[start : start + _BATCH])
            right += int((chosen == data.labels[start : start + _BATCH]).sum())
    return Accuracy(right, len(data.inputs))


def classes(arithmetic: Arithmetic, inputs: Array) -> Array:
    """The class of each input of a batch."""
    trace = forward(arithmetic, inputs)
    output = trace.tensors[arithmetic.network.output].values
    return np.asarray(output.reshape(len(output), -1).argmax(axis=-1))

"""Weights in the order in which the inner loop of a kernel wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_FILTERS: Final = 4  # in a block


@dataclass(frozen=True)
class Packed:
    """What a kernel needs in place of the generic one's constants."""

    weights: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))  # 32-bit words
    macros: dict[str, int] = field(default_factory=dict)
    streamed: bool = True  # bias and multipliers are among the weights, and shifts are not needed
    alignment: int = 4  # bytes


# Whether a kernel computes a layer exactly, and if so with which constants.
Pack = Callable[[QuantizedNetwork, Layer], Packed | None]
Packers = dict[str, dict[str, Pack]]  # by kind of layer and name of the kernel, the fastest first


def in_quads(weights: IntArray) -> Packed:
    """Blocks of four filters: four 8-bit weights of each filter, one word each, then the next four.

    Args:
        weights: (filters, ...); the last block, and the last word of each filter, are filled up with zeros.
    """
    flat = weights.reshape(len(weights), -1)
    padded = np.pad(flat, ((0, -flat.shape[0] % _FILTERS), (0, -flat.shape[1] % 4))).astype(np.int8)
    words = padded.view("<i4").reshape(-1, _FILTERS, padded.shape[1] // 4)
    return Packed(words.transpose(0, 2, 1).astype(np.int64), streamed=False)

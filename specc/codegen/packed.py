"""Weights in the order in which the inner loop of a kernel wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from specc.graph.network import Layer
from specc.graph.widths import field_bits
from specc.numerics.quantized import IntArray, QuantizedNetwork

FILTERS: Final = 4  # in a block
BESIDE: Final = ("bias", "multipliers", "shifts")  # all that the generic kernels have


@dataclass(frozen=True)
class Packed:
    """What a kernel needs in place of the generic one's constants."""

    weights: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))  # 32-bit words
    macros: dict[str, int] = field(default_factory=dict)
    beside: tuple[str, ...] = ()  # of bias, multipliers and shifts, what it needs in arrays of their own
    alignment: int = 4  # bytes


# Whether a kernel computes a layer exactly, and if so with which constants.
Pack = Callable[[QuantizedNetwork, Layer], Packed | None]
Packers = dict[str, dict[str, Pack]]  # by kind of layer and name of the kernel, the fastest first


def in_quads(weights: IntArray, bits: int = 8) -> Packed:
    """Blocks of four filters: four weights of each filter, then the next four, in fields of so many bits.

    Args:
        weights: (filters, ...); the last block, and the last four of each filter, are filled up with zeros.
        bits: 8 (a word for four weights of a filter), 4 or 2.
    """
    flat = weights.reshape(len(weights), -1)
    padded = np.pad(flat, ((0, -flat.shape[0] % FILTERS), (0, -flat.shape[1] % 4)))
    blocks = padded.reshape(-1, FILTERS, padded.shape[1] // 4, 4).transpose(0, 2, 1, 3)
    return Packed(in_words(blocks.reshape(len(blocks), -1), bits), {"FIELD_BITS": bits}, beside=BESIDE)


def in_words(codes: IntArray, bits: int) -> IntArray:
    """Fields of so many bits, the first in the lowest bits of the first word.

    Args:
        codes: (..., count), in two's complement or unsigned; the last word is filled up with zeros.
        bits: a divisor of 32.

    Returns:
        (..., words), as an int32_t holds them.
    """
    count = 32 // bits
    whole = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, -codes.shape[-1] % count)])
    fields = (whole & ((1 << bits) - 1)).reshape(*whole.shape[:-1], -1, count) << (bits * np.arange(count))
    return np.asarray(fields.sum(axis=-1).astype(np.uint32).view(np.int32), dtype=np.int64)


def shared_bits(network: QuantizedNetwork, layer: Layer) -> int | None:
    """Bits that each weight of a layer takes where several share a byte; None where none do."""
    bits = field_bits(network.numbers[layer.name].weight_bits)
    return bits if bits < 8 else None

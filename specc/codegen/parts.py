"""Multipliers in parts that a 32-bit multiplication meets one by one, for the family `armv6m`.

A code of a sum is that of `specc/numerics/quantized.py`,

    zero point + (sum * multiplier + 2**(shift - 1)) >> shift

With the multiplier, which is less than 2**31, in parts of 11 bits, or of 8, of which the highest has 9, or 7, no
product of a part and a sum within 2**20, or 2**23, leaves 32 bits: see `rescale_thirds` of
`firmware/kernels/arithmetic.h`, and `firmware/kernels/armv6m/code.h`.

A channel that reaches one code only, as one whose weights have been trained away does, may have a bias and a shift that
are beyond that. It gets constants of its own, of which the same code comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from specc.codegen.folding import channel_weights, folded_bias, sum_ranges
from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, QuantizedNetwork

_BITS: Final = {11: 20, 8: 23}  # of a part, and of the sums' magnitude that leaves room for it in 31
_ONE: Final = (2**30, 41)  # multiplier and shift of which a sum of 2**11 becomes 1
_ONE_BITS: Final = 11
_MOST_SHIFTED: Final = 31  # by an instruction


@dataclass(frozen=True)
class InParts:
    """A layer's constants for sums that are rescaled by parts of the multiplier; arrays are by output channel first."""

    weights: IntArray  # (channels, taps)
    bias: IntArray  # (channels,), within 24 bits; the input's zero point is part of it
    multipliers: IntArray  # (channels,)
    shifts: IntArray  # (channels,), of what is left of the product but for its last bit, 0 to 31
    part_bits: int


def in_parts(network: QuantizedNetwork, layer: Layer) -> InParts | None:
    """A layer's constants, or None where sums are too large or shifts too small for it, or where sums wrap."""
    numbers, source, out = network.numbers[layer.name], network.formats[layer.inputs[0]], network.layer_format(layer)
    assert numbers.weights is not None and numbers.bias is not None
    ends = sum_ranges(network, layer)
    within = 2 ** (numbers.accumulator_bits - 1)
    if ends[0].min() < -within or ends[1].max() >= within:
        return None
    low, high = (
        np.clip(
            ((end * numbers.multipliers + (1 << (numbers.shifts - 1))) >> numbers.shifts) + out.zero_point,
            numbers.clamp_low,
            numbers.clamp_high,
        )
        for end in ends
    )
    fixed = low == high
    bias = np.where(
        fixed,
        (low - out.zero_point) << _ONE_BITS,
        folded_bias(layer, numbers.weights, numbers.bias, source.zero_point),
    )
    shifts = np.where(fixed, _ONE[1], numbers.shifts)
    largest = max(np.abs(np.where(fixed, bias, end)).max() for end in ends)
    for part_bits, sum_bits in _BITS.items():
        gone = 30 // part_bits * part_bits + 1  # bits of the product, before and behind the shift
        if largest <= 2**sum_bits and shifts.min() >= gone:
            return InParts(
                weights=np.where(fixed[:, None], 0, channel_weights(network, layer)),
                bias=bias,
                multipliers=np.where(fixed, _ONE[0], numbers.multipliers),
                # A product is within 2**(sum_bits + 31): by more than this it is 0 all the same.
                shifts=np.minimum(shifts - gone, _MOST_SHIFTED),
                part_bits=part_bits,
            )
    return None

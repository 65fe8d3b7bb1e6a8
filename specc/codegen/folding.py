"""One shift and one rounding for every output channel of a layer, exactly: what differs goes into wider weights.

The integer model's code of a sum is

    zero point + (sum * multiplier + 2**(shift - 1)) >> shift    (specc/numerics/quantized.py)

With shift = 32 + k and k >= 1, the lower word of the product takes no part in the rounding, so that this equals

    (high word of (sum * multiplier) + 2**(k - 1) + zero point * 2**k) >> k

A channel whose shift is smaller than the layer's by d has its weights and bias multiplied by 2**d instead. Exact as
long as neither the weights leave 16 bits nor any sum 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from specc.graph.network import Layer
from specc.numerics.golden import requantize
from specc.numerics.quantized import IntArray, QuantizedNetwork

_LEAST_SHIFT: Final = 1  # below it, the lower word takes part in the rounding
_MOST_SHIFT: Final = 20  # 2**30 (a high word) + 2**(20 + 7) (the zero point's part) are within 32 bits
_WEIGHTS_WITHIN: Final = 2**15
_SUMS_WITHIN: Final = 2**31


@dataclass(frozen=True)
class Folded:
    """A layer's constants with one shift for all channels; arrays are by output channel first."""

    weights: IntArray  # (channels, taps), 16 bits
    bias: IntArray  # (channels,), 32 bits; the input's zero point is part of it
    multipliers: IntArray  # (channels,)
    shift: int  # of the high word of sum * multiplier
    rounding: int  # added to the high word: half a unit, and the output's zero point


def fold(network: QuantizedNetwork, layer: Layer) -> Folded | None:
    """A layer's constants with one shift, or None where that is not exact.

    Args:
        network: the network.
        layer: one with weights.
    """
    numbers, source, out = network.numbers[layer.name], network.formats[layer.inputs[0]], network.layer_format(layer)
    assert numbers.weights is not None and numbers.bias is not None
    depthwise = layer.kind == "dwconv"
    channels = layer.output_shape[-1]
    weights = numbers.weights.reshape(-1, channels).T if depthwise else numbers.weights.reshape(channels, -1)
    bias = numbers.bias - source.zero_point * weights.sum(axis=1)
    # The extremes that a sum can reach on its way, in any order of adding: with the bias or without it.
    highest = np.maximum(weights * source.high, weights * source.low).sum(axis=1)
    lowest = np.minimum(weights * source.high, weights * source.low).sum(axis=1)
    if (np.maximum(highest + bias, -(lowest + bias)) >= 2 ** (numbers.accumulator_bits - 1)).any():
        return None
    multipliers, shifts = numbers.multipliers, numbers.shifts - 32
    ends = [out.zero_point + requantize(bias + end, multipliers, numbers.shifts) for end in (lowest, highest)]
    low, high = (np.clip(end, numbers.clamp_low, numbers.clamp_high) for end in ends)
    constant = low == high  # requantize rises with the sum: between equal ends there is nothing else
    used = shifts[~constant]
    shift = int(max(_LEAST_SHIFT, used.max(initial=_LEAST_SHIFT)))
    if shift > _MOST_SHIFT:
        return None
    up = np.where(constant, 0, shift - shifts)
    reach = np.abs(bias) + np.maximum(np.abs(highest), np.abs(lowest))
    # Python's integers: the products may be wider than 64 bits.
    exact = all(int(r) << int(d) < _SUMS_WITHIN for r, d in zip(reach[~constant], up[~constant], strict=True))
    widest = np.abs(weights).max(axis=1, initial=0)
    exact &= all(int(w) << int(d) < _WEIGHTS_WITHIN for w, d in zip(widest[~constant], up[~constant], strict=True))
    # A constant channel: a sum whose product with 2**30 has the code in its high word.
    own = (low - out.zero_point) << (shift + 2)
    exact &= bool((np.abs(own) < _SUMS_WITHIN).all())
    if not exact:
        return None
    return Folded(
        weights=np.where(constant[:, None], 0, weights << up[:, None]),
        bias=np.where(constant, own, bias << up),
        multipliers=np.where(constant, 2**30, multipliers),
        shift=shift,
        rounding=(1 << (shift - 1)) + (out.zero_point << shift),
    )

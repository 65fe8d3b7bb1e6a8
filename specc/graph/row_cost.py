"""What running layers by rows costs beside running them whole, in cycles: an estimate to weigh schedules by.

The figures are those of a Cortex-M4 at -O2 with the kernels for its DSP extension; other cores take more of each, in
much the same proportion. They decide between schedules and appear in no result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from specc.graph.execution import Step
from specc.graph.lifetimes import copied_bytes
from specc.graph.network import Layer, Network

# Cycles of a call: two readings of the clock, the bounds of the layer's loops, odd positions that are left over. From
# the cycles of docs/schedules.md: by rows ic takes 510 for each of its calls, vww 570, in tiles both some 400.
_CALL: Final = 450
# Cycles per multiply-accumulate, from docs/kernels.md: of convolutions 1.2 to 1.6, of depthwise ones 2.4 to 3.
_PER_MAC: Final = {"conv": 1.4, "dwconv": 2.7}
_PER_CODE: Final = 2.0  # computed again by a layer without products, and copied: a load and a store of a part of a word


def row_cost(network: Network, widths: Mapping[str, int], step: Step) -> int:
    """Cycles that a step takes beyond its layers as a whole; 0 for one that is no step by rows.

    Args:
        network: the network.
        widths: bytes per value of each tensor.
        step: one of its steps.
    """
    cost = float(len(step.calls) * step.times * _CALL)
    if step.tiles is None:
        return round(cost)
    for layer in network.layers[step.first : step.last + 1]:
        if layer.macs:
            cost += (step.tiles.macs(layer) - layer.macs) * _PER_MAC[layer.kind]
        else:
            cost += (_codes(step.tiles.narrowed(layer)) * step.times - _codes(layer)) * _PER_CODE
    for tensor, size in copied_bytes(network, widths, step).items():
        rows = network.shape(tensor)[0]
        cost += size / step.tiles.copied[tensor].rows * rows * step.times * _PER_CODE
    return round(cost)


def _codes(layer: Layer) -> int:
    return math.prod(layer.output_shape)

"""What a network asks of hardware, whatever its layers are called: its operator mix."""

from __future__ import annotations

import math
from dataclasses import dataclass

from specc.graph.network import Network


@dataclass(frozen=True)
class Mix:
    """Multiply-accumulates by kind of layer, and the values that an inference touches at least once.

    `conv` are convolutions with windows, `pointwise` those of 1x1. `weights` counts weights without biases, `inputs`
    the values of the network's input, `outputs` those that its layers write (a flatten writes none).
    """

    conv: int
    pointwise: int
    depthwise: int
    dense: int
    weights: int
    inputs: int
    outputs: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.conv + self.pointwise + self.depthwise + self.dense

    @property
    def identity(self) -> tuple[int, ...]:
        """What tells networks apart: all counts but `outputs`, for importers disagree about trivial layers."""
        return self.conv, self.pointwise, self.depthwise, self.dense, self.weights, self.inputs


def mix_of(network: Network) -> Mix:
    """The operator mix of a network."""
    macs = {"conv": 0, "pointwise": 0, "depthwise": 0, "dense": 0}
    for layer in network.layers:
        kind = {"conv": "pointwise" if layer.kernel == (1, 1) else "conv", "dwconv": "depthwise"}.get(layer.kind)
        macs[kind or "dense"] += layer.macs
    shapes = [layer.weight_shape for layer in network.layers if layer.weight_shape is not None]
    return Mix(
        **macs,
        weights=sum(math.prod(shape) for shape in shapes),
        inputs=math.prod(network.input_shape),
        outputs=sum(math.prod(layer.output_shape) for layer in network.layers if layer.kind != "flatten"),
    )

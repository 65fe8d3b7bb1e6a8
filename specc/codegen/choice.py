"""Which of its kernels each layer gets: the fastest, or one with smaller constants where flash has to be spared."""

from __future__ import annotations

from specc.codegen.kernels import Kernel, kernels_of
from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork

_BYTES_IN_WORD = 4


def choose(network: QuantizedNetwork, family: str, spare_flash: int = 0) -> dict[str, Kernel | None]:
    """The kernel of each layer, by name; None for a layer without code.

    Kernels with smaller constants take a few more cycles for each multiply-accumulate. So the layers with the fewest of
    them for a byte that is spared give way first, until enough is spared or nothing more can be.

    Args:
        network: the network.
        family: of the kernels.
        spare_flash: bytes by which the constants are to be smaller than those of the fastest kernels.

    Raises:
        ValueError: there is no such family.
    """
    layers = {layer.name: layer for layer in network.network.layers}
    kernels = {name: kernels_of(network, layer, family) for name, layer in layers.items()}
    chosen = {name: own[0] if own else None for name, own in kernels.items()}
    spared = {name: _bytes(own[0]) - _bytes(own[-1]) for name, own in kernels.items() if len(own) > 1}
    for name in sorted(spared, key=lambda name: _cost(layers[name], spared[name])):
        if spare_flash <= 0:
            break
        if spared[name] > 0:
            chosen[name] = kernels[name][-1]
            spare_flash -= spared[name]
    return chosen


def _bytes(kernel: Kernel) -> int:
    return kernel.packed.weights.size * _BYTES_IN_WORD if kernel.packed else 0


def _cost(layer: Layer, spared: int) -> float:
    """Multiply-accumulates for a byte."""
    return layer.macs / spared if spared > 0 else float("inf")

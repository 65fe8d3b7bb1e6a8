"""Which of its kernels each layer gets: the fastest, or one with smaller constants where flash has to be spared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from specc.codegen.kernels import GENERIC, Kernel, kernels_of
from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork

_BYTES_IN_WORD = 4
NOTHING_SET: Mapping[str, str] = MappingProxyType({})


def alternatives(network: QuantizedNetwork, layer: Layer, family: str) -> tuple[Kernel, ...]:
    """Every kernel that computes a layer on a core of a family: the family's, the fastest first, then the generic one.

    Empty for a layer without code.

    Raises:
        ValueError: there is no such family.
    """
    known = (*kernels_of(network, layer, family), *kernels_of(network, layer, GENERIC))
    return tuple({str(kernel): kernel for kernel in known}.values())


def choose(
    network: QuantizedNetwork, family: str, spare_flash: int = 0, fixed: Mapping[str, str] = NOTHING_SET
) -> dict[str, Kernel | None]:
    """The kernel of each layer, by name; None for a layer without code.

    Kernels with smaller constants take a few more cycles for each multiply-accumulate. So the layers with the fewest of
    them for a byte that is spared give way first, until enough is spared or nothing more can be.

    Args:
        network: the network.
        family: of the kernels.
        spare_flash: bytes by which the constants are to be smaller than those of the fastest kernels.
        fixed: family and name of the kernel of some layers, by layer; these do not give way.

    Raises:
        ValueError: there is no such family, or a fixed kernel does not compute its layer.
    """
    layers = {layer.name: layer for layer in network.network.layers}
    kernels = {name: kernels_of(network, layer, family) for name, layer in layers.items()}
    chosen = {name: own[0] if own else None for name, own in kernels.items()}
    chosen |= {name: _named(network, layers[name], family, kernel) for name, kernel in fixed.items()}
    free = {name: own for name, own in kernels.items() if len(own) > 1 and name not in fixed}
    spared = {name: _bytes(own[0]) - _bytes(own[-1]) for name, own in free.items()}
    for name in sorted(spared, key=lambda name: _cost(layers[name], spared[name])):
        if spare_flash <= 0:
            break
        if spared[name] > 0:
            chosen[name] = kernels[name][-1]
            spare_flash -= spared[name]
    return chosen


def _named(network: QuantizedNetwork, layer: Layer, family: str, kernel: str) -> Kernel:
    known = {str(own): own for own in alternatives(network, layer, family)}
    if kernel not in known:
        raise ValueError(f"{kernel} does not compute {layer.name}; {', '.join(known) or 'nothing'} does")
    return known[kernel]


def _bytes(kernel: Kernel) -> int:
    return kernel.packed.weights.size * _BYTES_IN_WORD if kernel.packed else 0


def _cost(layer: Layer, spared: int) -> float:
    """Multiply-accumulates for a byte."""
    return layer.macs / spared if spared > 0 else float("inf")

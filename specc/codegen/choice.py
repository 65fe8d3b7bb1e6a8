"""Which of its kernels each layer gets: the fastest, or one with smaller constants where flash has to be spared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from specc.codegen.kernels import GENERIC, Kernel, constant_bytes, kernels_of
from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork

NOTHING_SET: Mapping[str, str] = MappingProxyType({})


def alternatives(network: QuantizedNetwork, layer: Layer, family: str) -> tuple[Kernel, ...]:
    """Every kernel that computes a layer on a core of a family: the family's, the fastest first, then the generic one.

    Empty for a layer without code.

    Raises:
        ValueError: there is no such family.
    """
    known = (*kernels_of(network, layer, family), *kernels_of(network, layer, GENERIC))
    return tuple({str(kernel): kernel for kernel in known}.values())


def smallest(network: QuantizedNetwork, layer: Layer, family: str) -> Kernel:
    """The kernel of a layer, which has code, with the smallest constants; of these the fastest by its make.

    Raises:
        ValueError: there is no such family.
    """
    return min(kernels_of(network, layer, family), key=lambda kernel: constant_bytes(network, layer, kernel))


def choose(
    network: QuantizedNetwork, family: str, spare_flash: int = 0, fixed: Mapping[str, str] = NOTHING_SET
) -> dict[str, Kernel | None]:
    """The kernel of each layer, by name; None for a layer without code.

    Kernels with smaller constants take a few more cycles for each multiply-accumulate. So the layers with the fewest of
    them for a byte that is spared give way first, until enough is spared or nothing more can be. Generic kernels, where
    the family has its own, take many more, and come last.

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
    kernels |= {name: (_named(network, layers[name], family, kernel),) for name, kernel in fixed.items()}
    bytes_of = {
        name: [constant_bytes(network, layers[name], kernel) for kernel in own] for name, own in kernels.items()
    }
    steps = [
        (kernels[name][place].family != kernels[name][0].family, layers[name].macs / (own[0] - own[place]), name, place)
        for name, own in bytes_of.items()
        for place in range(1, len(own))
        if own[place] < own[0]
    ]
    places = dict.fromkeys(layers, 0)
    for *_, name, place in sorted(steps, key=lambda step: step[:2]):
        spared = bytes_of[name][places[name]] - bytes_of[name][place]
        if spare_flash > 0 and spared > 0:
            places[name] = place
            spare_flash -= spared
    return {name: own[places[name]] if own else None for name, own in kernels.items()}


def _named(network: QuantizedNetwork, layer: Layer, family: str, kernel: str) -> Kernel:
    known = {str(own): own for own in alternatives(network, layer, family)}
    if kernel not in known:
        raise ValueError(f"{kernel} does not compute {layer.name}; {', '.join(known) or 'nothing'} does")
    return known[kernel]

"""Constants of the family `armv6m`: `firmware/kernels/armv6m/` says what they hold."""

from __future__ import annotations

from typing import Final

from specc.codegen.packed import Packed, Packers, in_quads, shared_bits
from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork


def _quads(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Values of any width, weights of 8 bits."""
    numbers = network.numbers[layer.name]
    assert numbers.weights is not None
    return in_quads(numbers.weights) if numbers.weight_container_bits == 8 else None


def _fields(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Values of any width, weights of up to 4 bits."""
    bits, weights = shared_bits(network, layer), network.numbers[layer.name].weights
    assert weights is not None
    return in_quads(weights, bits) if bits else None


PACKERS: Final[Packers] = {
    "conv": {"conv": _quads, "conv_fields": _fields},
    "dense": {"dense": _quads, "dense_fields": _fields},
}

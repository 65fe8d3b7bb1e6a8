"""Constants of the family `generic` where they are no plain arrays: `firmware/kernels/generic/` says what they hold."""

from __future__ import annotations

from typing import Final

from specc.codegen.packed import BESIDE, Packed, Packers, in_words, shared_bits
from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork


def _fields(network: QuantizedNetwork, layer: Layer) -> Packed | None:
    """Weights of up to 4 bits, several in a word, in the order of the plain array."""
    bits, weights = shared_bits(network, layer), network.numbers[layer.name].weights
    assert weights is not None
    return None if bits is None else Packed(in_words(weights.ravel(), bits), {"FIELD_BITS": bits}, beside=BESIDE)


# Kernels that take less flash than the plain one, and more cycles.
PACKERS: Final[Packers] = {kind: {f"{kind}_fields": _fields} for kind in ("conv", "dwconv", "dense")}

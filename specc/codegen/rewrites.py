"""Exact rewrites that generated code can go without, each by itself: what there is of them, and the code without.

Every rewrite leaves all results as they are, bit for bit; without it more operations lead to them. `specc.spec.kernels`
says what each does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Final

from specc.codegen.activations import with_separate_activations
from specc.codegen.input_pass import can_lose_padding, can_lose_zero_point
from specc.codegen.kernels import kernels_of
from specc.codegen.window_sums import with_every_output
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.kernels import Rewrite

_FOLDED: Final = "ROUNDING"  # a macro of every kernel that has one shift for all channels


def without(network: QuantizedNetwork, rewrites: Collection[Rewrite], family: str) -> QuantizedNetwork:
    """The network without rewrites of the code of its layers; its `off` names those that there are.

    Args:
        network: as it is scheduled, with its rewrites.
        rewrites: what is switched off. Schedules see to `rows`.
        family: of its kernels.
    """
    off = frozenset(name for name in rewrites if _there_is(name, network, family))
    if "activations" in off:
        network = with_separate_activations(network)
    if "window_sums" in off:
        network = with_every_output(network)
    return dataclasses.replace(network, off=network.off | off)


def _there_is(rewrite: Rewrite, network: QuantizedNetwork, family: str) -> bool:
    layers = network.network.layers
    if rewrite == "activations":
        return any(own.activation_clamp for own in with_separate_activations(network).numbers.values())
    if rewrite == "padding":
        return any(can_lose_padding(network, layer) for layer in layers)
    if rewrite == "zero_points":
        return any(can_lose_zero_point(network, layer) for layer in layers)
    if rewrite == "shifts":
        kernels = (kernel for layer in layers for kernel in kernels_of(network, layer, family))
        return any(kernel.packed and _FOLDED in kernel.packed.macros for kernel in kernels)
    return rewrite == "window_sums" and bool(network.window_sums)

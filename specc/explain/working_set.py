"""The working set of every layer, against the memories of a target that it is read from and written to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from specc.graph.network import Layer
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.hardware import Target

_BIAS_BYTES: Final = 4
Contents = Literal["weights", "activations", "all of it"]


@dataclass(frozen=True)
class WorkingSet:
    """Bytes that a layer touches: weights (with what belongs to them), inputs, output."""

    layer: str
    weights: int
    inputs: int
    output: int

    @property
    def activations(self) -> int:
        return self.inputs + self.output

    @property
    def total(self) -> int:
        return self.weights + self.inputs + self.output


@dataclass(frozen=True)
class Memory:
    """A memory that a target declares, and what part of a working set goes through it."""

    kind: str
    size: int  # bytes
    contents: Contents

    def holds(self, layer: WorkingSet) -> bool:
        """Whether that part of a layer's working set fits."""
        return self._part(layer) <= self.size

    def concerns(self, layer: WorkingSet) -> bool:
        """Whether a layer has such a part at all."""
        return self._part(layer) > 0

    def _part(self, layer: WorkingSet) -> int:
        if self.contents == "weights":
            return layer.weights
        return layer.activations if self.contents == "activations" else layer.total


def working_sets(network: QuantizedNetwork) -> list[WorkingSet]:
    """What each layer touches, in order."""
    return [working_set(layer, network) for layer in network.network.layers]


def working_set(layer: Layer, network: QuantizedNetwork) -> WorkingSet:
    """Weights in their containers, 32-bit biases, every input once, the output."""
    numbers = network.numbers[layer.name]
    weights = 0 if numbers.weights is None else numbers.weights.size * numbers.weight_container_bits // 8
    bias = 0 if numbers.bias is None else numbers.bias.size * _BIAS_BYTES
    shapes = dict(zip(layer.inputs, layer.input_shapes, strict=True))
    inputs = sum(_bytes(network, name, shape) for name, shape in shapes.items())
    return WorkingSet(layer.name, weights + bias, inputs, _bytes(network, layer.name, layer.output_shape))


def memories(target: Target) -> tuple[Memory, ...]:
    """The data caches and the SRAM that a target's hardware declares, the nearest to the core first.

    Weights are read through the vendor's cache of the flash; a cache of the core holds whatever is touched.
    """
    hardware = target.hardware
    found = []
    if hardware.l1_data is not None:
        found.append(Memory("L1 data cache", int(hardware.l1_data.value.base), "all of it"))
    cache = hardware.flash_cache.data if hardware.flash_cache else None
    if cache is not None:
        found.append(Memory("flash data cache", cache.sets * cache.ways * cache.line_bytes, "weights"))
    if hardware.sram is not None:
        found.append(Memory("SRAM", int(hardware.sram.value.base), "activations"))
    return tuple(found)


def capacities(targets: Sequence[Target]) -> dict[str, float]:
    """Bytes of the memories of several targets; equal ones once, with all their targets."""
    by_size: dict[tuple[str, int], list[str]] = {}
    for target in targets:
        for memory in memories(target):
            by_size.setdefault((memory.kind, memory.size), []).append(target.name)
    return {f"{kind} of {', '.join(names)}": float(size) for (kind, size), names in by_size.items()}


def _bytes(network: QuantizedNetwork, tensor: str, shape: tuple[int, ...]) -> int:
    return math.prod(shape) * network.formats[tensor].container_bits // 8

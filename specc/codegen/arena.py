"""Where each activation tensor lies in one shared block of memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from specc.graph.network import Network

ALIGNMENT = 4  # bytes; a word, so that kernels may read several codes at once


@dataclass(frozen=True)
class Buffer:
    """Memory that one or more tensors share, needed from step `first` to step `last`, both included."""

    name: str
    size: int
    first: int
    last: int

    def overlaps(self, other: Buffer) -> bool:
        """Whether both are needed at some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Arena:
    """Offsets in bytes of every tensor, and the size of the whole."""

    size: int
    offsets: dict[str, int]


def plan(network: Network, container_bytes: Mapping[str, int]) -> Arena:
    """Place every tensor of a network; tensors needed at the same time never overlap.

    Greedy by size: largest buffer first, each into the smallest gap that holds it. A flatten shares its input's memory.

    Args:
        network: the network; step n is its n-th layer.
        container_bytes: bytes per code of each tensor.
    """
    owner = _owners(network)
    buffers = _buffers(network, container_bytes, owner)
    offsets = place(buffers)
    size = max(offsets[buffer.name] + buffer.size for buffer in buffers)
    return Arena(size, {tensor: offsets[name] for tensor, name in owner.items()})


def place(buffers: list[Buffer]) -> dict[str, int]:
    """Offset of each buffer, by name."""
    offsets: dict[str, int] = {}
    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda b: (-b.size, b.first, b.name)):
        busy = sorted((offsets[other.name], other.size) for other in placed if other.overlaps(buffer))
        offsets[buffer.name] = _best_gap(busy, buffer.size)
        placed.append(buffer)
    return offsets


def _best_gap(busy: list[tuple[int, int]], size: int) -> int:
    """Start of the smallest gap between busy (offset, size) blocks that holds `size`; else the end of all of them."""
    best, best_gap = None, math.inf
    end = 0
    for offset, block in busy:
        gap = offset - end
        if size <= gap < best_gap:
            best, best_gap = end, gap
        end = max(end, offset + block)
    return end if best is None else best


def _owners(network: Network) -> dict[str, str]:
    """For each tensor, the tensor whose memory it uses."""
    owner = {network.input: network.input}
    for layer in network.layers:
        owner[layer.name] = owner[layer.inputs[0]] if layer.kind == "flatten" else layer.name
    return owner


def _buffers(network: Network, container_bytes: Mapping[str, int], owner: Mapping[str, str]) -> list[Buffer]:
    steps = {network.input: 0} | {layer.name: step for step, layer in enumerate(network.layers)}
    last = dict(steps)
    for step, layer in enumerate(network.layers):
        for tensor in layer.inputs:
            last[tensor] = max(last[tensor], step)
    last[network.output] = len(network.layers)  # read by the program behind the last layer
    buffers = []
    for name in sorted(set(owner.values()), key=lambda tensor: steps[tensor]):
        tensors = [tensor for tensor, own in owner.items() if own == name]
        size = math.prod(network.shape(name)) * container_bytes[name]
        rounded = -(-size // ALIGNMENT) * ALIGNMENT
        buffers.append(Buffer(name, rounded, steps[name], max(last[tensor] for tensor in tensors)))
    return buffers

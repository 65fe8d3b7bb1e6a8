"""When each activation tensor is needed, which tensors can share memory, and the order of layers that needs least.

A flatten is no work: its output is its input. An elementwise layer (ReLU, sigmoid, tanh, add) may write over an input
that nobody reads afterwards, value by value. Every other layer, and every layer that runs by rows, needs its inputs and
its output at the same time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from specc.graph.execution import Execution, Step, resident
from specc.graph.network import Layer, Network
from specc.graph.rewrites import is_global_average
from specc.graph.rewrites import window_sums as windows_summed
from specc.graph.tiles import Columns
from specc.spec.model import TABULATED

ALIGNMENT: Final = 4  # bytes; a word, so that kernels may read several codes at once
_SUM_BYTES: Final = 4  # sums have 32 bits
IN_PLACE: Final = frozenset({"relu", "relu6", "add", *TABULATED})
_ORDER_STATES: Final = 20_000  # sets of finished layers looked at before the declared order is kept
_ORDER_LAYERS: Final = 200  # of networks with more layers the declared order is kept


@dataclass(frozen=True)
class Buffer:
    """Memory that one or more tensors share, needed from step `first` to step `last`, both included.

    Steps are those of an execution; a buffer that holds the network's output is needed one step longer, until it is
    read.
    """

    name: str  # of the first tensor it holds
    size: int  # bytes
    first: int
    last: int

    def overlaps(self, other: Buffer) -> bool:
        """Whether both are needed at some step."""
        return self.first <= other.last and other.first <= self.last


def owners(network: Network, widths: Mapping[str, int], by_rows: Collection[int] = ()) -> dict[str, str]:
    """For each tensor, the first tensor in whose memory it lies.

    Args:
        network: the network; its layers run in order.
        widths: bytes per value of each tensor.
        by_rows: indices of the layers that run by rows; they write over nothing.
    """
    last_reader = {name: step for step, layer in enumerate(network.layers) for name in layer.inputs}
    owner = {network.input: network.input}
    # The step at which the last of the tensors that share a memory is read for the last time.
    read_until = {network.input: last_reader.get(network.input, -1)}
    for step, layer in enumerate(network.layers):
        first = layer.name
        for name in layer.inputs:
            unread_later = read_until[owner[name]] <= step
            in_place = layer.kind in IN_PLACE and step not in by_rows and unread_later
            in_place = in_place and _same_bytes(network, widths, owner[name], layer)
            if layer.kind == "flatten" or in_place:
                first = owner[name]
                break
        owner[layer.name] = first
        read_until[first] = max(read_until.get(first, -1), last_reader.get(layer.name, -1))
    return owner


def buffers(
    network: Network,
    widths: Mapping[str, int],
    alignment: int = 1,
    execution: Execution | None = None,
    window_sums: Collection[str] = (),
) -> list[Buffer]:
    """The buffers that the tensors of a network lie in, in order of first use, the sums of pools by rows, and the
    columns that tiles copy.

    Args:
        network: the network; its layers run in order.
        widths: bytes per value of each tensor.
        alignment: sizes are rounded up to a multiple of this many bytes.
        execution: the steps; None: every layer as a whole.
        window_sums: names of the convolutions that run as window sums.
    """
    execution = execution or resident(network)
    owner = owners(network, widths, execution.by_rows)
    at = {i: number for number, step in enumerate(execution.steps) for i in range(step.first, step.last + 1)}
    made = {network.input: 0} | {layer.name: at[index] for index, layer in enumerate(network.layers)}
    last = dict(made)
    for index, layer in enumerate(network.layers):
        for name in layer.inputs:
            last[name] = at[index]
    last[network.output] = len(execution.steps)
    until: dict[str, int] = {}
    for tensor, first in owner.items():
        until[first] = max(until.get(first, 0), last[tensor])
    kept, columns = execution.rings, execution.columns
    sizes = {
        name: ring_bytes(network, widths, name, kept[name], columns.get(name))
        if name in kept
        else tensor_bytes(network, widths, name, window_sums)
        for name in until
    }
    needed = [Buffer(name, -(-sizes[name] // alignment) * alignment, made[name], until[name]) for name in until]
    for index in sorted(execution.by_rows):
        layer = network.layers[index]
        if size := pool_sums_bytes(layer, window_sums):
            needed.append(Buffer(sums_name(layer), size, at[index], at[index]))
    for number, step in enumerate(execution.steps):
        for name, size in copied_bytes(network, widths, step).items():
            needed.append(Buffer(copy_name(name, step), -(-size // alignment) * alignment, number, number))
    return needed


def tensor_bytes(network: Network, widths: Mapping[str, int], tensor: str, window_sums: Collection[str]) -> int:
    """Bytes of a whole tensor, or of the sums that stand for it."""
    if tensor in window_sums:
        sums = windows_summed(network.layer(tensor))
        assert sums is not None, "only linear convolutions run as window sums"
        return sums.classes * _SUM_BYTES
    return math.prod(network.shape(tensor)) * widths[tensor]


def ring_bytes(
    network: Network, widths: Mapping[str, int], tensor: str, rows: int, columns: Columns | None = None
) -> int:
    """Bytes of some rows of a tensor, of all of its columns or of those that a tile keeps."""
    shape = network.shape(tensor)
    if len(shape) < 3:
        return math.prod(shape) * widths[tensor]
    return rows * (columns.width if columns else shape[1]) * shape[2] * widths[tensor]


def copied_bytes(network: Network, widths: Mapping[str, int], step: Step) -> dict[str, int]:
    """Bytes of the columns that a step copies of each tensor; none where it runs without tiles."""
    if step.tiles is None:
        return {}
    columns = step.tiles.kept
    return {
        name: ring_bytes(network, widths, name, copied.rows, columns[name])
        for name, copied in step.tiles.copied.items()
    }


def copy_name(tensor: str, step: Step) -> str:
    """Name of the buffer of those columns; no tensor has it, for names have no blanks."""
    return f"columns of {tensor} from layer {step.first + 1} on"


def pool_sums_bytes(layer: Layer, window_sums: Collection[str]) -> int:
    """Bytes of the sums that a global average pool keeps while it runs by rows; 0 for other layers."""
    pools = is_global_average(layer) and layer.inputs[0] not in window_sums
    return layer.output_shape[-1] * _SUM_BYTES if pools else 0


def sums_name(layer: Layer) -> str:
    """Name of the buffer of those sums; no tensor has it, for names have no blanks."""
    return f"sums of {layer.name}"


def peak(needed: list[Buffer]) -> int:
    """Most bytes needed at any one step: no plan that keeps whole tensors needs less in this order."""
    return max(_bytes_by_step(needed).values())


def fullest(needed: list[Buffer]) -> list[Buffer]:
    """The buffers that live at the first of the steps where most bytes are needed."""
    bytes_at = _bytes_by_step(needed)
    step = max(bytes_at, key=bytes_at.__getitem__)
    return [buffer for buffer in needed if buffer.first <= step <= buffer.last]


def _bytes_by_step(needed: list[Buffer]) -> dict[int, int]:
    """Bytes that live at each step where that changes, in the order of steps."""
    changes: dict[int, int] = {}
    for buffer in needed:
        changes[buffer.first] = changes.get(buffer.first, 0) + buffer.size
        changes[buffer.last + 1] = changes.get(buffer.last + 1, 0) - buffer.size
    steps = sorted(changes)
    return dict(zip(steps, itertools.accumulate(changes[step] for step in steps), strict=True))


def in_least_memory_order(network: Network, widths: Mapping[str, int]) -> Network:
    """The same network with its layers in an order whose peak of live bytes is least.

    Exact, by dynamic programming over the sets of layers that can be finished together; chains have one such order and
    networks with a few branches a few. The declared order is kept where it is as good, or where there are too many.
    """
    names = (network.input, *(layer.name for layer in network.layers))
    is_chain = all(layer.inputs == (before,) for layer, before in zip(network.layers, names, strict=False))
    if is_chain or len(network.layers) > _ORDER_LAYERS:
        return network
    search = _OrderSearch(network, widths)
    found = search.run()
    if found is None or found.peak >= search.peak_of(network.layers):
        return network
    return replace(network, layers=found.order)


@dataclass(frozen=True)
class _Reached:
    """The best way found to a set of finished layers: its peak so far, and the order."""

    peak: int
    order: tuple[Layer, ...]


class _OrderSearch:
    def __init__(self, network: Network, widths: Mapping[str, int]) -> None:
        self._network = network
        self._widths = widths
        tensors = (network.input, *(layer.name for layer in network.layers))
        self._sizes = {name: math.prod(network.shape(name)) * widths[name] for name in tensors}
        self._readers = {name: {layer.name for layer in network.consumers(name)} for name in tensors}

    def run(self) -> _Reached | None:
        """The best order of all layers, or None if there are too many sets to look at."""
        frontier = {frozenset[str](): _Reached(self._sizes[self._network.input], ())}
        looked_at = 0
        for _ in self._network.layers:
            following: dict[frozenset[str], _Reached] = {}
            for done, reached in frontier.items():
                for layer in self._ready(done):
                    looked_at += 1
                    after = done | {layer.name}
                    step = max(reached.peak, self._bytes_while(layer, done))
                    if after not in following or step < following[after].peak:
                        following[after] = _Reached(step, (*reached.order, layer))
            if looked_at > _ORDER_STATES:
                return None
            frontier = following
        return next(iter(frontier.values()))

    def peak_of(self, order: tuple[Layer, ...]) -> int:
        """Peak of live bytes of one order."""
        done: frozenset[str] = frozenset()
        highest = self._sizes[self._network.input]
        for layer in order:
            highest = max(highest, self._bytes_while(layer, done))
            done |= {layer.name}
        return highest

    def _ready(self, done: frozenset[str]) -> list[Layer]:
        available = done | {self._network.input}
        # The declared last layer makes the network's output and stays last.
        return [
            layer
            for layer in self._network.layers
            if layer.name not in done
            and available.issuperset(layer.inputs)
            and (layer.name != self._network.output or len(done) == len(self._network.layers) - 1)
        ]

    def _bytes_while(self, layer: Layer, done: frozenset[str]) -> int:
        """Live bytes while a layer runs after `done`."""
        live = sum(self._sizes[name] for name in (*done, self._network.input) if self._readers[name] - done)
        if not done and not self._readers[self._network.input]:
            live += self._sizes[self._network.input]  # it arrives, though nobody reads it
        unread_later = [name for name in layer.inputs if not self._readers[name] - done - {layer.name}]
        shares = layer.kind == "flatten" or (
            layer.kind in IN_PLACE
            and any(_same_bytes(self._network, self._widths, name, layer) for name in unread_later)
        )
        return live if shares else live + self._sizes[layer.name]


def _same_bytes(network: Network, widths: Mapping[str, int], tensor: str, layer: Layer) -> bool:
    """Whether a layer's values can take the places of a tensor's, one by one."""
    same_count = math.prod(network.shape(tensor)) == math.prod(layer.output_shape)
    return same_count and widths[tensor] == widths[layer.name]

"""How much memory an inference needs at least, for each way of executing the network.

Counted are activations, weights and biases in their containers (8, 16 or 32 bits; biases and accumulators 32 bits), but
that several weights of up to 4 bits share a byte. Stack, code and constants of requantization come on top, so every
figure here is a lower bound for its schedule. The activations of a `generated` schedule are those that the code plans
for, to the byte, where they leave no gaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from specc.graph.lifetimes import ALIGNMENT, fullest, in_least_memory_order, owners
from specc.graph.network import Layer, Network
from specc.graph.planner import Request, UnfitError, as_declared, least_memory
from specc.graph.rewrites import is_global_average, pooled_convolutions, window_sums
from specc.graph.widths import code_bytes, field_bits, weight_bits
from specc.spec.model import Fusion, QuantizationTable, RowsMode

_ACCUMULATOR_BYTES = 4
_BIAS_BYTES = 4


@dataclass(frozen=True)
class Part:
    """Bytes that one tensor or buffer takes."""

    label: str
    bytes: int


@dataclass(frozen=True)
class Schedule:
    """One way of executing a network and the memory it needs.

    `planned` schedules let tensors that never live together share memory and list what lives at the peak; the others
    give every tensor memory of its own.
    """

    name: str
    activations: tuple[Part, ...]
    weights: int  # bytes of weights and biases
    streamed: bool
    fusions: tuple[Fusion, ...]
    planned: bool

    @property
    def activation_bytes(self) -> int:
        """Bytes of all tensors and buffers."""
        return sum(part.bytes for part in self.activations)

    @property
    def total_bytes(self) -> int:
        """Activations, weights and biases together."""
        return self.activation_bytes + self.weights


def weight_bytes(network: Network, table: QuantizationTable | None) -> int:
    """Bytes of all weights and biases at least, in their containers; weights of up to 4 bits share bytes."""
    total = 0
    for layer in network.layers:
        if layer.weight_shape is not None:
            count, bits = math.prod(layer.weight_shape), weight_bits(table.row(layer.name) if table else None)
            total += math.ceil(count * field_bits(bits) / 8) + layer.output_shape[-1] * _BIAS_BYTES
    return total


def tensor_bytes(network: Network, table: QuantizationTable | None) -> dict[str, int]:
    """Bytes of each activation tensor; a flatten's output is its input and takes none."""
    widths = code_bytes(network, table)
    sizes = {tensor: math.prod(network.shape(tensor)) * width for tensor, width in widths.items()}
    return sizes | {layer.name: 0 for layer in network.layers if layer.kind == "flatten"}


def liveness_bound(network: Network, table: QuantizationTable | None) -> int:
    """Peak over the layers of the bytes of all tensors that live at once, in the order of least memory.

    Elementwise layers write over their input where they can. No arena holds the activations in less, unless a layer
    runs by rows.
    """
    return schedule(network, table, planned=True).activation_bytes


def streamable(network: Network) -> bool:
    """Whether the input can be taken row by row: it is an image that one convolution or pool reads."""
    readers = network.consumers(network.input)
    return len(network.input_shape) == 3 and len(readers) == 1 and readers[0].kind in _ROW_BY_ROW


_ROW_BY_ROW = ("conv", "dwconv", "avgpool", "maxpool")


def schedules(network: Network, table: QuantizationTable | None) -> tuple[Schedule, ...]:
    """Every schedule that applies: with and without fusing convolutions into their global pools, streaming the input
    by rows, and sharing memory between tensors."""
    pairs = pooled_convolutions(network)
    fused = tuple(Fusion.model_construct(layers=(first.name, second.name), method="fused") for first, second in pairs)
    return tuple(
        schedule(network, table, fusions=fusions, streamed=streamed, planned=planned)
        for streamed in ((False, True) if streamable(network) else (False,))
        for fusions in ((), fused)[: 2 if fused else 1]
        for planned in (False, True)
    )


def schedule(
    network: Network,
    table: QuantizationTable | None,
    *,
    fusions: tuple[Fusion, ...] = (),
    streamed: bool = False,
    planned: bool = False,
) -> Schedule:
    """The memory of one schedule. Each fusion names layers that follow one another, each read only by the next."""
    widths = code_bytes(network, table)
    if planned:
        network = in_least_memory_order(network, widths)
    sizes = tensor_bytes(network, table)
    steps = _steps(network, fusions)
    inner = {layer.name for step in steps for layer in step.layers[:-1]}
    sizes = {tensor: size for tensor, size in sizes.items() if tensor not in inner}
    input_label = network.input
    if streamed and streamable(network):
        rows = _rows_needed(steps[0])
        input_label = f"{rows} row{'s' if rows > 1 else ''} of {network.input}"
        sizes[network.input] = min(sizes[network.input], sizes[network.input] // network.input_shape[0] * rows)
    labels = {tensor: tensor for tensor in sizes} | {network.input: input_label}
    if planned:
        storage = _storage(network, sizes, owners(network, widths), whole_input=not streamed)
        parts = _peak(network, steps, sizes, labels, storage)
    else:
        parts = [Part(labels[tensor], size) for tensor, size in sizes.items() if size]
        parts += [Part(f"sums of {step.name}", step.scratch) for step in steps if step.scratch]
    return Schedule(
        name=_name(network, fusions, streamed, planned),
        activations=tuple(parts),
        weights=weight_bytes(network, table),
        streamed=streamed,
        fusions=fusions,
        planned=planned,
    )


def generated(
    network: Network,
    table: QuantizationTable | None,
    *,
    fusions: tuple[Fusion, ...] = (),
    streamed: bool = False,
    rows: RowsMode = "never",
    in_tiles: bool = True,
) -> Schedule | None:
    """The memory that generated code needs at least for what a spec declares, or None where no code can follow it.

    Args:
        network: the network.
        table: its formats.
        fusions: as declared.
        streamed: whether the input arrives by rows.
        rows: unless `never`, any layers may run by rows, and what is needed is that of the best choice of them.
        in_tiles: whether that choice may have tiles beside those that are declared.
    """
    value_bytes = code_bytes(network, table)
    network = in_least_memory_order(network, value_bytes)
    sums = {
        fusion.layers[0]: "+".join(fusion.layers)
        for fusion in fusions
        if fusion.method == "window_sums" and window_sums(network.layer(fusion.layers[0]))
    }
    request = Request(
        network,
        value_bytes,
        frozenset(sums),
        together=tuple(fusion.layers for fusion in fusions if fusion.layers[0] not in sums),
        tiles={fusion.layers: fusion.tile for fusion in fusions if fusion.tile},
        streamed=streamed,
        alignment=ALIGNMENT,
    )
    try:
        execution = as_declared(request) if rows == "never" else least_memory(request, in_tiles=in_tiles)
    except UnfitError:
        return None
    labels = {name: f"sums of {pair}" for name, pair in sums.items()}
    labels |= {name: f"{kept} row{'s' if kept > 1 else ''} of {name}" for name, kept in execution.rings.items()}
    by_rows = [execution.describe(network)] if execution.row_calls else []
    words = [*_words(network, fusions, streamed=streamed), *by_rows, "memory shared"]
    return Schedule(
        name=", ".join(words),
        activations=tuple(
            Part(labels.get(buffer.name, buffer.name), buffer.size) for buffer in fullest(request.buffers(execution))
        ),
        weights=weight_bytes(network, table),
        streamed=streamed,
        fusions=fusions,
        planned=True,
    )


@dataclass(frozen=True)
class _Step:
    """Layers that run as one."""

    layers: tuple[Layer, ...]
    scratch: int  # bytes of accumulators that live while it runs
    sums_only: bool  # adds each input value to its sums and needs no other at the same time

    @property
    def name(self) -> str:
        return "+".join(layer.name for layer in self.layers)


def _steps(network: Network, fusions: tuple[Fusion, ...]) -> list[_Step]:
    followers = {name: fusion for fusion in fusions for name in fusion.layers}
    steps: list[_Step] = []
    for layer in network.layers:
        fusion = followers.get(layer.name)
        if fusion is None:
            steps.append(_Step((layer,), 0, is_global_average(layer)))
        elif layer.name == fusion.layers[-1]:
            members = tuple(network.layer(name) for name in fusion.layers)
            steps.append(_Step(members, _scratch(members, fusion), fusion.method == "window_sums"))
    return steps


def _scratch(members: tuple[Layer, ...], fusion: Fusion) -> int:
    """Accumulators of a fused global average pool: one per channel, or one per class of window sums."""
    if not is_global_average(members[-1]):
        return 0
    sums = window_sums(members[0]) if fusion.method == "window_sums" else None
    return (sums.classes if sums else members[-1].output_shape[-1]) * _ACCUMULATOR_BYTES


def _rows_needed(first: _Step) -> int:
    """Input rows that must be held at once: those under the kernel; one where rows are only summed."""
    return 1 if first.sums_only else first.layers[0].kernel[0]


def _storage(network: Network, sizes: dict[str, int], owner: dict[str, str], *, whole_input: bool) -> dict[str, str]:
    """The tensor whose memory each tensor uses. Only what is there as a whole can be written over."""
    free = set(sizes) if whole_input else set(sizes) - {network.input}
    flat = {layer.name for layer in network.layers if layer.kind == "flatten"}
    return {
        tensor: owner[tensor] if owner[tensor] in free or (tensor in flat and owner[tensor] in sizes) else tensor
        for tensor in sizes
    }


def _peak(
    network: Network, steps: list[_Step], sizes: dict[str, int], labels: dict[str, str], storage: dict[str, str]
) -> list[Part]:
    """What lives at the step where most bytes live."""
    last_use: dict[str, int] = {}
    for index, step in enumerate(steps):
        for tensor in {name for layer in step.layers for name in (*layer.inputs, layer.name)} & storage.keys():
            last_use[storage[tensor]] = index
    best: list[Part] = []
    live = [network.input]
    for index, step in enumerate(steps):
        made = storage[step.layers[-1].name]
        if made not in live:
            live.append(made)
        parts = [Part(labels[tensor], sizes[tensor]) for tensor in live if sizes[tensor]]
        if step.scratch:
            parts.append(Part(f"sums of {step.name}", step.scratch))
        if sum(part.bytes for part in parts) > sum(part.bytes for part in best):
            best = parts
        live = [tensor for tensor in live if last_use.get(tensor, -1) > index]
    return best


def _name(network: Network, fusions: tuple[Fusion, ...], streamed: bool, planned: bool) -> str:
    words = _words(network, fusions, streamed=streamed)
    return ", ".join([*words, "memory shared"] if planned else words or ["every tensor resident"])


def _words(network: Network, fusions: tuple[Fusion, ...], *, streamed: bool) -> list[str]:
    words = [f"{network.input} streamed by rows"] if streamed else []
    for fusion in fusions:
        how = "fused" if fusion.method == "fused" else "as window sums"
        words.append(f"{'+'.join(fusion.layers)} {how}")
    return words

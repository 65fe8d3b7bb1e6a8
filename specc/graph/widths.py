"""Which row of the quantization table governs an activation tensor, and so how wide it is.

A row governs a layer's weights and its input activation. A tensor takes the row of the layer that reads it, else the
row of the layer that makes it, else the row of what that layer reads. ReLU, max pool and flatten compute in the format
of their input, so a chain of them is one tensor in this respect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specc.graph.network import Layer, Network
from specc.spec.model import QuantizationRow, QuantizationTable

FORMAT_KEEPING: Final = frozenset({"relu", "relu6", "maxpool", "flatten"})
UNQUANTIZED_BITS: Final = 32  # what no row governs is a 32-bit float


def container_bytes(bits: int) -> int:
    """Bytes that a code of `bits` occupies in memory: 1, 2 or 4."""
    return 1 if bits <= 8 else 2 if bits <= 16 else 4


def field_bits(bits: int) -> int:
    """Bits that a weight of `bits` takes in flash at least: weights of up to 4 bits share a byte."""
    return 2 if bits <= 2 else 4 if bits <= 4 else 8 * container_bytes(bits)


def row_bits(row: QuantizationRow | None) -> int:
    """Width of the activations of a row, its guard bits included."""
    return (row.activations or row.bits) + row.guard if row else UNQUANTIZED_BITS


def weight_bits(row: QuantizationRow | None) -> int:
    """Width of the weights of a row, its guard bits included."""
    return (row.weights or row.bits) + row.guard if row else UNQUANTIZED_BITS


def activation_rows(network: Network, table: QuantizationTable | None) -> dict[str, QuantizationRow | None]:
    """The row that governs each tensor (the input and every layer's output), or None where no row does.

    Where several readers have a row, the widest governs.
    """
    rows: dict[str, QuantizationRow | None] = {network.input: _widest_reader(network, network.input, table)}
    for layer in network.layers:
        before = rows[layer.inputs[0]]
        if layer.kind in FORMAT_KEEPING:
            rows[layer.name] = before
        else:
            own = table.row(layer.name) if table else None
            rows[layer.name] = _widest_reader(network, layer.name, table) or own or before
    return rows


def activation_bits(network: Network, table: QuantizationTable | None) -> dict[str, int]:
    """Width in bits of each tensor: the input and every layer's output."""
    return {tensor: row_bits(row) for tensor, row in activation_rows(network, table).items()}


def code_bytes(network: Network, table: QuantizationTable | None) -> dict[str, int]:
    """Bytes of one code of each tensor, in its container."""
    return {tensor: container_bytes(bits) for tensor, bits in activation_bits(network, table).items()}


def governing_layers(network: Network, table: QuantizationTable, tensor: str) -> set[str]:
    """The layers whose rows decide how wide a tensor is, whatever the widths in them: those that read it, else the one
    that makes it, else those that decide what that one reads."""
    if readers := {layer.name for layer in _readers(network, tensor) if table.row(layer.name)}:
        return readers
    if tensor == network.input:
        return set()
    maker = network.layer(tensor)
    if maker.kind not in FORMAT_KEEPING and table.row(tensor):
        return {tensor}
    return governing_layers(network, table, maker.inputs[0])


def _widest_reader(network: Network, tensor: str, table: QuantizationTable | None) -> QuantizationRow | None:
    """The widest row among the layers that read a tensor, looking through those that keep its format."""
    if table is None:
        return None
    rows = [row for layer in _readers(network, tensor) if (row := table.row(layer.name))]
    return max(rows, key=row_bits, default=None)


def _readers(network: Network, tensor: str) -> Iterator[Layer]:
    """The layers that read a tensor, looking through those that keep its format."""
    pending = [tensor]
    while pending:
        for layer in network.consumers(pending.pop()):
            if layer.kind in FORMAT_KEEPING:
                pending.append(layer.name)
            else:
                yield layer

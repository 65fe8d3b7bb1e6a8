"""The outputs of layers as a program shows them: in parts, for a layer may run row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specc.numerics.inputs import to_bytes
from specc.numerics.quantized import IntArray, QuantizedNetwork


def outputs_of_trace(lines: Sequence[str], layers: int) -> list[bytes]:
    """Output of each layer from the `layer` lines of a trace; empty for a layer whose output exists nowhere.

    Raises:
        ValueError: a line is no part of a layer's output.
    """
    outputs = [bytearray() for _ in range(layers)]
    for line in lines:
        words = line.split()
        if len(words) != 3 or words[0] != "layer" or not words[1].isdecimal() or int(words[1]) >= layers:
            raise ValueError(f"{line[:200]!r} is no part of a layer's output")
        outputs[int(words[1])] += bytes.fromhex(words[2])
    return [bytes(output) for output in outputs]


def expected_outputs(network: QuantizedNetwork, tensors: Mapping[str, IntArray], index: int) -> list[bytes]:
    """What a trace must show of each layer, from the golden model's tensors of a batch."""
    return [
        b"" if layer.name in network.window_sums else to_bytes(tensors[layer.name][index], network.layer_format(layer))
        for layer in network.network.layers
    ]

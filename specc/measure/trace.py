"""The outputs of layers as a program shows them: in parts, for a layer may run row by row."""

from __future__ import annotations

from collections.abc import Sequence


def outputs_of_trace(lines: Sequence[str], layers: int) -> list[bytes]:
    """Output of each layer from the `layer` lines of a trace; empty for a layer of whose output no whole row exists.

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

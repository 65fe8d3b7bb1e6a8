"""The first difference of a target's outputs from the golden model's: where, both values, and the likely cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from specc.graph.network import Layer
from specc.measure.backend import BackendError
from specc.measure.result import OutputDifference
from specc.numerics.causes import likely_cause
from specc.numerics.inputs import from_bytes
from specc.numerics.quantized import IntArray, QuantizedNetwork

UNTRACED = "not known: the layers before were not observed"
NOT_ARITHMETIC = "not arithmetic: run layer by layer, the same input gives the golden model's output"


def first_difference(
    network: QuantizedNetwork,
    tensors: Mapping[str, IntArray],
    traces: Sequence[Sequence[bytes]],
    outputs: Sequence[tuple[int, bytes]],
) -> OutputDifference | None:
    """The first layer, in the network's order, whose output differs on any input; None: every code is equal.

    The inputs of that layer are the golden model's, so its own arithmetic is what differs. Runs without a trace count
    where every trace is equal.

    Args:
        network: the network and its numbers.
        tensors: the golden model's tensors, each with a batch axis.
        traces: of each of the first inputs of the batch, the output of every layer; empty where no whole row
            of it exists.
        outputs: the network's output of every other run: number of the input in the batch, and the bytes.

    Raises:
        BackendError: an output is not as long as the layer's.
    """
    for number, layer in enumerate(network.network.layers):
        if not traces or layer.name in network.without_rows:
            continue
        found = np.stack([_codes(network, layer, trace[number]) for trace in traces])
        ours = {name: tensor[: len(traces)] for name, tensor in tensors.items()}
        if not np.array_equal(found, ours[layer.name]):
            cause = likely_cause(network, layer, ours, found)
            return _difference(layer, range(len(traces)), found, ours[layer.name], cause)
    return _untraced(network, tensors, len(traces), outputs)


def _untraced(
    network: QuantizedNetwork, tensors: Mapping[str, IntArray], traced: int, outputs: Sequence[tuple[int, bytes]]
) -> OutputDifference | None:
    """The first run whose output differs although every trace is equal."""
    last = network.network.layers[-1]
    for index, data in outputs:
        found, expected = _codes(network, last, data), tensors[last.name][index]
        if not np.array_equal(found, expected):
            cause = NOT_ARITHMETIC if index < traced else UNTRACED
            return _difference(last, [index], found[np.newaxis], expected[np.newaxis], cause)
    return None


def _codes(network: QuantizedNetwork, layer: Layer, data: bytes) -> IntArray:
    try:
        return from_bytes(data, network.layer_format(layer), layer.output_shape)
    except ValueError:
        raise BackendError(
            f"the program's output of {layer.name} has {len(data):,} bytes: not what was built"
        ) from None


def _difference(
    layer: Layer, inputs: Sequence[int], found: IntArray, expected: IntArray, cause: str
) -> OutputDifference:
    apart = np.argwhere(found != expected)
    first = tuple(int(index) for index in apart[0])
    return OutputDifference(
        layer=layer.name,
        input=inputs[first[0]],
        element=first[1:],
        found=int(found[first]),
        expected=int(expected[first]),
        differing=len(apart),
        compared=found.size,
        cause=cause,
    )

"""The dense layers at the end of a network: those whose gradients a device can compute."""

from __future__ import annotations

from specc.graph.network import Layer, Network


def dense_tail(network: Network) -> list[Layer]:
    """From the last dense layer to the first that nothing but dense layers follows, a softmax behind the last aside.

    A flatten between two of them changes nothing, and does not end the row.
    """
    found: list[Layer] = []
    tensor = network.output
    while tensor != network.input:
        layer = network.layer(tensor)
        reads_once = tensor == network.output or len(network.consumers(tensor)) == 1
        last = layer.kind == "softmax" and tensor == network.output
        vector = layer.kind == "flatten" and len(layer.input_shapes[0]) == 1
        if not reads_once or not (layer.kind == "dense" or last or vector):
            break
        if layer.kind == "dense":
            found.append(layer)
        tensor = layer.inputs[0]
    return found

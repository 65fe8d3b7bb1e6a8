"""Activations as passes of their own: what generated code would be if kernels did not clamp to their codes.

A clamp to the codes of the container first and to those of the activation then is a clamp to those of the activation,
for these are among them: every result stays the same.
"""

from __future__ import annotations

import dataclasses

from specc.numerics.quantized import LayerNumbers, QuantizedNetwork


def with_separate_activations(network: QuantizedNetwork) -> QuantizedNetwork:
    """The network with a pass behind each layer whose activation narrows the codes of its format.

    Where zero is the lowest code of the format, as calibrated scales have it behind a ReLU, saturation is the
    activation, and there is nothing to take apart.
    """
    numbers = dict(network.numbers)
    for layer in network.network.layers:
        own, form = numbers[layer.name], network.layer_format(layer)
        if layer.activation != "linear" and (own.clamp_low, own.clamp_high) != (form.low, form.high):
            numbers[layer.name] = _apart(own, 1 << (form.container_bits - 1))
    return dataclasses.replace(network, numbers=numbers)


def _apart(own: LayerNumbers, codes: int) -> LayerNumbers:
    clamp = (own.clamp_low, own.clamp_high)
    return dataclasses.replace(own, clamp_low=-codes, clamp_high=codes - 1, activation_clamp=clamp)

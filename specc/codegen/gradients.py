"""The backward pass of the dense layers at the end of a network, in C: `gradients.c`, for a program of its own.

Beside the network it needs the layers' inputs, which an inference overwrites, the gradients themselves, two vectors to
work in, and the weights in the order of the network: fast kernels keep theirs in another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from specc.codegen.generate import GeneratedCode, environment, write
from specc.codegen.layers import identifiers
from specc.graph.network import Layer
from specc.graph.tail import dense_tail
from specc.numerics.gradients import exponentials, passing, weight_scales
from specc.numerics.quantized import QuantizedNetwork
from specc.resources import resource

FLAGS: Final = ("-DSPECC_GRADIENTS",)
# What the names of the arrays in SRAM begin with, and what they hold.
SRAM_PREFIXES: Final = {
    "specc_gradient_of_": "gradients",
    "specc_saved_": "saved activations",
    "specc_deltas_": "deltas",
}


@dataclass(frozen=True)
class GradientCode:
    """What a program with gradients has beside the network's own code."""

    sources: tuple[Path, ...]
    layers: tuple[str, ...]  # whose gradients it computes, from the last to the first


def generate_gradients(network: QuantizedNetwork, code: GeneratedCode) -> GradientCode:
    """Write `gradients.c` beside the generated network.

    Raises:
        ValueError: no dense layer ends the network.
    """
    write(code.folder / "gradients.c", render_gradients(network))
    layers = tuple(layer.name for layer in dense_tail(network.network))
    return GradientCode((code.folder / "gradients.c", resource("firmware", "runtime/backward.c")), layers)


def render_gradients(network: QuantizedNetwork) -> str:
    """Text of `gradients.c`.

    Raises:
        ValueError: no dense layer ends the network.
    """
    graph = network.network
    tail = dense_tail(graph)
    if not tail:
        raise ValueError(f"network {graph.name} does not end with a dense layer")
    softmax = graph.layers[-1].kind == "softmax"
    form = network.formats[graph.output]
    saved = [tail[0].name, *(layer.inputs[0] for layer in tail)]
    numbers = {layer.name: number for number, layer in enumerate(graph.layers)} | {graph.input: len(graph.layers)}
    names = identifiers(graph)
    context: dict[str, Any] = {
        "name": graph.name,
        "saves": [
            {
                "number": number,
                "layer": numbers[tensor],
                "bytes": math.prod(graph.shape(tensor)) * network.formats[tensor].container_bits // 8,
            }
            for number, tensor in enumerate(saved)
        ],
        "layers": [
            _layer(network, layer, names[layer.name], numbers[layer.name], place, last=place == len(tail) - 1)
            for place, layer in enumerate(tail)
        ],
        "classes": math.prod(graph.output_shape),
        "widest": max(math.prod(layer.output_shape) for layer in tail),
        "exponentials": [] if softmax else floats(exponentials(network)),
        "output_bytes": form.container_bits // 8,
        "output_zero": form.zero_point,
        "output_scale": single(form.scale),
    }
    return str(environment().get_template("gradients.c.j2").render(context))


def _layer(
    network: QuantizedNetwork, layer: Layer, identifier: str, number: int, place: int, *, last: bool
) -> dict[str, Any]:
    source, out = network.formats[layer.inputs[0]], network.formats[layer.name]
    numbers = network.numbers[layer.name]
    assert numbers.weights is not None
    floor, ceiling = passing(network, layer)
    return {
        "identifier": identifier,
        "number": number,
        "units": layer.output_shape[-1],
        "features": math.prod(layer.input_shapes[0]),
        "passes_on": not last,
        "weights": [] if last else numbers.weights.reshape(-1).tolist(),
        "weight_bits": numbers.weight_container_bits,
        "scales": floats(weight_scales(network, layer)),
        "output": place,
        "input": place + 1,
        "input_bytes": source.container_bits // 8,
        "output_bytes": out.container_bits // 8,
        "input_zero": source.zero_point,
        "input_scale": single(source.scale),
        "floor": floor,
        "ceiling": ceiling,
    }


def floats(values: Iterable[float] | npt.NDArray[Any]) -> list[str]:
    """Numbers as C literals of single precision, exactly."""
    return [single(value) for value in values]


def single(value: float) -> str:
    """A number, rounded to single precision, as a hexadecimal C literal."""
    return f"{float(np.float32(value)).hex()}f"

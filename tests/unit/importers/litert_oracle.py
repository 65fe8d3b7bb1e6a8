"""LiteRT with its reference kernels, as an oracle."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from specc.numerics.quantized import QuantizedNetwork

Codes = npt.NDArray[np.int64]


class LiteRT:
    """LiteRT with its reference kernels; every tensor of an inference can be read afterwards."""

    def __init__(self, data: bytes) -> None:
        interpreters = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the package ai-edge-litert")
        self.interpreter: Any = interpreters.Interpreter(
            model_content=data,
            experimental_op_resolver_type=interpreters.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.operators = self.interpreter._get_ops_details()

    def run(self, network: QuantizedNetwork, codes: Codes) -> dict[str, Codes]:
        """Every tensor, by the name that specc gives it."""
        self.interpreter.set_tensor(self.input["index"], codes.astype(np.int8).reshape(self.input["shape"]))
        self.interpreter.invoke()
        tensors = {network.network.input: codes}
        for layer in network.network.layers:
            number = int(re.sub(r"\D", "", layer.name.removeprefix(layer.kind)))
            output = self.interpreter.get_tensor(self.operators[number]["outputs"][0])
            tensors[layer.name] = output.astype(np.int64).reshape(layer.output_shape)
        return tensors


def inputs_of(network: QuantizedNetwork, count: int) -> list[Codes]:
    """Random codes, and the corners: all smallest, all largest, both in turn, the zero point."""
    shape = network.network.input_shape
    generator = np.random.default_rng(17)
    random = [generator.integers(-128, 128, shape) for _ in range(count)]
    turns = np.where(np.arange(np.prod(shape)) % 2, 127, -128).reshape(shape)
    zero = network.formats[network.network.input].zero_point
    return [*random, turns, *(np.full(shape, code) for code in (-128, 127, zero))]

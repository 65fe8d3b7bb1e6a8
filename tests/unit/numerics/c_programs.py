"""The generated C as a program of this computer, held against the golden model: every code of every layer."""

import subprocess

import numpy as np
from network_zoo import corner_inputs

from specc.codegen.generate import generate
from specc.codegen.kernels import GENERIC
from specc.codegen.toolchain import Toolchain
from specc.numerics import golden
from specc.numerics.inputs import from_bytes, to_bytes
from specc.numerics.quantized import IntArray, QuantizedNetwork
from specc.resources import resource


def trace(
    toolchain: Toolchain, network: QuantizedNetwork, inputs: IntArray, *flags: str, family: str = GENERIC
) -> list[dict[str, IntArray]]:
    """Outputs of every layer as the compiled program computes them, for each input; none of window sums."""
    folder = toolchain.build_folder / "-".join(("network", family, *flags))
    code = generate(network, folder, family)
    board = resource("firmware", "host/board.c")
    warnings = toolchain.compile(
        [*code.sources, board], folder / "network", (*toolchain.native, *flags), code.include_folders
    )
    assert warnings == "", warnings
    form = network.formats[network.network.input]
    commands = "".join(f"trace {to_bytes(codes, form).hex()}\n" for codes in inputs)
    done = subprocess.run([folder / "network"], input=commands, capture_output=True, text=True, timeout=60, check=True)
    lines = iter(done.stdout.splitlines())
    traces = []
    for _ in inputs:
        parts: dict[int, str] = {}
        for line in lines:
            word, *rest = line.split()
            if word != "layer":
                break
            number, data = rest
            parts[int(number)] = parts.get(int(number), "") + data
        outputs = {}
        for index, layer in enumerate(network.network.layers):
            if layer.name not in network.without_rows:
                data = bytes.fromhex(parts.pop(index))
                outputs[layer.name] = from_bytes(data, network.formats[layer.name], layer.output_shape)
        assert not parts
        result = line.split()
        output = network.network.output
        assert result[0] == "result" and len(result) == 3 + len(network.network.layers)
        assert bytes.fromhex(result[1]) == to_bytes(outputs[output], network.formats[output])
        traces.append(outputs)
    return traces


def assert_parity(
    toolchain: Toolchain, network: QuantizedNetwork, random_inputs: int, *flags: str, family: str = GENERIC
) -> None:
    inputs = corner_inputs(network, random_inputs, seed=7)
    expected = golden.run(network, inputs)
    for index, outputs in enumerate(trace(toolchain, network, inputs, *flags, family=family)):
        for layer, codes in outputs.items():
            differing = np.argwhere(codes != expected[layer][index])
            assert not differing.size, f"input {index}, layer {layer}, first at {differing[0]}"

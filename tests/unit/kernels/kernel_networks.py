"""Networks whose constants reach the corners, run on the virtual board: layers side by side, or in a chain by rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from specc.codegen.generate import generate
from specc.codegen.kernels import family_of
from specc.codegen.toolchain import Toolchain, core_flags
from specc.graph.build import build_network
from specc.graph.execution import Execution, runs_by_rows
from specc.numerics import golden
from specc.numerics.inputs import to_bytes
from specc.numerics.quantize import quantize
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork, TensorFormat
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec
from specc_backends.virtual_board.client import BoardProcess
from specc_backends.virtual_board.firmware import link
from specc_backends.virtual_board.native import build_native

SRAM = 512 * 1024
FORMATS = (-128, 127, 0, 83)  # zero points


def side_by_side(shape: tuple[int, ...], layers: Sequence[LayerSpec], seed: int) -> QuantizedNetwork:
    """A network of layers that all read its input, 8 bits wide, every constant drawn from its whole range."""
    named = (
        layer.model_copy(update={"name": f"n{i}", "inputs": ("x", "x") if layer.kind == "add" else ("x",)})
        for i, layer in enumerate(layers)
    )
    return _drawn(shape, tuple(named), seed)


def chain_by_rows(shape: tuple[int, ...], layers: Sequence[LayerSpec], seed: int) -> QuantizedNetwork:
    """As `side_by_side`, but each layer reads the one before it, and all run by rows, as the input arrives.

    An addition reads the two layers before it.
    """
    named: list[LayerSpec] = []
    for i, layer in enumerate(layers):
        before = ("x", *(one.name for one in named))
        named.append(layer.model_copy(update={"name": f"n{i}", "inputs": before[-2 if layer.kind == "add" else -1 :]}))
    network = _drawn(shape, tuple(named), seed)
    step = runs_by_rows(network.network, 0, len(layers) - 1, streamed=True)
    assert step is not None
    return dataclasses.replace(network, execution=Execution((step,)))


def _drawn(shape: tuple[int, ...], named: tuple[LayerSpec, ...], seed: int) -> QuantizedNetwork:
    model = ModelSpec(
        name="net",
        input=InputSpec(name="x", shape=shape, distribution="normal"),
        layers=named,
        weights=WeightsSpec(seed=seed),
    )
    table = QuantizationTable(model="net", rows=(QuantizationRow(layer="*", bits=8),))
    network = quantize(Spec(edition=1, model=model, quantization=table), build_network(model))
    draw = np.random.default_rng(seed)
    formats = {name: _moved(form, int(draw.choice(FORMATS))) for name, form in network.formats.items()}
    numbers = {
        layer.name: extreme(network.numbers[layer.name], layer.kind == "dwconv", draw)
        for layer in network.network.layers
    }
    return dataclasses.replace(network, formats=formats, numbers=numbers)


def _moved(form: TensorFormat, zero_point: int) -> TensorFormat:
    return dataclasses.replace(form, zero_point=zero_point)


def extreme(own: LayerNumbers, depthwise: bool, draw: np.random.Generator) -> LayerNumbers:
    """Weights, biases and multipliers over their ranges, shifts that differ and use the output's whole range."""
    if own.weights is None or own.bias is None:  # an addition
        shift = int(draw.integers(24, 34))
        own_multipliers = draw.integers(2 ** (shift - 4), 2 ** min(shift, 31), 2)
        return dataclasses.replace(own, multipliers=own_multipliers, shifts=np.array([shift, shift]))
    weights = draw.choice([-128, -127, -1, 0, 1, 127], own.weights.shape)
    spread = np.where(draw.random(own.weights.shape) < 0.5, weights, draw.integers(-128, 128, own.weights.shape))
    taps = spread.size // own.bias.size
    if depthwise:
        spread[..., 0] = 0  # a channel whose output never changes
    else:
        spread[0] = 0
    bits = int(taps * 128 * 64).bit_length()
    return dataclasses.replace(
        own,
        weights=spread,
        bias=draw.integers(-(2**bits), 2**bits, own.bias.shape),
        multipliers=draw.integers(2**30, 2**31, own.multipliers.shape),
        shifts=31 + max(bits - 8, 2) + draw.integers(0, 4, own.shifts.shape),
        clamp_low=-128,
        clamp_high=127,
    )


def inputs_of(network: QuantizedNetwork, seed: int) -> IntArray:
    """All smallest, all largest, and random codes: (3, *shape)."""
    shape = network.network.input_shape
    draw = np.random.default_rng(seed)
    return np.stack([np.full(shape, -128), np.full(shape, 127), draw.integers(-128, 128, shape)])


def differing_layers(
    toolchain: Toolchain,
    folder: Path,
    network: QuantizedNetwork,
    core: str = "cortex-m4",
    flag: str = "-O2",
    *,
    spare_flash: int = 0,
) -> list[str]:
    """Layers whose outputs on the virtual board, by the kernels of its core, are not those of the golden model."""
    code = generate(network, folder / "source", family_of(core, has_dsp=True), spare_flash)
    flags = [*core_flags(core, fpu=True, dsp=True), flag]
    elf = folder / "kernels.elf"
    link(toolchain, code.sources, code.include_folders, flags=flags, memory=(1 << 20, SRAM), elf=elf)
    codes = inputs_of(network, 1)
    expected = golden.run(network, codes)
    layers = network.network.layers
    wrong = []
    with BoardProcess(folder / "worker.log", 60) as board:
        board.load(
            elf,
            build_native(toolchain, toolchain.build_folder),
            core=core,
            sram_bytes=SRAM,
            regions=len(layers) + 2,  # the whole, each layer, waiting for rows
            line_bytes=16,
            code_budget=10**10,
            caches=((16, 1, 0), (16, 1, 0)),
            count_flash_reads=False,
        )
        for index, one in enumerate(codes):
            form = network.formats[network.network.input]
            outputs = [""] * len(layers)
            for line in board.command(f"trace {to_bytes(one, form).hex()}").lines[:-1]:
                number, data = line.split()[1:]
                outputs[int(number)] += data
            for layer, output in zip(layers, outputs, strict=True):
                if output != to_bytes(expected[layer.name][index], network.formats[layer.name]).hex():
                    wrong.append(f"{layer.name}, input {index}")
    return wrong

"""Networks whose constants reach the corners, run on the virtual board: layers side by side, or in a chain by rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from specc.codegen.choice import NOTHING_SET
from specc.codegen.generate import generate
from specc.codegen.kernels import family_of
from specc.codegen.toolchain import Toolchain, core_flags
from specc.graph.build import build_network
from specc.graph.execution import Execution, runs_by_rows, runs_in_tiles
from specc.numerics import golden
from specc.numerics.inputs import to_bytes
from specc.numerics.quantize import quantize
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec
from specc_backends.virtual_board.client import BoardProcess
from specc_backends.virtual_board.firmware import link
from specc_backends.virtual_board.native import build_native

SRAM = 512 * 1024
FORMATS = (-128, 127, 0, 83)  # zero points


@dataclasses.dataclass(frozen=True)
class Widths:
    """Of what a drawn network's numbers are."""

    codes: int = 8
    weights: int = 8
    accumulator: int = 32
    clamps: tuple[int, int] | None = None  # None: all codes
    symmetric: bool = False  # without the lowest weight, which has no opposite


EIGHT_BITS = Widths()


def side_by_side(
    shape: tuple[int, ...], layers: Sequence[LayerSpec], seed: int, widths: Widths = EIGHT_BITS
) -> QuantizedNetwork:
    """A network of layers that all read its input, every constant drawn from its whole range."""
    named = (
        layer.model_copy(update={"name": f"n{i}", "inputs": ("x", "x") if layer.kind == "add" else ("x",)})
        for i, layer in enumerate(layers)
    )
    return _drawn(shape, tuple(named), seed, widths)


def chain_by_rows(shape: tuple[int, ...], layers: Sequence[LayerSpec], seed: int) -> QuantizedNetwork:
    """As `side_by_side`, but each layer reads the one before it, and all run by rows, as the input arrives.

    An addition reads the two layers before it.
    """
    network = _chain(shape, layers, seed)
    step = runs_by_rows(network.network, 0, len(layers) - 1, streamed=True)
    assert step is not None
    return dataclasses.replace(network, execution=Execution((step,)))


def chain_in_tiles(shape: tuple[int, ...], layers: Sequence[LayerSpec], seed: int, width: int) -> QuantizedNetwork:
    """As `chain_by_rows`, but some columns of the output at a time, and the input lies in memory as a whole."""
    network = _chain(shape, layers, seed)
    step = runs_in_tiles(network.network, 0, len(layers) - 1, width)
    assert step is not None and step.times > 1
    return dataclasses.replace(network, execution=Execution((step,)))


def _chain(shape: tuple[int, ...], layers: Sequence[LayerSpec], seed: int) -> QuantizedNetwork:
    named: list[LayerSpec] = []
    for i, layer in enumerate(layers):
        before = ("x", *(one.name for one in named))
        named.append(layer.model_copy(update={"name": f"n{i}", "inputs": before[-2 if layer.kind == "add" else -1 :]}))
    return _drawn(shape, tuple(named), seed)


def _drawn(
    shape: tuple[int, ...], named: tuple[LayerSpec, ...], seed: int, widths: Widths = EIGHT_BITS
) -> QuantizedNetwork:
    model = ModelSpec(
        name="net",
        input=InputSpec(name="x", shape=shape, distribution="normal"),
        layers=named,
        weights=WeightsSpec(seed=seed),
    )
    table = QuantizationTable(model="net", rows=(QuantizationRow(layer="*", bits=8),))
    network = quantize(Spec(edition=1, model=model, quantization=table), build_network(model))
    draw = np.random.default_rng(seed)
    half = 1 << (widths.codes - 1)
    formats = {
        name: dataclasses.replace(
            form,
            bits=widths.codes,
            low=-half,
            high=half - 1,
            zero_point=int(draw.choice([zero * half // 128 for zero in FORMATS])),
        )
        for name, form in network.formats.items()
    }
    numbers = {
        layer.name: extreme(network.numbers[layer.name], layer.kind == "dwconv", draw, widths)
        for layer in network.network.layers
    }
    return dataclasses.replace(network, formats=formats, numbers=numbers)


def extreme(own: LayerNumbers, depthwise: bool, draw: np.random.Generator, widths: Widths = EIGHT_BITS) -> LayerNumbers:
    """Weights, biases and multipliers over their ranges, shifts that differ and use the output's whole range."""
    if own.weights is None or own.bias is None:  # an addition
        shift = int(draw.integers(24, 34))
        own_multipliers = draw.integers(2 ** (shift - 4), 2 ** min(shift, 31), 2)
        return dataclasses.replace(own, multipliers=own_multipliers, shifts=np.array([shift, shift]))
    most = 1 << (widths.weights - 1)
    least = -most + widths.symmetric
    weights = draw.choice([least, 1 - most, -1, 0, 1, most - 1], own.weights.shape)
    spread = np.where(draw.random(own.weights.shape) < 0.5, weights, draw.integers(least, most, own.weights.shape))
    taps = spread.size // own.bias.size
    if depthwise:
        spread[..., 0] = 0  # a channel whose output never changes
    else:
        spread[0] = 0
    codes = 1 << (widths.codes - 1)
    bits = min(int(taps * codes * most // 2).bit_length(), widths.accumulator - 1)
    low, high = widths.clamps or (-codes, codes - 1)
    return dataclasses.replace(
        own,
        weights=spread,
        weight_bits=widths.weights,
        accumulator_bits=widths.accumulator,
        bias=draw.integers(-(2**bits), 2**bits, own.bias.shape),
        multipliers=draw.integers(2**30, 2**31, own.multipliers.shape),
        shifts=31 + max(bits - widths.codes, 2) + draw.integers(0, 4, own.shifts.shape),
        clamp_low=low,
        clamp_high=high,
    )


def inputs_of(network: QuantizedNetwork, seed: int) -> IntArray:
    """All smallest, all largest, and random codes: (3, *shape)."""
    shape = network.network.input_shape
    draw = np.random.default_rng(seed)
    form = network.formats[network.network.input]
    return np.stack(
        [np.full(shape, form.low), np.full(shape, form.high), draw.integers(form.low, form.high + 1, shape)]
    )


def differing_layers(
    toolchain: Toolchain,
    folder: Path,
    network: QuantizedNetwork,
    core: str = "cortex-m4",
    flag: str = "-O2",
    *,
    spare_flash: int = 0,
    fixed: Mapping[str, str] = NOTHING_SET,
) -> list[str]:
    """Layers whose outputs on the virtual board, by the kernels of its core, are not those of the golden model."""
    code = generate(network, folder / "source", family_of(core, has_dsp=True), spare_flash, fixed=fixed)
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
                if layer.name in network.without_rows:
                    assert not output
                elif output != to_bytes(expected[layer.name][index], network.formats[layer.name]).hex():
                    wrong.append(f"{layer.name}, input {index}")
    return wrong

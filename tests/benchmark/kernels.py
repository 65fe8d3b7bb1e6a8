"""Takes the tables of docs/kernels.md again: `python tests/benchmark/kernels.py --update`. Takes minutes.

It builds the four reference networks of ../shared/data with each family of kernels, and some layers with numbers of
other widths, runs one input of each on the virtual board, and compares every output with the golden model. Cycles are
those of the model's low end, for memory without wait states, and the high end of the core's own ranges. They are
simulated, not measured.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pages import DATA, ROOT, take

if TYPE_CHECKING:
    from specc.numerics.quantized import QuantizedNetwork
    from specc.spec import Spec

PAGE: Final = ROOT / "docs" / "kernels.md"
NETWORKS: Final = {
    "kws": "kws_ref_model",
    "vww": "vww_96_int8",
    "ic": "pretrainedResnet_quant",
    "ad": "ad01_int8",
}
FLASH, SRAM = 2 << 20, 640 << 10  # enough for each of the networks

# Cycles per multiply-accumulate set as the goal: the best published int8 results of MLPerf Tiny, any software on the
# core alone, derived from latency and clock, not verified by MLCommons. Real boards, whose flash has wait states.
GOALS: Final = {
    "cortex-m4": {"kws": 1.95, "vww": 1.42, "ic": 1.58, "ad": 1.84},
    "cortex-m7": {"kws": 1.19, "vww": 0.89, "ic": 0.91, "ad": 1.15},
    "cortex-m0+": {"kws": 11.4, "vww": 12.1, "ic": 7.8, "ad": 9.9},
}
# Arm's open kernels on networks of these shapes, at zero wait states and by the same way of counting. Figures that were
# given with the goals; this script does not take them again.
ARM: Final = {"kws": "3.4", "vww": "unknown", "ic": "2.7", "ad": "2.8"}
ARM_LAYERS: Final = {
    "conv 3x3": "2.1 to 2.9",
    "conv 1x1": "3.9 to 5.0",
    "dwconv 3x3": "9.7 to 10.5",
    "dense": "2.6 to 6.6",
}
NARROW: Final = "dsp, weights that share bytes"  # as for a flash that is too small for the fastest kernels
SPARING: Final = "armv6m, weights that share bytes"
RUNS: Final = (
    ("cortex-m4", "generic"),
    ("cortex-m4", "dsp"),
    ("cortex-m7", "dsp"),
    ("cortex-m33", "dsp"),
    ("cortex-m0+", "generic"),
    ("cortex-m0+", "armv6m"),
)
# The narrow ones with kernels that spare flash.
WIDTHS: Final = (
    ("cortex-m4", "generic", 16),
    ("cortex-m4", "dsp", 16),
    ("cortex-m4", "dsp", 12),
    ("cortex-m4", "dsp", 8),
    ("cortex-m4", NARROW, 4),
    ("cortex-m4", NARROW, 2),
    ("cortex-m0+", "armv6m", 8),
    ("cortex-m0+", SPARING, 4),
    ("cortex-m0+", SPARING, 2),
)


@dataclass(frozen=True)
class LayerRun:
    """One layer on the board."""

    kind: str
    macs: int
    outputs: int
    cycles: int
    kernel: str  # family and name; empty where there is no code


@dataclass(frozen=True)
class Run:
    """A network on a core, with a family of kernels."""

    network: str
    core: str
    family: str
    macs: int
    low: int  # cycles
    high: int
    layers: tuple[LayerRun, ...]
    flash: int  # bytes
    activations: int
    stack: int


def run(network: str, core: str, family: str, folder: Path) -> Run:
    """Build and run a network, every tensor whole; fails if any output differs from the golden model."""
    spec, quantized = loaded(network, folder)
    own = folder / f"{network}-{core}-{family.replace(', ', '-').replace(' ', '-')}"
    return on_board(spec, quantized, core, family, own)


def loaded(network: str, folder: Path) -> tuple[Spec, QuantizedNetwork]:
    """A reference network, in a spec with one target, and its numbers."""
    from specc.check import check
    from specc.numerics.quantize import quantize

    name = NETWORKS[network]
    (folder / f"{name}.tflite").write_bytes((DATA / "models" / f"{name}.tflite").read_bytes())
    file = folder / f"{name}.hwspec"
    text = f'hwspec 1\nmodel {network} {{ from "{name}.tflite" }}\ntarget board {{ use stm32l4r5, clock 120 MHz }}\n'
    file.write_text(text, encoding="utf-8")
    checked = check(file)
    assert checked.spec is not None and checked.network is not None
    return checked.spec, quantize(checked.spec, checked.network)


def on_board(spec: Spec, quantized: QuantizedNetwork, core: str, family: str, own: Path) -> Run:
    """Build and run a quantized network, in a folder of its own; fails if any output differs from the golden model."""
    from specc.codegen.generate import generate
    from specc.codegen.toolchain import Toolchain, core_flags
    from specc.numerics import golden
    from specc.numerics.inputs import draw_codes, to_bytes
    from specc_backends.virtual_board.client import BoardProcess
    from specc_backends.virtual_board.firmware import link
    from specc_backends.virtual_board.native import build_native

    graph = quantized.network
    folder = own.parent
    toolchain = Toolchain(folder)
    code = generate(
        quantized, own / "source", family.partition(",")[0], spare_flash=FLASH if family in (NARROW, SPARING) else 0
    )
    flags = [*core_flags(core, fpu=True, dsp=True), "-O2"]
    elf = own / "firmware.elf"
    image = link(toolchain, code.sources, code.include_folders, flags=flags, memory=(FLASH, SRAM), elf=elf)
    codes = draw_codes(spec.model.input, quantized, 1, seed=0)
    expected = golden.run(quantized, codes)
    line = to_bytes(codes[0], quantized.formats[graph.input]).hex()
    with BoardProcess(own / "worker.log", 300) as board:
        board.load(
            elf,
            build_native(toolchain, folder / "native"),
            core=core,
            sram_bytes=SRAM,
            regions=len(graph.layers) + 1,
            line_bytes=16,
            code_budget=10**12,
            caches=((16, 1, 0), (16, 1, 0)),
            count_flash_reads=False,
        )
        counted = board.command(f"run {line}").counters
        trace = board.command(f"trace {line}").lines[:-1]
        stack = int(board.command("memory").lines[0].split()[1])
    outputs = [""] * len(graph.layers)
    for answer in trace:  # of a layer that runs by rows, a row
        index, data = answer.split()[1:]
        outputs[int(index)] += data
    for layer, output in zip(graph.layers, outputs, strict=True):
        exact = to_bytes(expected[layer.name][0], quantized.formats[layer.name]).hex()
        seen = layer.name not in quantized.without_rows
        assert output == (exact if seen else ""), (
            f"{graph.name} on {core}, {family}: {layer.name} differs from the golden model"
        )
    layers = tuple(
        LayerRun(
            _kind(layer.kind, layer.kernel),
            layer.macs,
            math.prod(layer.output_shape),
            region["cycles_low"],
            code.kernels.get(layer.name, ""),
        )
        for layer, region in zip(graph.layers, counted[1:], strict=True)
    )
    return Run(
        network=graph.name,
        core=core,
        family=family,
        macs=graph.macs,
        low=counted[0]["cycles_low"],
        high=counted[0]["cycles_high"],
        layers=layers,
        flash=image.flash_bytes,
        activations=code.arena_bytes,
        stack=stack,
    )


def widths(folder: Path) -> Iterator[tuple[str, Run]]:
    """Layers with numbers of some widths, and what their width is."""
    from specc.graph.build import build_network
    from specc.numerics.quantize import quantize
    from specc.spec import Spec
    from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec

    layers = (
        LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=64),
        LayerSpec(name="depthwise", kind="dwconv", kernel=(3, 3), padding="same"),
        LayerSpec(name="large", kind="dwconv", kernel=(5, 5), padding="same"),
        LayerSpec(name="pointwise", kind="conv", kernel=(1, 1), units=64),
        LayerSpec(name="dense", kind="dense", units=16),
    )
    source = InputSpec(name="x", shape=(16, 16, 32), distribution="normal")
    model = ModelSpec(name="widths", input=source, layers=layers, weights=WeightsSpec(seed=1))
    for core, family, bits in WIDTHS:
        print(f"{bits} bits on {core} with {family} kernels", file=sys.stderr, flush=True)
        table = QuantizationTable(model="widths", rows=(QuantizationRow(layer="*", bits=bits),))
        spec = Spec(edition=1, model=model, quantization=table)
        quantized = quantize(spec, build_network(model))
        own = folder / f"widths-{core}-{bits}-{family.count(',')}"
        yield f"{bits}", on_board(spec, quantized, core, family, own)


def _kind(kind: str, kernel: tuple[int, int]) -> str:
    return f"{kind} {kernel[0]}x{kernel[1]}" if kind in ("conv", "dwconv") else kind


def tables(runs: list[Run], by_width: list[tuple[str, Run]]) -> str:
    """The generated part of the page."""
    return "\n".join([*_networks(runs), "", *_cores(runs), "", *_layers(runs), "", *_widths(by_width), ""])


def _networks(runs: list[Run]) -> Iterator[str]:
    yield "Whole networks on the Cortex-M4, in cycles per multiply-accumulate (MAC):"
    yield ""
    yield (
        "| network | kernels | cycles | cycles/MAC, simulated | Arm's open kernels, given | best published, derived "
        "| flash, bytes | SRAM: activations + stack, bytes |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for one in runs:
        if one.core == "cortex-m4":
            yield (
                f"| {one.network} | {one.family} | {one.low:,} | {_span(one)} | {ARM[one.network]} "
                f"| {GOALS[one.core][one.network]} | {one.flash:,} | {one.activations:,} + {one.stack:,} |"
            )


def _cores(runs: list[Run]) -> Iterator[str]:
    yield "Other cores:"
    yield ""
    yield "| core | kernels | " + " | ".join(f"{name}: simulated, best published" for name in NETWORKS) + " |"
    yield "|---|---|" + "---|" * len(NETWORKS)
    for core, family in RUNS:
        if core != "cortex-m4":
            mine = {one.network: one for one in runs if (one.core, one.family) == (core, family)}
            goals = GOALS.get(core, {})
            cells = (f"{_span(mine[name])}, {goals.get(name, 'none given')}" for name in NETWORKS)
            yield f"| {core} | {family} | " + " | ".join(cells) + " |"


def _layers(runs: list[Run]) -> Iterator[str]:
    yield (
        "Types of layers on the Cortex-M4, over all four networks: cycles per MAC, or per output where there are none; "
        "the lowest and the highest of the layers."
    )
    yield ""
    yield "| type | layers | generic | dsp | Arm's open kernels, given |"
    yield "|---|---|---|---|---|"
    by_family = {
        family: [layer for one in runs if (one.core, one.family) == ("cortex-m4", family) for layer in one.layers]
        for family in ("generic", "dsp")
    }
    for kind in dict.fromkeys(layer.kind for layer in by_family["dsp"]):
        if kind == "flatten":
            continue
        cells = []
        for layers in by_family.values():
            each = [layer.cycles / (layer.macs or layer.outputs) for layer in layers if layer.kind == kind]
            cells.append(f"{min(each):.2f} to {max(each):.2f}" if len(each) > 1 else f"{each[0]:.2f}")
        count = sum(layer.kind == kind for layer in by_family["dsp"])
        yield f"| {kind} | {count} | {' | '.join(cells)} | {ARM_LAYERS.get(kind, 'unknown')} |"


def _widths(by_width: list[tuple[str, Run]]) -> Iterator[str]:
    yield (
        "Numbers of other widths: five layers in a chain, from a tensor of 16x16x32 over 64 filters to 16 units. "
        "Cycles per MAC and the kernel of each, and the flash of the program; weights of 4 and 2 bits with the kernels "
        "that spare flash."
    )
    yield ""
    kinds = [layer.kind for layer in by_width[0][1].layers]
    yield f"| core | bits | {' | '.join(kinds)} | flash, bytes |"
    yield "|---|---|" + "---|" * (len(kinds) + 1)
    for bits, one in by_width:
        cells = (f"{layer.cycles / layer.macs:.2f} `{layer.kernel}`" for layer in one.layers)
        yield f"| {one.core} | {bits} | {' | '.join(cells)} | {one.flash:,} |"


def _span(one: Run) -> str:
    return f"{one.low / one.macs:.2f} to {one.high / one.macs:.2f}"


def taken(folder: Path) -> str:
    """The tables, with every figure taken again."""
    runs = []
    for network in NETWORKS:
        for core, family in RUNS:
            print(f"{network} on {core} with {family} kernels", file=sys.stderr, flush=True)
            runs.append(run(network, core, family, folder))
    return tables(runs, list(widths(folder)))


if __name__ == "__main__":
    sys.exit(take(__doc__ or "", PAGE, taken))

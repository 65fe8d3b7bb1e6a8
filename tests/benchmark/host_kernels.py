"""Takes the table of docs/host.md again: `python tests/benchmark/host_kernels.py --update`. Takes minutes.

It builds the four reference networks of ../shared/data for this computer, checks every output of every layer against
the golden model, and times each kind of kernels, LiteRT and ONNX Runtime by turns on one processor: a load that comes
and goes meets all of them. A ratio is the median over the rounds, each within one round. A network with a layer of each
kind, in several widths, is timed layer by layer.
"""

from __future__ import annotations

import itertools
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from kernels import NETWORKS
from pages import DATA, ROOT, take

if TYPE_CHECKING:
    from specc.numerics.quantized import IntArray, QuantizedNetwork
    from specc_backends.host.process import Result

PAGE: Final = ROOT / "docs" / "host.md"
ROUNDS: Final = 7
RUNS: Final = 75  # of each contender in a round, for each input
WARM_UP: Final = 10  # before them
INPUTS: Final = 4
BEST: Final = "x86"
THREADS: Final = 2
BY_THREADS: Final = f", {THREADS} threads"
# The family, what SPECC_KERNELS asks for (by itself the best variant that the computer has), and threads.
OWN: Final = {
    "generic": ("generic", "", 1),
    "x86, AVX2": ("x86", "avx2", 1),
    BEST: ("x86", "", 1),
    BEST + BY_THREADS: ("x86", "", THREADS),
}
ONE_THREAD: Final = tuple(name for name in OWN if not name.endswith(BY_THREADS))
WIDTHS: Final = (8, 12, 16)  # bits of all codes and weights of a network with a layer of each kind
LAYERS: Final = """hwspec 1
model each {{
  input x 32x32x16 {{ distribution normal 1 }}
  conv c3 {{ kernel 3x3, filters 32, padding same }}
  conv c1 {{ kernel 1x1, filters 64 }}
  dwconv d {{ kernel 3x3, padding same }}
  maxpool m {{ kernel 3x3, stride 2x2, padding same }}
  avgpool a {{ kernel 2x2 }}
  dense f {{ units 64 }}
  weights seed 1
}}
quantization each {{
  | layer | bits   | range      |
  | *     | {bits} | calibrated |
}}
target here {{ use host }}
"""


@dataclass(frozen=True)
class Row:
    """Medians of one network, in microseconds, a round each."""

    network: str
    rounds: dict[str, list[float]]

    def ratio(self, other: str, own: str = BEST) -> str:
        """How many times as long another takes as we do: median, and the lowest and highest round."""
        each = [theirs / ours for theirs, ours in zip(self.rounds[other], self.rounds[own], strict=True)]
        return f"{median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


@dataclass(frozen=True)
class Built:
    """A network and its programs."""

    name: str
    network: QuantizedNetwork
    codes: IntArray  # (INPUTS, *input shape)
    expected: dict[str, IntArray]  # the output of each layer by the golden model, for each input
    programs: dict[tuple[str, int], Path]  # by family of kernels and number of threads

    def run(self, contender: str, cpus: Sequence[int]) -> list[Result]:
        """Inferences of a process of its own, once it has been checked.

        Raises:
            SystemExit: an output differs from the golden model.
        """
        from specc.numerics.inputs import to_bytes
        from specc_backends.host.process import HostProcess

        family, variant, threads = OWN[contender]
        os.environ["SPECC_KERNELS"] = variant
        graph, formats = self.network.network, self.network.formats
        lines = [to_bytes(one, formats[graph.input]) for one in self.codes]
        with HostProcess(self.programs[family, threads], cpus[:threads], 60, threads) as process:
            process.hello()
            for index, line in enumerate(lines):
                outputs, _ = process.trace(line, len(graph.layers))
                for layer, output in zip(graph.layers, outputs, strict=True):
                    if output != to_bytes(self.expected[layer.name][index], formats[layer.name]):
                        sys.exit(f"{self.name}, {contender}: {layer.name} differs from the golden model")
            return [result for line in lines for result in process.repeat(line, WARM_UP + RUNS)[WARM_UP:]]


def build(text: str, folder: Path, name: str, contenders: Sequence[str] = tuple(OWN)) -> Built:
    """The network of a spec, and its programs for some contenders."""
    from specc.check import check
    from specc.codegen.generate import generate
    from specc.codegen.toolchain import HOST_FLAGS, Toolchain
    from specc.numerics import golden
    from specc.numerics.inputs import draw_codes
    from specc.numerics.quantize import quantize
    from specc.resources import resource

    file = folder / f"{name}.hwspec"
    file.write_text(text, encoding="utf-8")
    checked = check(file)
    assert checked.spec is not None and checked.network is not None
    quantized = quantize(checked.spec, checked.network)
    codes = draw_codes(checked.spec.model.input, quantized, INPUTS, seed=0)
    programs = {}
    for family, threads in {(family, threads) for family, _, threads in map(OWN.__getitem__, contenders)}:
        code = generate(quantized, folder / name / f"{family}-{threads}", family, threads=threads)
        programs[family, threads] = folder / name / f"{family}-{threads}-program"
        sources = [*code.sources, resource("firmware", "host/board.c")]
        Toolchain(folder).compile(sources, programs[family, threads], (*HOST_FLAGS, "-O2"), code.include_folders)
    return Built(name, quantized, codes, golden.run(quantized, codes), programs)


def layer_table(folder: Path, cpus: Sequence[int]) -> list[str]:
    """Medians of each layer of a network with a layer of each kind, in several widths."""
    lines = [
        "A network with a layer of each kind: its layers in microseconds, codes and weights of so many bits.",
        "",
        f"| layer | kind | bits | {' | '.join(ONE_THREAD)} | generic / {BEST} |",
        "|---|---|---|" + "---|" * (len(ONE_THREAD) + 1),
    ]
    for bits in WIDTHS:
        built = build(LAYERS.format(bits=bits), folder, f"each-{bits}", ONE_THREAD)
        rounds: dict[str, list[list[float]]] = {name: [] for name in ONE_THREAD}
        for _ in range(ROUNDS):
            for name in ONE_THREAD:
                ticks = zip(*(result.layers for result in built.run(name, cpus)), strict=True)
                rounds[name].append([median(layer) / 1e3 for layer in ticks])
        for number, layer in enumerate(built.network.network.layers):
            own = {name: [each[number] for each in rounds[name]] for name in ONE_THREAD}
            times = " | ".join(f"{median(own[name]):.2f}" for name in ONE_THREAD)
            kind = layer.kind + ("" if layer.kind == "dense" else " {}x{}".format(*layer.kernel))
            lines.append(f"| {layer.name} | {kind} | {bits} | {times} | {Row(layer.name, own).ratio('generic')} |")
    return lines


def measure(network: str, folder: Path, cpus: Sequence[int]) -> Row:
    """Build, check and time one network.

    Raises:
        SystemExit: an output differs from the golden model.
    """
    from specc_backends.baselines import installed, measure_baseline

    name = NETWORKS[network]
    (folder / f"{name}.tflite").write_bytes((DATA / "models" / f"{name}.tflite").read_bytes())
    text = f'hwspec 1\nmodel {network} {{ from "{name}.tflite" }}\ntarget here {{ use host }}\n'
    built = build(text, folder, network)
    quantized, codes, expected = built.network, built.codes, built.expected
    graph = quantized.network
    rounds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for contender in OWN:
            times = [result.total / 1e3 for result in built.run(contender, cpus)]
            rounds.setdefault(contender, []).append(median(times))
        for runtime, threads in itertools.product(installed(), (1, THREADS)):
            found = measure_baseline(
                runtime,
                quantized,
                codes,
                expected[graph.output],
                folder / network,
                cpus=cpus[:threads],
                threads=threads,
            )
            name = runtime.name + (BY_THREADS if threads > 1 else "")
            rounds.setdefault(name, []).append(found.latency.p50 * 1e6)
    return Row(network, rounds)


def table(rows: list[Row]) -> str:
    """The generated part of the page."""
    from specc.measure.provenance import library_versions

    others = [name for name in rows[0].rounds if name not in OWN and not name.endswith(BY_THREADS)]
    packages = {"LiteRT": "ai-edge-litert", "ONNX Runtime": "onnxruntime"}
    versions = library_versions(*packages.values())
    named = ", ".join(f"{name} {versions.get(packages[name], 'unknown')}" for name in others)
    lines = [
        f"Medians in microseconds, one thread, of {ROUNDS} rounds by turns; {named}; {_processor()}.",
        "",
        f"| network | {' | '.join((*ONE_THREAD, *others))} | "
        + " | ".join(f"{name} / {BEST}" for name in others)
        + " |",
        "|---|" + "---|" * (len(ONE_THREAD) + 2 * len(others)),
    ]
    for row in rows:
        times = [f"{median(row.rounds[name]):.1f}" for name in (*ONE_THREAD, *others)]
        lines.append(f"| {row.network} | {' | '.join((*times, *map(row.ratio, others)))} |")
    return "\n".join((*lines, "", *_by_threads(rows, others), ""))


def _by_threads(rows: list[Row], others: list[str]) -> list[str]:
    """The same with more than one thread, and what they are good for."""
    shared = BEST + BY_THREADS
    lines = [
        f"The same with {THREADS} threads each; the gain is {BEST} with one thread against {BEST} with {THREADS}.",
        "",
        f"| network | {' | '.join((BEST, *others))} | "
        + " | ".join(f"{name} / {BEST}" for name in others)
        + " | gain |",
        "|---|" + "---|" * (2 + 2 * len(others)),
    ]
    for row in rows:
        times = [f"{median(row.rounds[name + BY_THREADS]):.1f}" for name in (BEST, *others)]
        ratios = [row.ratio(name + BY_THREADS, shared) for name in others]
        lines.append(f"| {row.network} | {' | '.join((*times, *ratios))} | {row.ratio(BEST, shared)} |")
    return lines


def _processor() -> str:
    """What the system calls the processor."""
    file = Path("/proc/cpuinfo")
    found = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in found if line.startswith("model name")]
    return names[0] if names else platform.machine()


def taken(folder: Path) -> str:
    """The table, with every figure taken again."""
    from specc_backends.host.machine import chosen_cpus

    cpus = chosen_cpus(THREADS)
    print("layers", file=sys.stderr, flush=True)
    layers = layer_table(folder, cpus)
    rows = []
    for network in NETWORKS:
        print(network, file=sys.stderr, flush=True)
        rows.append(measure(network, folder, cpus))
    return "\n".join((table(rows), *layers, ""))


if __name__ == "__main__":
    sys.exit(take(__doc__ or "", PAGE, taken))

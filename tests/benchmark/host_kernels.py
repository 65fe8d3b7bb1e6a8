"""Takes the table of docs/host.md again: `python tests/benchmark/host_kernels.py --update`. Takes minutes.

It builds the four reference networks of ../shared/data for this computer, checks every output of every layer against
the golden model, and times each kind of kernels, LiteRT and ONNX Runtime by turns on one processor: a load that comes
and goes meets all of them. A ratio is the median over the rounds, each within one round.
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
from typing import Final

from kernels import NETWORKS
from pages import DATA, ROOT, take

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


@dataclass(frozen=True)
class Row:
    """Medians of one network, in microseconds, a round each."""

    network: str
    rounds: dict[str, list[float]]

    def ratio(self, other: str, own: str = BEST) -> str:
        """How many times as long another takes as we do: median, and the lowest and highest round."""
        each = [theirs / ours for theirs, ours in zip(self.rounds[other], self.rounds[own], strict=True)]
        return f"{median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


def measure(network: str, folder: Path, cpus: Sequence[int]) -> Row:
    """Build, check and time one network.

    Raises:
        SystemExit: an output differs from the golden model.
    """
    from specc.check import check
    from specc.codegen.generate import generate
    from specc.codegen.toolchain import HOST_FLAGS, Toolchain
    from specc.numerics import golden
    from specc.numerics.inputs import draw_codes, to_bytes
    from specc.numerics.quantize import quantize
    from specc.resources import resource
    from specc_backends.baselines import installed, measure_baseline
    from specc_backends.host.process import HostProcess

    name = NETWORKS[network]
    (folder / f"{name}.tflite").write_bytes((DATA / "models" / f"{name}.tflite").read_bytes())
    file = folder / f"{name}.hwspec"
    text = f'hwspec 1\nmodel {network} {{ from "{name}.tflite" }}\ntarget here {{ use host }}\n'
    file.write_text(text, encoding="utf-8")
    checked = check(file)
    assert checked.spec is not None and checked.network is not None
    quantized = quantize(checked.spec, checked.network)
    graph = quantized.network
    codes = draw_codes(checked.spec.model.input, quantized, INPUTS, seed=0)
    expected = golden.run(quantized, codes)
    lines = [to_bytes(one, quantized.formats[graph.input]) for one in codes]
    programs = {}
    for family, threads in {(family, threads) for family, _, threads in OWN.values()}:
        code = generate(quantized, folder / network / f"{family}-{threads}", family, threads=threads)
        programs[family, threads] = folder / network / f"{family}-{threads}-program"
        sources = [*code.sources, resource("firmware", "host/board.c")]
        Toolchain(folder).compile(sources, programs[family, threads], (*HOST_FLAGS, "-O2"), code.include_folders)
    rounds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for contender, (family, variant, threads) in OWN.items():
            os.environ["SPECC_KERNELS"] = variant
            with HostProcess(programs[family, threads], cpus[:threads], 60, threads) as process:
                process.hello()
                for index, line in enumerate(lines):
                    outputs, _ = process.trace(line, len(graph.layers))
                    for layer, output in zip(graph.layers, outputs, strict=True):
                        if output != to_bytes(expected[layer.name][index], quantized.formats[layer.name]):
                            sys.exit(f"{network}, {contender}: {layer.name} differs from the golden model")
                results = [result for line in lines for result in process.repeat(line, WARM_UP + RUNS)[WARM_UP:]]
            rounds.setdefault(contender, []).append(median(result.total for result in results) / 1e3)
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

    own = [name for name in OWN if not name.endswith(BY_THREADS)]
    others = [name for name in rows[0].rounds if name not in OWN and not name.endswith(BY_THREADS)]
    packages = {"LiteRT": "ai-edge-litert", "ONNX Runtime": "onnxruntime"}
    versions = library_versions(*packages.values())
    named = ", ".join(f"{name} {versions.get(packages[name], 'unknown')}" for name in others)
    lines = [
        f"Medians in microseconds, one thread, of {ROUNDS} rounds by turns; {named}; {_processor()}.",
        "",
        f"| network | {' | '.join((*own, *others))} | " + " | ".join(f"{name} / {BEST}" for name in others) + " |",
        "|---|" + "---|" * (len(own) + 2 * len(others)),
    ]
    for row in rows:
        times = [f"{median(row.rounds[name]):.1f}" for name in (*own, *others)]
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

    rows = []
    for network in NETWORKS:
        print(network, file=sys.stderr, flush=True)
        rows.append(measure(network, folder, chosen_cpus(THREADS)))
    return table(rows)


if __name__ == "__main__":
    sys.exit(take(__doc__ or "", PAGE, taken))

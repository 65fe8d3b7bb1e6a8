"""Takes the table of docs/schedules.md again: `python tests/benchmark/schedules.py --update`. Takes minutes.

It builds reference networks of ../shared/data with every tensor whole, by rows, and within less memory than rows alone
need, runs one input on the virtual board as a Cortex-M4, and compares every output with the golden model. Cycles are
those of the model's low end, for memory without wait states. They are simulated, not measured.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kernels import Run, loaded, on_board
from pages import ROOT, take

if TYPE_CHECKING:
    from specc.numerics.quantized import QuantizedNetwork

PAGE: Final = ROOT / "docs" / "schedules.md"
NETWORKS: Final = ("kws", "vww", "ic")  # the fourth has no rows
# Limits between what rows alone need at least (0) and what tiles do (1).
LIMITS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def table(networks: dict[str, list[tuple[str, Run]]]) -> str:
    """The generated part of the page: of each network the runs by schedule, that of whole tensors first."""
    lines = [
        "| network | schedule | activations, bytes | with stack | cycles | | flash, bytes |",
        "|---|---|---|---|---|---|---|",
    ]
    for network, runs in networks.items():
        whole = runs[0][1]
        for words, one in runs:
            more = "" if one is whole else f"{one.low / whole.low - 1:+.1%}"
            lines.append(
                f"| {network} | {words} | {one.activations:,} | {one.activations + one.stack:,} "
                f"| {one.low:,} | {more} | {one.flash:,} |"
            )
    return "\n".join([*lines, ""])


def taken(network: str, folder: Path) -> list[tuple[str, Run]]:
    """The schedules of a network that its limits ask for, in words, and their runs.

    Raises:
        AssertionError: an output differs from the golden model.
    """
    from specc.graph.lifetimes import ALIGNMENT
    from specc.graph.planner import Request, as_declared, least_memory, within

    spec, quantized = loaded(network, folder)
    request = Request(quantized.network, quantized.value_bytes, quantized.window_sums, alignment=ALIGNMENT)
    rows, least = (request.peak(least_memory(request, in_tiles=tiles)) for tiles in (False, True))
    chosen = [within(request, round(rows - part * (rows - least))) for part in LIMITS]
    found = []
    for number, (words, one) in enumerate({e.describe(quantized.network): e for e in chosen}.items()):
        print(f"{network}: {words}", file=sys.stderr, flush=True)
        planned = dataclasses.replace(quantized, execution=one)
        found.append((_words(planned), on_board(spec, planned, "cortex-m4", "dsp", folder / f"{network}-{number}")))
    whole = dataclasses.replace(quantized, execution=as_declared(request))
    return [("every tensor whole", on_board(spec, whole, "cortex-m4", "dsp", folder / f"{network}-whole")), *found]


def _words(network: QuantizedNetwork) -> str:
    runs = []
    for step in network.steps.steps:
        if not step.calls:
            continue
        names = f"{network.network.layers[step.first].name} to {network.network.layers[step.last].name}"
        runs.append(f"{names} in {step.times} tiles of {step.tiles.width}" if step.tiles else f"{names} by rows")
    return "; ".join(runs)


if __name__ == "__main__":
    sys.exit(take(__doc__ or "", PAGE, lambda folder: table({network: taken(network, folder) for network in NETWORKS})))

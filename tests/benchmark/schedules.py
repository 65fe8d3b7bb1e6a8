"""Takes the table of docs/schedules.md again: `python tests/benchmark/schedules.py --update`. Takes minutes.

It builds reference networks of ../shared/data with every tensor whole and with the schedule of least memory, runs one
input on the virtual board as a Cortex-M4, and compares every output with the golden model. Cycles are those of the
model's low end, for memory without wait states. They are simulated, not measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kernels import Run, run
from pages import ROOT, take

PAGE: Final = ROOT / "docs" / "schedules.md"
NETWORKS: Final = ("kws", "vww", "ic")  # the fourth has no rows


def table(pairs: Iterable[tuple[Run, Run]]) -> str:
    """The generated part of the page.

    Args:
        pairs: of each network, the run with every tensor whole and that of least memory.
    """
    lines = [
        "| network | activations, bytes | with stack | cycles | | flash, bytes |",
        "|---|---|---|---|---|---|",
    ]
    for whole, least in pairs:
        more = least.low / whole.low - 1
        lines.append(
            f"| {whole.network} | {whole.activations:,} to {least.activations:,} "
            f"| {whole.activations + whole.stack:,} to {least.activations + least.stack:,} "
            f"| {whole.low:,} to {least.low:,} | {more:+.1%} | {whole.flash:,} to {least.flash:,} |"
        )
    return "\n".join([*lines, ""])


def taken(network: str, folder: Path) -> tuple[Run, Run]:
    """Both runs of a network.

    Raises:
        AssertionError: an output differs from the golden model.
    """
    print(f"{network} with whole tensors, and by rows", file=sys.stderr, flush=True)
    return (
        run(network, "cortex-m4", "dsp", folder, rows="never"),
        run(network, "cortex-m4", "dsp", folder, rows="least"),
    )


if __name__ == "__main__":
    sys.exit(take(__doc__ or "", PAGE, lambda folder: table([taken(network, folder) for network in NETWORKS])))

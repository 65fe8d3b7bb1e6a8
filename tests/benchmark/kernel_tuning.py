"""Takes the table of docs/kernel-tuning.md again: `python tests/benchmark/kernel_tuning.py --update`. It takes long.

It tunes the kernels of the reference networks of ../shared/data on the virtual board as an STM32F407 at 168 MHz, and
measures them as they are without tuning. Every output is compared with the golden model. Cycles are simulated: at the
low end without wait states, at the high end with every wait that the declared flash and its cache can cost.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from pages import DATA, ROOT, take
from published import NETWORKS

from specc.evidence import Figure
from specc.measure.result import Measurement

PAGE: Final = ROOT / "docs" / "kernel-tuning.md"


def measured(network: str, folder: Path, kernels: str) -> Measurement:
    """A network on the board.

    Raises:
        AssertionError: it could not be measured, or an output differs from the golden model.
    """
    from specc.check import check
    from specc.measure.verify import verify

    name = NETWORKS[network]
    (folder / f"{name}.tflite").write_bytes((DATA / "models" / f"{name}.tflite").read_bytes())
    file = folder / f"{name}.hwspec"
    target = f"target board {{ use stm32f407, clock 168 MHz }}\nkernels board {{ use {kernels} }}\n"
    file.write_text(f'hwspec 1\nmodel {network} {{ from "{name}.tflite" }}\n{target}', encoding="utf-8")
    verified = verify(check(file), folder / "build", lambda line: print(line, file=sys.stderr, flush=True))
    assert not verified.failures, verified.failures
    found = verified.measurements["board"]
    assert found.output_matches_golden, found.output_difference
    return found


def row(network: str, folder: Path) -> str:
    """A line of the table."""
    before, after = (measured(network, folder, kernels) for kernels in ("fastest", "tuned"))
    tuning = after.kernel_tuning
    assert tuning is not None and tuning.proven
    cells = (
        network,
        f"{len(tuning.variants)} in {tuning.programs}",
        _ends(before.counters["cycles"]),
        _ends(tuning.expected),
        _ends(after.counters["cycles"]),
        _bytes(before.memory.flash, after.memory.flash),
        _bytes(before.memory.sram, after.memory.sram),
    )
    return f"| {' | '.join(cells)} |"


def _ends(figure: Figure) -> str:
    assert figure.value is not None and figure.high is not None
    return f"{figure.value:,.0f} to {figure.high:,.0f}"


def _bytes(before: Figure, after: Figure) -> str:
    return f"{before.value:,.0f} to {after.value:,.0f}"


def table(folder: Path) -> str:
    """The generated part of the page."""
    header = ("network", "variants, programs", "cycles, `use fastest`", "expected", "cycles, `use tuned`")
    lines = [
        f"| {' | '.join((*header, 'flash, bytes', 'SRAM, bytes'))} |",
        f"|{'---|' * 7}",
        *(row(network, folder) for network in NETWORKS),
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(take(__doc__ or "", PAGE, table))

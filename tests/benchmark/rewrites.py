"""Takes the table of docs/rewrites.md again: `python tests/benchmark/rewrites.py --update`. Takes minutes.

It measures the reference networks of ../shared/data on the virtual board as an STM32L4R5 and an RP2040, and the
reference sheet as an STM32F407, as they are and with each exact rewrite of the generated code switched off. Every
output is compared with the golden model. Cycles are those of the model's low end, for memory without wait states. They
are simulated, not measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pages import DATA, ROOT, take
from published import NETWORKS

from specc.measure.result import Measurement
from specc.spec.kernels import REWRITES

PAGE: Final = ROOT / "docs" / "rewrites.md"
SHEET: Final = ROOT / "specs" / "edge_cnn_repaired.hwspec"
# Schedules of the networks: by rows, where that is what is switched off.
TARGETS: Final = {
    "Cortex-M4": ("target board { use stm32l4r5, clock 120 MHz }", ("kws", "vww", "ic", "ad")),
    "Cortex-M0+": ("target board { use rp2040, clock 125 MHz }", ("kws",)),
}


def measured(text: str, name: str, folder: Path, target: str) -> Measurement:
    """A spec on one of its targets.

    Raises:
        AssertionError: it could not be measured, or an output differs from the golden model.
    """
    from specc.check import check
    from specc.measure.verify import verify

    file = folder / f"{name}.hwspec"
    file.write_text(text, encoding="utf-8")
    said = verify(
        check(file),
        folder / "build",
        lambda line: print(f"{name}: {line}", file=sys.stderr, flush=True),
        targets=(target,),
    )
    assert not said.failures, said.failures
    found = said.measurements[target]
    assert found.output_matches_golden, found.output_difference
    return found


def rows(subject: str, text: str, target: str, folder: Path, *, rows_least: str = "") -> Iterator[str]:
    """Lines of the table: a network with each rewrite that there is for it switched off.

    Args:
        subject: the network and the core.
        text: of its spec.
        target: that is measured.
        folder: to work in.
        rows_least: a schedule that has layers by rows, beside which `rows` is switched off; none if there is one.
    """
    name = "".join(letter if letter.isalnum() else "_" for letter in subject)
    plain = measured(text, name, folder, target)
    for rewrite in REWRITES:
        schedule = rows_least if rewrite == "rows" else ""
        before = measured(text + schedule, name, folder, target) if schedule else plain
        after = measured(f"{text}{schedule}kernels {target} {{ rewrite {rewrite} off }}\n", name, folder, target)
        if "without the rewrite" not in after.provenance.schedule:
            continue  # there is nothing to rewrite
        cycles = [one.counters["cycles"].value or 0.0 for one in (before, after)]
        bytes_of = [(one.memory.flash.value or 0.0, one.memory.sram.value or 0.0) for one in (before, after)]
        yield (
            f"| {subject} | `{rewrite}` | {cycles[0]:,.0f} to {cycles[1]:,.0f} | {cycles[1] / cycles[0] - 1:+.1%} "
            f"| {bytes_of[0][0]:,.0f} to {bytes_of[1][0]:,.0f} | {bytes_of[0][1]:,.0f} to {bytes_of[1][1]:,.0f} |"
        )


def table(folder: Path) -> str:
    """The generated part of the page."""
    lines = ["| network | off | cycles | | flash, bytes | SRAM, bytes |", "|---|---|---|---|---|---|"]
    for core, (target, networks) in TARGETS.items():
        for network in networks:
            file = f"{NETWORKS[network]}.tflite"
            (folder / file).write_bytes((DATA / "models" / file).read_bytes())
            text = f'hwspec 1\nmodel {network} {{ from "{file}" }}\n{target}\n'
            schedule = f"schedule {network} {{ rows least }}\n"
            lines += rows(f"{network}, {core}", text, "board", folder, rows_least=schedule)
    lines += rows("reference sheet, Cortex-M4", SHEET.read_text(encoding="utf-8"), "m4", folder)
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(take(__doc__ or "", PAGE, table))

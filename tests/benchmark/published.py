"""The table of docs/validity.md that sets the virtual Cortex-M4 beside published results: `python published.py`.

It measures the four reference networks on the virtual STM32L4R5 and reads ../shared/data/mlperf_tiny.csv for what was
published for the same chip and clock. Published cycles are derived from latency and clock, not verified by MLCommons.
"""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
NETWORKS: Final = {
    "kws": "kws_ref_model",
    "vww": "vww_96_int8",
    "ic": "pretrainedResnet_quant",
    "ad": "ad01_int8",
}
CLOCK_HZ: Final = 120e6
# Named in the table for what they are: an interpreter with its reference kernels, and compiled C without a hand-written
# kernel library, which is the kind of code that specc generates.
INTERPRETER: Final = "TensorFlow Lite for Microcontrollers"
COMPILER: Final = "microTVM"


@dataclass(frozen=True)
class Published:
    """Cycles per multiply-accumulate of one benchmark on the STM32L4R5 at 120 MHz, software on the core alone."""

    results: tuple[float, ...]  # ascending; what was submitted again is counted once
    interpreter: float
    compiler: float


def published(benchmark: str) -> Published:
    """What the rounds v0.5 to v1.1, closed division, hold."""
    found: dict[tuple[str, str], float] = {}
    named: dict[str, float] = {}
    with (DATA / "mlperf_tiny.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wanted = (row["division"], row["mode"], row["benchmark"]) == ("closed", "performance", benchmark)
            chip = f"{row['board']} {row['soc']}".upper()
            if not wanted or "L4R5" not in chip or float(row["clock_mhz"] or 0) * 1e6 != CLOCK_HZ:
                continue
            cycles = float(row["latency_ms"]) / 1e3 * CLOCK_HZ / float(row["ref_macs"])
            found[row["software"], f"{cycles:.3g}"] = cycles
            if row["software"].startswith(INTERPRETER):
                named[INTERPRETER] = cycles
            if row["software"] == COMPILER and "CMSIS" not in row["software_libs"]:
                named[COMPILER] = cycles
    return Published(tuple(sorted(found.values())), named[INTERPRETER], named[COMPILER])


def simulated(benchmark: str, folder: Path) -> tuple[float, float]:
    """Bounds on the cycles per multiply-accumulate of specc's own code, by the virtual board."""
    from specc.check import check
    from specc.measure.verify import verify

    name = NETWORKS[benchmark]
    (folder / f"{name}.tflite").write_bytes((DATA / "models" / f"{name}.tflite").read_bytes())
    spec = folder / f"{name}.hwspec"
    text = f'hwspec 1\nmodel {benchmark} {{ from "{name}.tflite" }}\ntarget board {{ use stm32l4r5, clock 120 MHz }}\n'
    spec.write_text(text, encoding="utf-8")
    checked = check(spec)
    verified = verify(checked, folder / "build", lambda line: None)
    cycles = verified.measurements["board"].counters["cycles"]
    assert checked.network is not None and cycles.low is not None and cycles.high is not None
    return cycles.low / checked.network.macs, cycles.high / checked.network.macs


def published_cells(benchmark: str) -> str:
    """The columns that hold what was published."""
    known = published(benchmark)
    low, high = known.results[0], known.results[-1]
    return f"{low:.1f} to {high:.1f} ({len(known.results)}) | {known.compiler:.1f} | {known.interpreter:.1f}"


def row(benchmark: str, folder: Path) -> str:
    """A line of the table."""
    low, high = simulated(benchmark, folder)
    known = published(benchmark)
    near = "inside the bounds" if low <= known.compiler <= high else "a miss"
    apart = high < known.results[0] or known.results[-1] < low
    place = "apart" if apart else "below it" if low < known.results[0] else "inside it"
    return f"| {benchmark} | {low:.1f} to {high:.1f} | {published_cells(benchmark)} | {place} | {near} |"


def main() -> None:
    """Print the lines of the table."""
    with tempfile.TemporaryDirectory() as folder:
        for benchmark in NETWORKS:
            print(row(benchmark, Path(folder)), flush=True)


if __name__ == "__main__":
    main()

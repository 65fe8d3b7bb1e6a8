"""Energy of the processor package, from Linux's powercap interface to Intel's and AMD's RAPL counters.

Documentation/power/powercap/powercap.rst of the kernel: `energy_uj` counts microjoules and starts again at zero after
`max_energy_range_uj`. The package's counter includes idle cores, caches and whatever else runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc.evidence import Figure
from specc.measure.statistics import CONFIDENCE, bootstrap_median, percentile

POWERCAP: Final = Path("/sys/class/powercap")
_PACKAGES: Final = "*-rapl:[0-9]*"
_BATCHES: Final = 9
_BATCH_SECONDS: Final = 0.1  # the counter is updated about every millisecond: 1 % of a batch


@dataclass(frozen=True)
class Package:
    """One processor package's counter."""

    folder: Path
    range_uj: int  # the counter counts modulo this

    def read(self) -> int:
        """Microjoules so far, modulo the range."""
        return int((self.folder / "energy_uj").read_text())

    def between(self, start: int, end: int) -> int:
        """Microjoules from one reading to a later one, across at most one wrap."""
        return end - start if end >= start else end - start + self.range_uj


def packages(folder: Path = POWERCAP) -> tuple[Package, ...]:
    """Every package whose counter this user may read."""
    found = []
    for zone in sorted(folder.glob(_PACKAGES)):
        if zone.name.count(":") != 1:
            continue  # a part of a package, counted with it
        try:
            package = Package(zone, int((zone / "max_energy_range_uj").read_text()))
            package.read()
        except (OSError, ValueError):
            continue  # readable for root only on many systems
        found.append(package)
    return tuple(found)


def energy(
    run: Callable[[], int], counters: tuple[Package, ...], clock: Callable[[], float] = time.monotonic
) -> Figure:
    """Energy of one inference: everything the packages use while inferences follow each other, divided by their number.

    Args:
        run: some inferences; gives their number.
        counters: what `packages` found.
        clock: seconds.
    """
    if not counters:
        return Figure.unknown("J", "the power of this computer is not observed: it has no RAPL counter to read")
    shares = []
    for _ in range(_BATCHES):
        before = [package.read() for package in counters]
        inferences, end = 0, clock() + _BATCH_SECONDS
        while inferences == 0 or clock() < end:
            inferences += run()
        used = sum(package.between(was, package.read()) for package, was in zip(counters, before, strict=True))
        shares.append(used * 1e-6 / inferences)
    low, high = bootstrap_median(shares)
    return Figure(
        value=percentile(shares, 50),
        low=low,
        high=high,
        unit="J",
        evidence="measured",
        basis=f"RAPL, whole processor package, idle cores included; {CONFIDENCE:.0%} bootstrap interval of the median "
        f"of {_BATCHES} batches",
    )

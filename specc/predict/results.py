"""Published results, as `specs/published/` holds them: facts with their sources, and the networks they belong to.

`tests/tools/published_results.py` writes both tables from reference data. Figures of MLPerf are results of MLCommons;
what is worked out from them (cycles, powers, predictions) is derived and not verified by MLCommons.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, fields
from functools import cache
from typing import Final, Literal, cast

from specc.predict.networks import Mix
from specc.resources import resource

# How kernels are written: for the core at hand, in C for any core, or as a reference that only defines the results.
Kernels = Literal["tuned", "portable", "reference"]
KERNELS: Final[tuple[Kernels, ...]] = ("tuned", "portable", "reference")
DERIVED: Final = "derived, not verified by MLCommons"


@dataclass(frozen=True)
class Published:
    """One published result; None: the source does not say.

    `design` is shared by boards whose chips are one design, `target` names the same chip in the hardware library, if it
    is there. `refusal` says why the result trains no predictor; empty where it may.
    """

    collection: str
    network: str
    board: str
    design: str
    target: str
    core: str
    clock: float | None  # Hz
    accelerator: str
    software: str
    family: str  # the software without its version
    kernels: Kernels | None
    supply: float | None  # V
    latency: float | None  # s
    energy: float | None  # J per inference; its latency is then that of the energy run
    sram: float | None  # B
    flash: float | None  # B
    refusal: str
    source: str

    @property
    def submission(self) -> str:
        """What the figures of one system share: the collection without the kind of run."""
        return self.collection.removesuffix(", performance run").removesuffix(", energy run")

    @property
    def submitter(self) -> str:
        """Who ran it: the submitter to MLPerf, else the collection."""
        parts = self.collection.split(", ")
        return parts[1] if parts[0].startswith("MLPerf") else parts[0]

    @property
    def release(self) -> tuple[int, ...]:
        """The version of its software, as numbers that order it; empty, and so the oldest, where it states none."""
        found = re.search(r"\d+(?:\.\d+)+", self.software)
        return tuple(map(int, found[0].split("."))) if found else ()

    @property
    def basis(self) -> str:
        """Where the figure comes from and with which software, in one line."""
        return f"{self.collection}; {self.board} with {self.software or 'unnamed software'}; {self.source}"


@cache
def published() -> tuple[Published, ...]:
    """Every published result, in the order of the table."""
    return tuple(_published(row) for row in _rows("results.csv"))


@cache
def networks() -> dict[str, Mix]:
    """The networks of published results by name."""
    names = [field.name for field in fields(Mix)]
    return {row["network"]: Mix(**{name: int(row[name]) for name in names}) for row in _rows("networks.csv")}


def known_network(mix: Mix) -> str | None:
    """The published network of this very mix, or None. Equal counts of all kinds are taken for the same network."""

    return next((name for name, other in networks().items() if other.identity == mix.identity), None)


def _rows(name: str) -> list[dict[str, str]]:
    with resource("specs", f"published/{name}").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _published(row: dict[str, str]) -> Published:
    def number(name: str, scale: float) -> float | None:
        return float(row[name]) * scale if row[name] else None

    return Published(
        **{name: row[name] for name in ("collection", "network", "board", "design", "target", "core", "accelerator")},
        clock=number("clock_mhz", 1e6),
        software=row["software"],
        family=row["family"],
        kernels=cast(Kernels, row["kernels"]) if row["kernels"] else None,
        supply=number("supply_v", 1.0),
        latency=number("latency_ms", 1e-3),
        energy=number("energy_uj", 1e-6),
        sram=number("sram_kib", 1024.0),
        flash=number("flash_kib", 1024.0),
        refusal="" if row["training"] == "yes" else row["training"],
        source=row["source"],
    )

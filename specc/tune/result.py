"""What tuning finds: a table with its proof and its confirmation, or what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass

from specc.precision.contract import Judgement
from specc.spec.model import QuantizationTable


@dataclass(frozen=True)
class OnFront:
    """The cheapest table found for limits of `factor` times the harness's."""

    factor: float
    cost: int
    bound: int | None  # None: not known
    load: float  # the largest of all statistics over their limits in the harness
    widths: dict[str, int]


@dataclass(frozen=True)
class Obstacle:
    """Why no table keeps everything."""

    statement: str
    needed: str


@dataclass(frozen=True)
class Division:
    """How a data set was divided for its accuracy: inputs of the search, and those held out to confirm."""

    name: str
    searched: int
    held_out: int


@dataclass(frozen=True)
class Narrower:
    """What one level less in one row would break."""

    layer: str
    statement: str


@dataclass(frozen=True)
class Unrepaired:
    """A finding of the checker that no width repairs."""

    code: str
    message: str


@dataclass(frozen=True)
class Tuned:
    """What tuning found. Without a table nothing fits, and `obstacles` say why."""

    table: QuantizationTable | None
    cost: int | None  # as measured in one piece, where the objective is measured
    cost_before: int
    by_layers: int | None  # what the costs of its layers, measured in other tables, add up to; None: not taken apart
    bound: int | None  # no table that keeps everything costs less, if precision never falls with more bits
    tables: int  # in the whole space
    evaluated: int  # tables, in the last search
    contradictions: int  # pairs of evaluated tables that speak against that assumption
    iterations: int  # of each evaluation; 0: no gradients or outputs were evaluated
    confirmation: tuple[Judgement, ...]  # on inputs that the search has not seen
    confirmed_on: int  # iterations; 0: no gradients or outputs were evaluated
    divisions: tuple[Division, ...]  # of the data sets whose accuracy is limited
    rounds: int  # searches, each after the first with tighter limits
    narrower: tuple[Narrower, ...]
    obstacles: tuple[Obstacle, ...]
    beyond_repair: tuple[Unrepaired, ...]
    not_evaluated: str  # why precision was not looked at; "" where it was
    front: tuple[OnFront, ...]
    load: float | None  # the largest of all statistics over their limits in the search; None: there is none
    load_before: float | None  # of the table as it is written

    @property
    def proven(self) -> bool:
        """Whether no table is cheaper, under the assumption; by the sum of its layers, where cost is taken apart."""
        cost = self.cost if self.by_layers is None else self.by_layers
        return cost is not None and self.bound is not None and cost <= self.bound

    @property
    def residual(self) -> float | None:
        """How far the whole is from the sum of its layers, as a part of that sum; None: not taken apart."""
        return None if self.cost is None or not self.by_layers else self.cost / self.by_layers - 1

    @property
    def confirmed(self) -> bool:
        """Whether every limit holds on fresh inputs."""
        return bool(self.confirmation) and all(own.outcome == "pass" for own in self.confirmation)

"""The validated spec: what a `.hwspec` file says, as frozen objects. No file is read and no name is resolved here."""

from __future__ import annotations

from specc.spec.base import Node
from specc.spec.contract import Budget, BudgetItem, Guidelines, Harness, Instrument
from specc.spec.experiments import DataSet, Experiments
from specc.spec.hardware import Target
from specc.spec.kernels import Kernels
from specc.spec.model import ModelSpec, QuantizationTable
from specc.spec.waivers import Waiver


class Spec(Node):
    """A whole spec file, names resolved. One file declares one model."""

    edition: int
    model: ModelSpec
    quantization: QuantizationTable | None = None
    targets: tuple[Target, ...] = ()
    budgets: tuple[Budget, ...] = ()
    harness: Harness | None = None
    instruments: tuple[Instrument, ...] = ()
    guidelines: Guidelines | None = None
    datasets: tuple[DataSet, ...] = ()
    experiments: Experiments | None = None
    waivers: tuple[Waiver, ...] = ()
    kernels: tuple[Kernels, ...] = ()

    def target(self, name: str) -> Target:
        """The target of that name.

        Raises:
            KeyError: the spec declares no such target.
        """
        for target in self.targets:
            if target.name == name:
                return target
        raise KeyError(name)

    def kernels_of(self, target: str) -> Kernels:
        """What is said of a target's kernels, by itself or for all."""
        return next((own for own in self.kernels if own.target in (target, "all")), Kernels(target=target))

    def budget_items(self, target: str) -> tuple[BudgetItem, ...]:
        """Every budget line that binds a target: its own and those written for all."""
        return tuple(item for budget in self.budgets if budget.target in (target, "all") for item in budget.items)

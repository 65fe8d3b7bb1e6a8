"""What a table is held against: gradients and outputs by the harness, accuracy by the budgets; on some inputs while
searching, on others to confirm.

Gradients and outputs are confirmed on other draws, with another seed; where the harness names a data set, of the same
data set, for that is what its limits speak of. Accuracy is confirmed on inputs that it was not searched with: a fifth
of a data set is for the search, four fifths are held out. The larger part confirms, for there the whole interval must
keep the limit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import Final

import numpy as np

from specc.graph.network import Network
from specc.measure.precision import DEFAULT_ITERATIONS, data_sets, study_of
from specc.numerics.quantize import real_parameters
from specc.precision.accuracy import Accuracy, accuracy
from specc.precision.arithmetic import reference
from specc.precision.contract import Judgement
from specc.precision.data import Data
from specc.precision.study import Study, summed_convolutions
from specc.precision.tables import Tables
from specc.spec import Spec
from specc.spec.contract import BudgetItem, Harness
from specc.spec.model import QuantizationTable
from specc.tune.errors import TuneError
from specc.tune.limits import (
    Loads,
    accuracy_judged,
    accuracy_limits,
    accuracy_load,
    judged,
    limits_anything,
    loads_of,
)
from specc.tune.reach import sums_reach
from specc.tune.result import Division

_MEMORY: Final = 512 << 20  # bytes
_SEARCHED: Final = 5  # every fifth input of a data set, in an order that is drawn
_FEWEST_INPUTS: Final = 6  # of a data set, for any to be held out
_ORDER_SEED: Final = 1
_RANK: Final = {"fail": 0, "undecided": 1, "pass": 2}


class Evaluation:
    """Loads of tables on the inputs of a search, judgements on those that it has not seen."""

    def __init__(self, spec: Spec, network: Network, iterations: int) -> None:
        """`iterations` are those of each table in the search.

        Raises:
            DataError: a data set cannot be read.
            TuneError: one is too small to be divided.
        """
        self._spec, self._network, self._iterations = spec, network, iterations
        self._harness = spec.harness or Harness(iterations=DEFAULT_ITERATIONS)
        self._gradients = limits_anything(spec.harness)
        self._limits = accuracy_limits(spec)
        data = data_sets(spec, network)
        self._parts = {item.scope[0]: _divided(data[item.scope[0]]) for item in self._limits}

    @property
    def confirming_iterations(self) -> int:
        """Those of a confirmation; 0 where the harness limits nothing."""
        return self._harness.iterations if self._gradients else 0

    @property
    def divisions(self) -> tuple[Division, ...]:
        """How each data set is divided whose accuracy is limited."""
        return tuple(
            Division(name, len(searched.inputs), len(held.inputs)) for name, (searched, held) in self._parts.items()
        )

    def loads(self, table: QuantizationTable) -> Loads:
        """Every statistic over its limit, on the inputs of the search.

        Raises:
            QuantizationError: the table cannot be computed.
        """
        found = loads_of(self._harness, self._study.evaluate(table)) if self._gradients else {}
        for item in self._limits:
            found[item.scope[0], "accuracy"] = accuracy_load(item, self._accuracy(table, self._searched[item.scope[0]]))
        return found

    def confirm(self, table: QuantizationTable, progress: Callable[[int, int], None]) -> list[Judgement]:
        """Every limit on inputs that the search has not seen, with all the iterations of the harness."""
        found: list[Judgement] = []
        if self._gradients:
            study = study_of(self._spec, self._network, self._harness.iterations, another=1)
            found = judged(self._harness, study.evaluate(table, progress=progress))
        return found + [self._judged(item, table) for item in self._limits]

    def reach(self, table: QuantizationTable) -> dict[str, int]:
        """How far sums with their biases can reach, by layer.

        Raises:
            QuantizationError: the table cannot be computed.
        """
        return sums_reach(self._tables, table)

    def out_of_reach(self, judgement: Judgement) -> bool:
        """Whether a limit on accuracy is not shown to hold in full precision either, on the inputs held out."""
        return any(
            judgement.statistic == "accuracy"
            and judgement.subject == item.scope[0]
            and _RANK[accuracy_judged(item, self._full(item)).outcome] <= _RANK[judgement.outcome]
            for item in self._limits
        )

    def _judged(self, item: BudgetItem, table: QuantizationTable) -> Judgement:
        found = accuracy_judged(item, self._accuracy(table, self._held_out[item.scope[0]]))
        if found.outcome == "pass" or not self.out_of_reach(found):
            return found
        full = self._full(item)
        low, high = full.interval()
        reason = f"{found.reason}; nor is it shown of full precision, at {full.share:.1%} ({low:.1%} to {high:.1%})"
        return dataclasses.replace(found, reason=reason)

    def _full(self, item: BudgetItem) -> Accuracy:
        return accuracy(reference(self._network, self._tables.parameters), self._held_out[item.scope[0]])

    @cached_property
    def _searched(self) -> dict[str, Data]:
        return {name: searched for name, (searched, _) in self._parts.items()}

    @cached_property
    def _held_out(self) -> dict[str, Data]:
        return {name: held for name, (_, held) in self._parts.items()}

    @cached_property
    def _study(self) -> Study:
        return study_of(self._spec, self._network, self._iterations, memory=_MEMORY)

    @cached_property
    def _tables(self) -> Tables:
        if self._gradients:
            return self._study.tables
        spec, network = self._spec, self._network
        return Tables(spec, network, real_parameters(spec, network), summed_convolutions(spec, network))

    def _accuracy(self, table: QuantizationTable, data: Data) -> Accuracy:
        return accuracy(self._tables.arithmetic(table), data)


def _divided(data: Data) -> tuple[Data, Data]:
    """The part of a data set that a search sees, and the part that is held out."""
    if len(data.inputs) < _FEWEST_INPUTS:
        raise TuneError(f"data set {data.name} holds {len(data.inputs)} inputs: too few to hold some out of the search")
    order = np.random.Generator(np.random.PCG64(_ORDER_SEED)).permutation(len(data.inputs))
    searched = np.arange(len(order)) % _SEARCHED == 0
    parts = (np.sort(order[searched]), np.sort(order[~searched]))
    first, second = (dataclasses.replace(data, inputs=data.inputs[own], labels=data.labels[own]) for own in parts)
    return first, second

"""What the checker proves against a table: ranges, accumulators, exact rewrites, memory, cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from specc.check.accumulators import accumulator_need, check_accumulators
from specc.check.context import Context
from specc.check.fusions import check_fusions
from specc.check.latency import check_latency
from specc.check.memory import check_memory
from specc.check.ranges import check_ranges
from specc.diagnostics.model import Diagnostic, Sink
from specc.graph.network import Network
from specc.spec import Spec
from specc.spec.model import QuantizationTable

# Everything here grows with the widths, and with nothing else that tuning changes.
_RULES: Final[tuple[Callable[[Context], None], ...]] = (
    check_ranges,
    check_accumulators,
    check_fusions,
    check_memory,
    check_latency,
)


@dataclass(frozen=True)
class Proofs:
    """The checker on tables of one spec. `narrowest` is the table of the smallest widths: what is broken even there, no
    width repairs, and it does not count."""

    spec: Spec
    network: Network
    narrowest: QuantizationTable

    def broken(self, table: QuantizationTable) -> list[Diagnostic]:
        """What is proven to be broken by a table and could be kept by a narrower one."""
        return [found for found in self._errors(table) if _identity(found) not in self._beyond]

    def beyond_repair(self) -> list[Diagnostic]:
        """What no width repairs."""
        return self._errors(self.narrowest)

    def overflows(self, table: QuantizationTable) -> set[str]:
        """Layers whose sums of products are not proven to fit their accumulators, and would be in a narrower table."""
        return self._overflowing(table) - self._hopeless

    @cached_property
    def _beyond(self) -> set[tuple[str, int]]:
        return set(map(_identity, self.beyond_repair()))

    @cached_property
    def _hopeless(self) -> set[str]:
        return self._overflowing(self.narrowest)

    def _overflowing(self, table: QuantizationTable) -> set[str]:
        context = self._context(table)
        found = set()
        for layer in self.network.layers:
            need, row = accumulator_need(context, layer), table.row(layer.name)
            if need is not None and row is not None and need.worst > row.accumulator:
                found.add(layer.name)
        return found

    def _errors(self, table: QuantizationTable) -> list[Diagnostic]:
        context = self._context(table)
        for rule in _RULES:
            rule(context)
        return [found for found in context.sink if found.severity == "error"]

    def _context(self, table: QuantizationTable) -> Context:
        return Context(self.spec.model_copy(update={"quantization": table}), self.network, Sink())


def _identity(found: Diagnostic) -> tuple[str, int]:
    """What stays of a finding from one table to the next."""
    return found.code, found.primary.span.start if found.primary else -1

"""What a rule sees, and what it may say."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache

from specc.diagnostics.model import Fix, Label, Sink
from specc.graph.memory import Schedule
from specc.graph.network import Network
from specc.graph.widths import activation_rows, code_bytes
from specc.source import Span
from specc.spec import Spec
from specc.spec.base import Node
from specc.spec.contract import Relation
from specc.spec.model import LayerSpec, QuantizationRow
from specc.units import format_number


@dataclass(frozen=True)
class ProvenFact:
    """One line of the sheet of facts that the checker proved: `subject` groups lines ("memory m4")."""

    subject: str
    statement: str


@dataclass
class Context:
    """The spec and its network, for a rule to read; findings and facts, for a rule to add to."""

    spec: Spec
    network: Network
    sink: Sink
    facts: list[ProvenFact] = field(default_factory=list)
    generated: dict[Hashable, Schedule | None] = field(default_factory=dict)  # what `check.memory` has worked out

    def report(
        self,
        code: str,
        message: str,
        where: Span | Label | None,
        *,
        secondary: tuple[Label | None, ...] = (),
        notes: tuple[str, ...] = (),
        fix: Fix | None = None,
    ) -> None:
        """Add a finding; secondary labels without a place are left out."""
        labels = tuple(label for label in secondary if label is not None)
        self.sink.add(code, message, where, secondary=labels, notes=notes, fix=fix)

    def prove(self, subject: str, statement: str) -> None:
        """Add a line to the sheet of facts."""
        self.facts.append(ProvenFact(subject, statement))

    @cached_property
    def activation_rows(self) -> dict[str, QuantizationRow | None]:
        """The row of the quantization table that governs each tensor."""
        return activation_rows(self.network, self.spec.quantization)

    @cached_property
    def code_bytes(self) -> dict[str, int]:
        """Bytes of one code of each tensor, in its container."""
        return code_bytes(self.network, self.spec.quantization)

    def layer_spec(self, name: str) -> LayerSpec | None:
        """A layer as declared."""
        return self._declared.get(name)

    @cached_property
    def _declared(self) -> dict[str, LayerSpec]:
        return {layer.name: layer for layer in self.spec.model.layers}


def mark(node: Node | None, field_name: str, text: str = "") -> Label | None:
    """A label at a field of a spec object, or None where its place is not known."""
    span = node.span(field_name) if node else None
    return Label(span, text) if span else None


def place(node: Node, field_name: str = "") -> Span | None:
    """Where a finding about a field points."""
    return node.span(field_name)


@lru_cache(maxsize=1024)
def exact(number: float) -> Fraction:
    """The decimal number as it was written: 0.1 is one tenth."""
    return Fraction(repr(number))


def decimal(number: Fraction) -> str:
    """Shortest decimal text of an exact number."""
    return format_number(number)


def holds(value: Fraction | int, relation: Relation, limit: Fraction) -> bool:
    """Whether a value keeps a limit."""
    return value <= limit if relation == "<=" else value < limit


def plural(count: int, noun: str) -> str:
    """`1 bit`, `2 bits`, `1,024 cycles`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

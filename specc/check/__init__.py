"""Checking a spec: everything that can be proven without running anything, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specc.check.context import Context, ProvenFact
from specc.check.rules import RULES
from specc.check.waivers import apply_waivers
from specc.diagnostics.model import Diagnostic, Sink, Waived
from specc.diagnostics.registry import CODES
from specc.graph.build import build_network
from specc.graph.network import Network, ShapeError
from specc.source import SourceFile, Span
from specc.spec import Spec

__all__ = ["CheckResult", "ProvenFact", "check", "check_source", "check_spec"]


@dataclass(frozen=True)
class CheckResult:
    """What checking found. `spec` is None if the text could not be understood, `network` if its shapes do not fit.

    `diagnostics` are in the order of the source; `facts` is the sheet of figures the checker worked out, `waived` what
    the spec accepts, with its reasons.
    """

    spec: Spec | None
    network: Network | None
    diagnostics: tuple[Diagnostic, ...]
    facts: tuple[ProvenFact, ...]
    waived: tuple[Waived, ...] = ()

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    @property
    def can_be_measured(self) -> bool:
        """Whether the spec means something that can be built. A budget proven infeasible does not stand in the way."""
        return self.network is not None and all(
            diagnostic.severity != "error" or CODES[diagnostic.code].infeasible for diagnostic in self.diagnostics
        )


def check(path: Path) -> CheckResult:
    """Read and check a spec file. What is wrong with it is in the diagnostics; nothing is raised."""
    from specc.elaborate import load

    sink = Sink()
    return check_spec(load(path, sink), sink)


def check_source(source: SourceFile) -> CheckResult:
    """Check a spec that is already text."""
    from specc.elaborate import load_text

    sink = Sink()
    return check_spec(load_text(source, sink), sink)


def check_spec(spec: Spec | None, sink: Sink) -> CheckResult:
    """Run every rule on an elaborated spec; `sink` may already hold what reading it found."""
    network: Network | None = None
    facts: list[ProvenFact] = []
    waived: tuple[Waived, ...] = ()
    if spec is not None:
        network = _network(spec, sink)
    if spec is not None and network is not None:
        context = Context(spec, network, sink, facts)
        for rule in RULES:
            rule(context)
        waived = apply_waivers(spec, sink)
    return CheckResult(spec, network, tuple(sink), tuple(facts), waived)


def _network(spec: Spec, sink: Sink) -> Network | None:
    try:
        return build_network(spec.model)
    except ShapeError as error:
        sink.add("E2101", str(error), _place(spec, error))
        return None


def _place(spec: Spec, error: ShapeError) -> Span | None:
    if error.layer == spec.model.input.name:
        return spec.model.input.span(error.field)
    for layer in spec.model.layers:
        if layer.name == error.layer:
            return layer.span(error.field)
    return spec.model.span()

"""Verdicts as findings at the budget lines they judge, for the formats that other programs read."""

from __future__ import annotations

from specc.diagnostics.model import Diagnostic, FileFindings, Label
from specc.diagnostics.render_junit import Case, Outcome, Suite
from specc.measure.precision_verdicts import HARNESS
from specc.measure.verdict import Verdict
from specc.measure.verify import Verified
from specc.source import Span
from specc.spec import Spec

_CODES = {"fail": "E6001", "undecided": "W6003"}
_OUTCOMES: dict[str, Outcome] = {"pass": "passed", "fail": "failure", "undecided": "skipped"}


def findings(verified: Verified, name: str) -> FileFindings:
    """What the checker found and every contract that does not pass; a target that could not be measured is an error."""
    verdicts = [_finding(verified.spec, verdict) for verdict in verified.verdicts if verdict.outcome != "pass"]
    failures = [
        Diagnostic("E6002", f"`{target}` could not be measured: {reason}", _label(verified.spec.target(target).span()))
        for target, reason in verified.failures.items()
    ]
    return FileFindings(name, (*verified.diagnostics, *failures, *verdicts), verified.waived)


def suite(verified: Verified, name: str) -> Suite:
    """Every verdict as a test of its own; an undecided contract is a skipped test, a failed measurement an error."""
    cases = [
        Case(f"{v.target}: {v.label}", _OUTCOMES[v.outcome], statement(v), v.reason if v.outcome != "pass" else "")
        for v in verified.verdicts
    ]
    cases += [Case(f"{target}: measured", "error", reason) for target, reason in verified.failures.items()]
    return Suite(name, tuple(cases))


def statement(verdict: Verdict) -> str:
    """A verdict in one line: the limit, and the figure that was held against it."""
    figure = verdict.figure
    limit = f"{verdict.label} {verdict.relation} {verdict.limit:.6g} {verdict.unit} on `{verdict.target}`"
    if figure.value is None:
        return f"{limit}: {verdict.outcome}, the figure is unknown"
    low = figure.value if figure.low is None else figure.low
    interval = f"at least {low:.6g}" if figure.high is None else f"{low:.6g} to {figure.high:.6g}"
    return f"{limit}: {verdict.outcome} at {figure.value:.6g} {verdict.unit} ({interval}; {figure.evidence})"


def _finding(spec: Spec, verdict: Verdict) -> Diagnostic:
    place = _place(spec, verdict)
    return Diagnostic(_CODES[verdict.outcome], statement(verdict), _label(place), notes=(verdict.reason,))


def _place(spec: Spec, verdict: Verdict) -> Span | None:
    """The line that was judged; the target, or the harness, where the contract is in no line of its own."""
    if verdict.target == HARNESS:
        return _harness_place(spec, verdict)
    for item in spec.budget_items(verdict.target):
        unit = item.limit.unit.symbol if item.limit.unit else ""
        written = (item.label, item.relation, float(item.limit.number), unit)
        if written == (verdict.label, verdict.relation, verdict.limit, verdict.unit):
            return item.span()
    return spec.target(verdict.target).span()


def _harness_place(spec: Spec, verdict: Verdict) -> Span | None:
    if spec.harness is None:
        return None
    if verdict.label == "output error" and spec.harness.output_error is not None:
        return spec.harness.output_error.span()
    places = {contract.statistic: contract.span() for contract in spec.harness.gradients}
    statistic = verdict.label.split()[1]
    # A limit on the variance also holds the ratio, and the bias where no line of its own does.
    return next((places[word] for word in (statistic, "variance") if word in places), spec.harness.span())


def _label(span: Span | None) -> Label | None:
    return Label(span) if span else None

"""Applying the waivers of a spec to what was found: which finding each one accepts, and which accept none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from specc.diagnostics.model import Diagnostic, Fix, Label, Sink, Waived
from specc.source import Span
from specc.spec import Spec
from specc.spec.base import Node
from specc.spec.waivers import Waiver


def apply_waivers(spec: Spec, sink: Sink) -> tuple[Waived, ...]:
    """Demote and take out of the sink what the spec accepts; report waivers that accept nothing."""
    if not spec.waivers:
        return ()
    by_code: dict[str, list[Waiver]] = {}
    for waiver in spec.waivers:
        by_code.setdefault(waiver.code, []).append(waiver)
    places = _Places(spec)
    kept: list[Diagnostic] = []
    waived: list[Waived] = []
    used: set[int] = set()
    for diagnostic in sink.diagnostics:
        accepting = [w for w in by_code.get(diagnostic.code, ()) if places.concerns(w.scope, diagnostic)]
        used.update(map(id, accepting))
        if not accepting:
            kept.append(diagnostic)
        elif accepting[0].action == "waive":
            waived.append(Waived(diagnostic, accepting[0].reason, accepting[0].span()))
        else:
            reason = accepting[0].reason
            notes = (*diagnostic.notes, f"demoted from an error: {reason}")
            kept.append(replace(diagnostic, notes=notes, demoted=reason))
    sink.diagnostics[:] = kept
    for waiver in spec.waivers:
        if id(waiver) not in used:
            where = f" on `{waiver.scope}`" if waiver.scope else ""
            message = f"nothing to {waiver.action}: there is no finding {waiver.code}{where}"
            sink.add("W6011", message, waiver.span(), fix=_removal(waiver))
    return tuple(waived)


def _removal(waiver: Waiver) -> Fix | None:
    """The edit that removes the statement, with its line where nothing else stands on it."""
    span = waiver.span()
    if span is None:
        return None
    text = span.source.text
    start, end = text.rfind("\n", 0, span.start) + 1, text.find("\n", span.end)
    alone = not text[start : span.start].strip() and end >= 0 and not text[span.end : end].strip()
    return Fix("remove it", ((Span(span.source, start, end + 1) if alone else span, ""),), safe=True)


@dataclass
class _Line:
    """A budget line or an instrument: where it is written, and the targets and layers that it binds."""

    spans: tuple[Span, ...]
    layers: tuple[str, ...]
    targets: set[str] = field(default_factory=set)


class _Places:
    """Where a spec speaks of its targets, and of the layers that its waivers name."""

    def __init__(self, spec: Spec) -> None:
        self.targets = {target.name: _spans([target]) for target in spec.targets}
        self.hardware = {target.name: _spans([target.hardware]) for target in spec.targets}
        names = {waiver.scope for waiver in spec.waivers if waiver.scope is not None}
        self.layers = {name: _spans(_layer_nodes(spec, name)) for name in names}
        self.lines = _lines(spec)

    def concerns(self, name: str | None, diagnostic: Diagnostic) -> bool:
        """Whether a finding is about a target or a layer: one of its places lies in something written of that name.

        A finding about a budget line is about the layers that the line binds and no others, whatever else it points at.
        Of several targets that a line binds, the finding is about those it points at. Without a name, every finding is
        meant.
        """
        if name is None:
            return True
        labels = [label for label in (diagnostic.primary, *diagnostic.secondary) if label is not None]
        lines = [line for line in self.lines if _any_within(labels[:1], line.spans)]
        if not lines:
            return _any_within(labels, self.targets.get(name, ())) or _any_within(labels, self.layers.get(name, ()))
        return any(name in line.layers or name in self.meant(line.targets, labels) for line in lines)

    def meant(self, targets: set[str], labels: list[Label]) -> set[str]:
        """The targets that labels point at, themselves or their hardware; all of them if they point at none."""
        for places in (self.targets, self.hardware):
            pointed_at = {name for name in targets if _any_within(labels, places[name])}
            if pointed_at:
                return pointed_at
        return targets


def _lines(spec: Spec) -> list[_Line]:
    """Budget lines and instruments; what is written once for several targets is one of them."""
    every = {target.name for target in spec.targets}
    lines: dict[tuple[int, int, int], _Line] = {}

    def add(node: Node, target: str, layers: tuple[str, ...] = (), inner: Iterable[Node] = ()) -> None:
        span = node.span()
        if span is not None:
            new = _Line(_spans([node, *inner]), layers)
            line = lines.setdefault((id(span.source), span.start, span.end), new)
            line.targets |= every if target == "all" else every & {target}

    for budget in spec.budgets:
        for item in budget.items:
            add(item, budget.target, item.scope)
    for instrument in spec.instruments:
        add(instrument, instrument.target, inner=(*instrument.sensors, *instrument.resistors))
    return list(lines.values())


def _layer_nodes(spec: Spec, name: str) -> Iterator[Node]:
    yield from (layer for layer in spec.model.layers if layer.name == name)
    yield from (fusion for fusion in spec.model.fusions if name in fusion.layers)
    yield from (row for row in (spec.quantization.rows if spec.quantization else ()) if row.layer == name)


def _spans(nodes: Iterable[Node]) -> tuple[Span, ...]:
    return tuple(span for node in nodes for span in node.spans.values())


def _any_within(labels: Iterable[Label], spans: Iterable[Span]) -> bool:
    return any(_within(label.span, span) for label in labels for span in spans)


def _within(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start and inner.end <= outer.end

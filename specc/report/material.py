"""What sections are written from: the inputs, and what several sections derive from them, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from specc.explain.attribution import attribute, tells_computing
from specc.explain.sentences import Statement
from specc.guide.candidates import Candidate, candidates, estimated_candidates, published_candidates, requirement
from specc.guide.choose import Choice, choose
from specc.guide.tree import Guide, learn
from specc.measure.result import Measurement
from specc.report.blocks import Text
from specc.report.inputs import ReportInputs
from specc.report.sections.layers import counter_tables, measured
from specc.report.tables import Table, anchor
from specc.spec.contract import Guidelines

SHORTLIST: Final = 5  # candidates whose layers are shown: what tables and panels hold side by side on a page


@dataclass(frozen=True)
class Material:
    """Inputs of a document with everything derived from them."""

    inputs: ReportInputs

    @cached_property
    def shown(self) -> list[Measurement]:
        """Measurements in the order of the spec."""
        return measured(self.inputs)

    @cached_property
    def choice(self) -> Choice:
        """How the targets stand, best first."""
        return choose(self.inputs.spec, self.inputs.measurements, self.inputs.verdicts)

    @cached_property
    def guide(self) -> Guide:
        """The decision tree over the requirement space."""
        spec = self.inputs.spec
        wish = spec.guidelines or Guidelines()
        return learn(self.pool, requirement(spec), self.choice.preference, wish.tree_depth, wish.tree_leaf)

    @cached_property
    def pool(self) -> tuple[Candidate, ...]:
        """Every candidate with figures: measured ones, and with a predictor those published or predicted."""
        return (*self.measured, *self.estimated)

    @property
    def telling_first(self) -> tuple[Candidate, ...]:
        """The pool with the shortlist in front, then what was not measured: a figure may not hold all of it."""
        best = [measurement.target for measurement in self.shortlist]
        others = set(self.others)

        def place(candidate: Candidate) -> tuple[bool, int]:
            return candidate.target in others, best.index(candidate.target) if candidate.target in best else len(best)

        return tuple(sorted(self.pool, key=place))

    @cached_property
    def measured(self) -> tuple[Candidate, ...]:
        """The candidates that were measured or simulated, and computed what they should."""
        return candidates(self.inputs.spec, self.inputs.measurements)

    @cached_property
    def estimated(self) -> tuple[Candidate, ...]:
        """With a predictor, a candidate for every other target of which something is published or predicted."""
        inputs = self.inputs
        if inputs.predictor is None:
            return ()
        return estimated_candidates(inputs.spec, inputs.network, self.measured, inputs.predictor)

    @cached_property
    def published(self) -> tuple[Candidate, ...]:
        """Every target of which others published a result, measured here or not."""
        inputs = self.inputs
        return published_candidates(inputs.spec, inputs.network, inputs.published)

    @cached_property
    def ranked(self) -> list[Measurement]:
        """Measurements in the order of the choice, best first."""
        found = [self.inputs.measurements.get(standing.target) for standing in self.choice.standings]
        return [measurement for measurement in found if measurement is not None]

    @cached_property
    def shortlist(self) -> list[Measurement]:
        """The candidates that stand best: of them every document shows layers and counters."""
        return self.ranked[:SHORTLIST]

    @cached_property
    def others(self) -> list[str]:
        """The names of the measured candidates that are not on the shortlist, best first."""
        return [measurement.target for measurement in self.ranked[SHORTLIST:]]

    @cached_property
    def telling(self) -> list[Measurement]:
        """Those of `ranked` whose counters tell causes apart, layer by layer."""
        return [
            m for m in self.ranked if any(attribute(own.counters) and tells_computing(own.counters) for own in m.layers)
        ]

    @cached_property
    def counters(self) -> list[Table]:
        """Counters by layer of the shortlist, targets with equal counters together."""
        return counter_tables(self.inputs.network, self.shortlist)

    @cached_property
    def links(self) -> frozenset[str]:
        """Anchors of the rows of counters."""
        return frozenset(row.anchor for data in self.counters for row in data.rows if row.anchor)

    def said(self, statement: Statement) -> Text:
        """A statement with a link to the row it was made from: of counters where there is one, else of latency."""
        exact = anchor("counters", statement.target, *([statement.layer] if statement.layer else []))
        split = anchor("causes", statement.target) if exact in self.links else anchor("latency", statement.target)
        instead = anchor("time", statement.layer) if statement.layer else split
        if statement.counters != ("latency",) and exact in self.links:
            return Text(statement.text, exact, instead=instead)
        return Text(statement.text, instead)

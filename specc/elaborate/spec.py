"""The whole file: its edition, its sections, and the Spec they make together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from specc.diagnostics.bounded import LIMIT, BoundedSink, TooManyError
from specc.diagnostics.model import Diagnostic, Fix, Label, Sink
from specc.elaborate.budgets import elaborate_budget
from specc.elaborate.hardware import elaborate_hardware
from specc.elaborate.model import ModelParts, elaborate_model
from specc.elaborate.observation import elaborate_guidelines, elaborate_harness, elaborate_instrument
from specc.elaborate.quantization import elaborate_quantization
from specc.elaborate.reader import suggestion
from specc.elaborate.schedule import elaborate_schedule
from specc.elaborate.targets import elaborate_target
from specc.source import Span
from specc.spec import Spec
from specc.spec.hardware import Hardware
from specc.syntax.nodes import Item, Malformed, Number, SyntaxTree, Word
from specc.syntax.words import EDITION_WORD, EDITIONS, SECTIONS

_NAMED: Final = frozenset({"target", "hardware", "budget", "instrument"})  # may stand once per name
# What a damaged file may lack only because the damage hides it: an item that is missing, a name, a reader of a name.
_HIDDEN_BY_ANY_DAMAGE: Final = frozenset({"E1005", "W1101", "W1102"})
_HIDDEN_BY_TRUNCATION: Final = frozenset({"E1011", "E1012"})


def elaborate(tree: SyntaxTree, sink: Sink) -> Spec | None:
    """The Spec of a syntax tree. None if anything in it is an error; all of them are reported."""
    found = BoundedSink()
    try:
        spec = _Elaboration(tree, found).run()
    except TooManyError:
        spec = None
        start = Span(tree.source, 0, 0)
        sink.add("E0019", f"more than {LIMIT} findings; the rest is not shown", start)
    for diagnostic in found.diagnostics:
        if not _follows_from_damage(diagnostic, tree):
            sink.diagnostics.append(diagnostic)
    return None if sink.has_errors else spec


def _follows_from_damage(diagnostic: Diagnostic, tree: SyntaxTree) -> bool:
    """Whether a finding is only the echo of a syntax error."""
    if not tree.damaged_lines:
        return False
    if diagnostic.code in _HIDDEN_BY_ANY_DAMAGE:
        return True
    if tree.truncated and diagnostic.code in _HIDDEN_BY_TRUNCATION:
        return True
    primary = diagnostic.primary
    return primary is not None and primary.span.source is tree.source and primary.span.line in tree.damaged_lines


class _Elaboration:
    """One pass over a file's sections."""

    def __init__(self, tree: SyntaxTree, sink: Sink) -> None:
        self.tree, self.sink = tree, sink
        self.sections: dict[str, list[Item]] = {keyword: [] for keyword in SECTIONS}

    def run(self) -> Spec | None:
        edition = self.edition()
        self.collect()
        parts = self.model()
        model_name = parts.name.text if parts.name else None
        layers = parts.layer_names
        tables = [
            elaborate_quantization(item, model_name, layers, parts.input.name if parts.input else None, self.sink)
            for item in self.sections["quantization"][:1]
        ]
        fusions = [f for item in self.sections["schedule"][:1] for f in elaborate_schedule(item, parts, self.sink)]
        targets = self.targets()
        names = self.names("target")
        budgets = list(self.each("budget", lambda item: elaborate_budget(item, names, layers, self.sink)))
        instruments = list(self.each("instrument", lambda item: elaborate_instrument(item, names, self.sink)))
        harness = next(self.each("harness", lambda item: elaborate_harness(item, self.sink)), None)
        guidelines = next(self.each("guidelines", lambda item: elaborate_guidelines(item, self.sink)), None)
        model = parts.build(tuple(fusions))
        if self.sink.has_errors or model is None or edition is None:
            return None
        return Spec(
            edition=edition,
            model=model,
            quantization=tables[0] if tables else None,
            targets=tuple(targets),
            budgets=tuple(budgets),
            harness=harness,
            instruments=tuple(instruments),
            guidelines=guidelines,
        )

    def edition(self) -> int | None:
        """The language edition, which the first line names."""
        start = Span(self.tree.source, 0, 0)
        if not self.tree.items or self.keyword(self.tree.items[0]) != EDITION_WORD:
            line = f"{EDITION_WORD} {EDITIONS[-1]}"
            place = self.tree.items[0].values[0].span if self.tree.items else start
            fix = Fix(f"begin the file with `{line}`", ((start, f"{line}\n\n"),), safe=True)
            self.sink.add("E1001", f"the file does not say which edition it is written in: `{line}`", place, fix=fix)
            return None
        item = self.tree.items[0]
        known = ", ".join(str(edition) for edition in EDITIONS)
        value = item.values[1] if len(item.values) == 2 and item.block is None else None
        if not isinstance(value, Number) or value.quantity.unit is not None:
            if not isinstance(value, Malformed):
                self.sink.add("E1002", f"the first line is `{EDITION_WORD}` and an edition: {known}", item.head)
            return None
        if value.quantity.number not in EDITIONS:
            note = f"this version of specc reads edition {known}"
            self.sink.add("E1002", f"edition {value.span.text} of the language is not known", value.span, notes=(note,))
            return None
        return int(value.quantity.number)

    def keyword(self, item: Item) -> str | None:
        value = item.values[0]
        return value.text if isinstance(value, Word) else None

    def collect(self) -> None:
        """Sort the sections by kind; report what is none, and what is there twice."""
        for row in self.tree.rows:
            self.sink.add("E1003", "a table stands inside a quantization section", row.span)
        first: dict[tuple[str, str], Item] = {}
        for index, item in enumerate(self.tree.items):
            keyword = self.keyword(item)
            head = item.values[0]
            if isinstance(head, Malformed) or (keyword == EDITION_WORD and index == 0):
                continue
            if keyword == EDITION_WORD:
                self.sink.add("E1006", "the edition is named once, on the first line", item.head)
                continue
            if keyword not in self.sections:
                if index == 0 and get_close_matches(head.span.text, [EDITION_WORD]):
                    continue  # reported as a missing edition
                notes, fix = suggestion(head.span.text, head.span, SECTIONS)
                self.sink.add("E1003", f"there is no section `{head.span.text}`", head.span, notes=notes, fix=fix)
                continue
            name = _name(item) if keyword in _NAMED else ""
            if (keyword, name) in first:
                label = Label(first[keyword, name].head, "first given here")
                what = f"`{keyword} {name}`" if name else f"a second `{keyword}` section"
                message = f"{what} is given twice" if name else f"{what}; a file has one"
                self.sink.add("E1006", message, item.head, secondary=(label,))
                continue
            first[keyword, name] = item
            self.sections[keyword].append(item)

    def each(self, keyword: str, read: Callable[[Item], Any]) -> Iterator[Any]:
        """What the sections of a kind gave, without those that were rejected."""
        return iter([result for item in self.sections[keyword] if (result := read(item)) is not None])

    def names(self, keyword: str) -> list[str]:
        """Names that sections of a kind declare, well-formed or not."""
        return [name for item in self.sections[keyword] if (name := _name(item))]

    def model(self) -> ModelParts:
        if not self.sections["model"]:
            if any(diagnostic.code == "E1003" for diagnostic in self.sink.diagnostics):
                return ModelParts()  # the model may be the section that was not understood
            place = self.tree.items[0].head if self.tree.items else Span(self.tree.source, 0, 0)
            library = " (a file of hardware alone is read through `use`)" if self.sections["hardware"] else ""
            self.sink.add("E1012", f"the file declares no model{library}", place)
            return ModelParts()
        return elaborate_model(self.sections["model"][0], self.sink)

    def targets(self) -> list[Any]:
        own: dict[str, Hardware | None] = dict.fromkeys(self.names("hardware"))
        for hardware in self.each("hardware", lambda item: elaborate_hardware(item, self.sink)):
            own[hardware.name] = hardware
        used: set[str] = set()
        targets = list(self.each("target", lambda item: elaborate_target(item, own, self.sink, used.add)))
        for item in self.sections["hardware"]:
            name = _name(item)
            if name and name not in used:
                self.sink.add("W1102", f"no target uses the hardware `{name}`", item.head)
        return targets


def _name(item: Item) -> str:
    """The name a section's header gives, or nothing."""
    return item.values[1].text if len(item.values) > 1 and isinstance(item.values[1], Word) else ""

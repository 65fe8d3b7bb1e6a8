"""The whole file: its edition, its sections, and the Spec they make together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from specc.diagnostics.bounded import LIMIT, BoundedSink, TooManyError
from specc.diagnostics.model import Diagnostic, Label, Sink
from specc.elaborate.budgets import elaborate_budget, report_conflicts
from specc.elaborate.edition import check_edition, edition_item, names_edition, resembles_edition
from specc.elaborate.experiments import elaborate_dataset, elaborate_experiments
from specc.elaborate.hardware import elaborate_hardware, library_names
from specc.elaborate.kernels import elaborate_kernels, report_two
from specc.elaborate.model import ModelParts, elaborate_model
from specc.elaborate.model_file import quantization_of_file
from specc.elaborate.observation import elaborate_guidelines, elaborate_harness, elaborate_instrument
from specc.elaborate.quantization import elaborate_quantization
from specc.elaborate.reader import report_torn, suggestion
from specc.elaborate.schedule import ScheduleParts, elaborate_schedule
from specc.elaborate.targets import elaborate_target
from specc.elaborate.waivers import elaborate_waivers
from specc.source import Span
from specc.spec import Spec
from specc.spec.hardware import Hardware
from specc.syntax.nodes import Item, Malformed, SyntaxTree, Word
from specc.syntax.words import EDITION_WORD, SECTIONS, STATEMENTS

_NAMED: Final = frozenset(
    {"target", "hardware", "budget", "instrument", "dataset", "kernels"}
)  # may stand once per name
# What a damaged file may lack only because the damage hides it: an item that is missing, a name, a reader of a name.
_HIDDEN_BY_ANY_DAMAGE: Final = frozenset({"E1005", "W1101", "W1102", "W1103"})
_HIDDEN_BY_TRUNCATION: Final = frozenset({"E1011", "E1012"})


def elaborate(tree: SyntaxTree, sink: Sink) -> Spec | None:
    """The Spec of a syntax tree. None if anything in it is an error; all of them are reported."""
    early, found = BoundedSink(), BoundedSink()
    spec: Spec | None = None
    try:
        whole = _expanded(tree, early, sink)
        if whole is not None:
            tree = whole
            spec = _Elaboration(tree, found).run()
    except TooManyError:
        start = Span(tree.source, 0, 0)
        sink.add("E0019", f"more than {LIMIT} findings; the rest is not shown", start)
    damaged = early.has_errors or any(part.damaged_lines or part.truncated for part in (tree, *tree.imported))
    sink.diagnostics.extend(d for d in early.diagnostics if not (damaged and _stands_in_damage(d, tree)))
    sink.diagnostics.extend(d for d in found.diagnostics if not (damaged and _follows_from_damage(d, tree)))
    return None if sink.has_errors else spec


def _expanded(tree: SyntaxTree, found: Sink, sink: Sink) -> SyntaxTree | None:
    if tree.is_plain:
        return tree
    from specc.elaborate.expand import expand

    return expand(tree, found, sink)


def _follows_from_damage(diagnostic: Diagnostic, tree: SyntaxTree) -> bool:
    """Whether a finding in a file with errors is only the echo of one of them."""
    if diagnostic.code in _HIDDEN_BY_ANY_DAMAGE:
        return True
    if diagnostic.code in _HIDDEN_BY_TRUNCATION and any(part.truncated for part in (tree, *tree.imported)):
        return True
    return _stands_in_damage(diagnostic, tree)


def _stands_in_damage(diagnostic: Diagnostic, tree: SyntaxTree) -> bool:
    span = diagnostic.primary.span if diagnostic.primary else None
    return span is not None and any(
        span.source is part.source and span.line in part.damaged_lines for part in (tree, *tree.imported)
    )


class _Elaboration:
    """One pass over a file's sections."""

    def __init__(self, tree: SyntaxTree, sink: Sink) -> None:
        self.tree, self.sink = tree, sink
        self.sections: dict[str, list[Item]] = {keyword: [] for keyword in (*SECTIONS, *STATEMENTS)}

    def run(self) -> Spec | None:
        edition = check_edition(self.tree, self.sink)
        self.collect()
        parts = self.model()
        model_name = parts.name.text if parts.name else None
        layers = dict.fromkeys(parts.layer_names)  # in their order, and quick to find one in
        tables = [
            elaborate_quantization(item, model_name, layers, parts.input.name if parts.input else None, self.sink)
            for item in self.sections["quantization"][:1]
        ]
        quantization = quantization_of_file(parts, self.sections["quantization"], self.sink)
        declared = [elaborate_schedule(item, parts, self.sink) for item in self.sections["schedule"][:1]]
        schedule = declared[0] if declared else ScheduleParts()
        targets = self.targets()
        names = self.names("target")
        datasets = self.names("dataset")
        groups = self.each("budget", lambda item: elaborate_budget(item, names, layers, datasets, self.sink))
        budgets = [budget for group in groups for budget in group]
        report_conflicts(budgets, self.sink)
        own = self.each("kernels", lambda item: elaborate_kernels(item, names, layers, self.sink))
        kernels = [one for group in own for one in group]
        report_two(kernels, self.sink)
        cores = {target.name: target.hardware.core for target in targets}
        observed = self.each("instrument", lambda item: elaborate_instrument(item, names, cores, self.sink))
        instruments = [instrument for group in observed for instrument in group]
        harness = next(self.each("harness", lambda item: elaborate_harness(item, datasets, self.sink)), None)
        guidelines = next(self.each("guidelines", lambda item: elaborate_guidelines(item, self.sink)), None)
        files = list(self.each("dataset", lambda item: elaborate_dataset(item, self.tree.source, self.sink)))
        experiments = next(self.each("experiments", lambda item: elaborate_experiments(item, self.sink)), None)
        statements = [item for keyword in STATEMENTS for item in self.sections[keyword]]
        waivers = elaborate_waivers(statements, [*names, *layers], self.sink)
        if parts.layers_unknown:  # whether a name is one of its layers cannot be said
            self.sink.diagnostics[:] = [found for found in self.sink.diagnostics if found.code != "E1011"]
        model = parts.build(schedule.fusions, schedule.rows)
        if self.sink.has_errors or model is None or edition is None:
            return None
        return Spec.model_construct(
            edition=edition,
            model=model,
            quantization=quantization or (tables[0] if tables else None),
            targets=tuple(targets),
            budgets=tuple(budgets),
            harness=harness,
            instruments=tuple(instruments),
            guidelines=guidelines,
            datasets=tuple(files),
            experiments=experiments,
            waivers=waivers,
            kernels=tuple(kernels),
        )

    def keyword(self, item: Item) -> str | None:
        value = item.values[0]
        return value.text if isinstance(value, Word) else None

    def collect(self) -> None:
        """Sort the sections by kind; report what is none, and what is there twice."""
        for row in self.tree.rows:
            self.sink.add("E1003", "a table stands inside a quantization section", row.span)
        first: dict[tuple[str, str], Item] = {}
        edition = edition_item(self.tree)
        last: Item | None = None
        headless = False  # a section without its block stands above
        for item in self.tree.items:
            keyword = self.keyword(item)
            head = item.values[0]
            if isinstance(head, Malformed) or (keyword == EDITION_WORD and item is edition):
                continue
            before, last = last, item
            if not isinstance(head, Word):
                report_torn(item, before, self.sink)
                continue
            if keyword == EDITION_WORD:
                if edition is not None and names_edition(edition):
                    self.sink.add("E1006", "the edition is named once, on the first line", item.head)
                continue
            if keyword in self.sections:
                headless = keyword in SECTIONS and item.block is None
            elif headless:
                continue  # it belongs into that block
            else:
                if item is edition and resembles_edition(head.span.text):
                    continue  # reported as a missing edition
                notes, fix = suggestion(head.span.text, head.span, self.sections)
                self.sink.add("E1003", f"there is no section `{head.span.text}`", head.span, notes=notes, fix=fix)
                continue
            if keyword in STATEMENTS:
                self.sections[keyword].append(item)
                continue
            name = (
                _names(item)
                if keyword in ("budget", "instrument", "kernels")
                else _name(item)
                if keyword in _NAMED
                else ""
            )
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
            elif name in library_names():
                message = f"this section hides the hardware `{name}` of the library"
                note = "repair: another name, if the library's facts are not what it replaces"
                self.sink.add("W1105", message, item.head, notes=(note,))
        return targets


def _name(item: Item) -> str:
    """The name a section's header gives, or nothing."""
    return item.values[1].text if len(item.values) > 1 and isinstance(item.values[1], Word) else ""


def _names(item: Item) -> str:
    """All names of a section's header: a budget may bind several targets."""
    return " ".join(value.text for value in item.values[1:] if isinstance(value, Word))

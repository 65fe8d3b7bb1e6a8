"""Everything the guidelines document says, prepared for its template."""

from __future__ import annotations

import itertools
from typing import Any

from specc import __version__
from specc.explain.sentences import Statement, statements
from specc.guide.candidates import DIMENSIONS, NAMES, candidates, requirement
from specc.guide.choose import Choice, choose
from specc.guide.tree import HELD_OUT_POINTS, INFEASIBLE, TRAINING_POINTS, Guide, learn
from specc.report.figures.budgets import latency_against_budget
from specc.report.figures.layers import cycle_causes, layer_times
from specc.report.figures.memory import memory_map
from specc.report.figures.tensors import tensor_map
from specc.report.figures.tradeoff import latency_energy
from specc.report.figures.tree import decision_tree, question
from specc.report.inputs import ReportInputs
from specc.report.numbers import count, fidelity, figure_text, percent, quantity
from specc.report.sections.contracts import contract_tables
from specc.report.sections.hardware import advice, hardware_table
from specc.report.sections.layers import cause_table, counter_tables, latency_table, measured, memory_table, time_table
from specc.report.sections.reproducibility import assumptions, bases, limits, reproducibility
from specc.report.sections.verdict import summary
from specc.report.tables import Cell, Column, Row, Table, anchor, table
from specc.spec.contract import Guidelines


def guidelines_context(inputs: ReportInputs) -> dict[str, Any]:
    """Names and values of the template `guidelines.html`, but for fonts and style."""
    choice = choose(inputs.spec, inputs.measurements, inputs.verdicts)
    guide = _guide(inputs, choice)
    shown = measured(inputs)
    counters = counter_tables(inputs)
    links = _links(counters)
    images = {
        "latency": latency_against_budget(inputs),
        "layers": layer_times(inputs.network, shown),
        "causes": _causes(inputs, choice),
        "memory": memory_map(inputs),
        "tensors": tensor_map(inputs.quantized),
        "tradeoff": latency_energy(shown),
        "tree": decision_tree(guide),
    }
    context: dict[str, Any] = {
        "version": __version__,
        "title": inputs.network.name,
        "source": inputs.source_name,
        "summary": summary(inputs, choice),
        "images": images,
        "contracts": contract_tables(inputs),
        "diagnostics": inputs.diagnostics,
        "waived": inputs.waived,
        "hardware": hardware_table(inputs),
        "advice": advice(inputs),
        "statements": _statements(inputs, links),
        "latency": latency_table(inputs),
        "times": time_table(inputs),
        "causes": cause_table(inputs),
        "counters": counters,
        "memory": memory_table(inputs),
        "preference": ", then ".join(choice.preference),
        "guide": guide,
        "guide_numbers": {
            "training": count(TRAINING_POINTS),
            "held_out": count(HELD_OUT_POINTS),
            "fidelity": fidelity(guide.fidelity),
            "stump": fidelity(guide.stump),
            "majority": fidelity(guide.majority),
            "unsafe": "none" if not guide.unsafe else percent(guide.unsafe),
        },
        "path": _path(guide),
        "ranking": _ranking(guide),
        "answer": _answer(guide),
        "bases": bases(inputs),
        "assumptions": assumptions(inputs),
        "checklist": reproducibility(inputs),
        "limits": limits(inputs),
    }
    context["page_one"] = [(s.text, _link(s, links)) for s in context["summary"].statements]
    context["sections"] = _sections(images)
    return context


def _sections(images: dict[str, Any]) -> list[tuple[str, str]]:
    every = [
        ("contracts", "Contracts"),
        ("hardware", "Hardware compared"),
        ("time", "Where the time goes"),
        ("memory", "Memory"),
        ("tradeoff", "Latency against energy"),
        ("tree", "Decision tree"),
        ("method", "Method"),
        ("reproducibility", "Reproducibility checklist"),
        ("limits", "Limits"),
    ]
    return [(id_, name) for id_, name in every if id_ not in ("memory", "tradeoff") or images[id_]]


def _guide(inputs: ReportInputs, choice: Choice) -> Guide:
    wish = inputs.spec.guidelines or Guidelines()
    pool = candidates(inputs.spec, inputs.measurements)
    return learn(pool, requirement(inputs.spec), choice.preference, wish.tree_depth, wish.tree_leaf)


def _causes(inputs: ReportInputs, choice: Choice) -> Any:
    """The cycle split of the best target that has one."""
    for standing in choice.standings:
        measurement = inputs.measurements.get(standing.target)
        drawn = cycle_causes(measurement) if measurement else None
        if drawn:
            return drawn
    return None


def _links(counters: list[Table]) -> set[str]:
    return {row.anchor for data in counters for row in data.rows if row.anchor}


def _link(statement: Statement, known: set[str]) -> str:
    """The row a statement was made from: of counters where there is one, else of latency."""
    exact = anchor("counters", statement.target, *([statement.layer] if statement.layer else []))
    if statement.counters != ("latency",) and exact in known:
        return exact
    return anchor("time", statement.layer) if statement.layer else anchor("latency", statement.target)


def _statements(inputs: ReportInputs, links: set[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Statements as (targets, [(sentence, link)]); what is true of several targets is said once for all of them."""
    said: dict[str, list[Statement]] = {}
    for measurement in measured(inputs):
        for statement in statements(measurement, inputs.network):
            said.setdefault(statement.text, []).append(statement)
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for text, same in said.items():
        link = next((found for s in same if (found := _link(s, links)) in links), _link(same[0], links))
        groups.setdefault(tuple(s.target for s in same), []).append((text, link))
    return [(", ".join(targets), texts) for targets, texts in groups.items()]


def _path(guide: Guide) -> Table:
    """This application's way through the tree, question by question."""
    columns = (Column("question"), Column("this application", number=True), Column("answer"))
    rows = []
    if guide.tree is not None:
        nodes = guide.tree.path(guide.requirement)
        for node, following in itertools.pairwise(nodes):
            limit = guide.requirement.get(node.dimension)
            text = "no limit" if limit is None else f"≤ {quantity(limit, DIMENSIONS[node.dimension])}"
            answer = "yes" if following is node.below else "no"
            rows.append(Row((Cell(question(node, guide)), Cell(text), Cell(answer))))
        label = "no candidate" if nodes[-1].label == INFEASIBLE else nodes[-1].label
        rows.append(Row((Cell("The tree answers"), Cell(""), Cell(label)), total=True))
    return table("This application’s path", columns, rows)


def _ranking(guide: Guide) -> Table:
    columns = (Column("candidate"), *(Column(NAMES[d], "can be held to", number=True) for d in guide.dimensions))
    rows = []
    for candidate in guide.ranking:
        bounds = [(d, candidate.bound(d)) for d in guide.dimensions]
        cells = [Cell("unknown", muted=True) if b is None else Cell(quantity(b, DIMENSIONS[d])) for d, b in bounds]
        rows.append(Row((Cell(candidate.name), *cells)))
    return table("Candidates by preference", columns, rows)


def _answer(guide: Guide) -> str:
    limits_ = ", ".join(f"{NAMES[d]} ≤ {quantity(limit, DIMENSIONS[d])}" for d, limit in guide.requirement.items())
    if not limits_:
        return "The application sets no limit that the tree could use."
    if guide.answer == INFEASIBLE:
        return f"For this application’s limits ({limits_}) the exact rule finds no candidate certain to meet them all."
    chosen = next(candidate for candidate in guide.ranking if candidate.name == guide.answer)
    held = ", ".join(f"{NAMES[d]} {figure_text(chosen.figures[d])}" for d in guide.requirement)
    return f"For this application’s limits ({limits_}) the exact rule takes {guide.answer}: {held}."

"""The decision tree, this application's path through it, and the answer of the exact rule."""

from __future__ import annotations

import itertools

from specc.guide.candidates import DIMENSIONS, NAMES
from specc.guide.tree import HELD_OUT_POINTS, INFEASIBLE, TRAINING_POINTS, Guide
from specc.report.blocks import Block, Bullets, Item, Section, Text, present
from specc.report.figures.tree import decision_tree
from specc.report.material import Material
from specc.report.numbers import count, fidelity, figure_text, quantity
from specc.report.tables import Cell, Column, Row, Table, table
from specc.report.tree_text import need_question, question


def tree(material: Material) -> Section:
    """Which hardware for which limits."""
    guide = material.guide
    blocks: list[Block] = []
    if guide.tree is not None:
        blocks += [_origin(guide, ", then ".join(material.choice.preference))]
        blocks += present(decision_tree(guide), _path(guide))
    else:
        said = f"There is no tree: {guide.reason}. The ranking below says the same: take the first candidate that meets"
        blocks += [Text(f"{said} every limit."), _ranking(guide)]
    blocks.append(Text(answer(guide)))
    if guide.left_out:
        blocks.append(Bullets(tuple(Item(f"{text}.") for text in guide.left_out), small=True))
    return Section("tree", "Decision tree", tuple(blocks))


def _origin(guide: Guide, preference: str) -> Text:
    return Text(
        f"Which hardware for which limits? The rule: the most preferred candidate ({preference}) that meets all limits "
        f"for certain, at the upper end of its interval. The tree learned it from {count(TRAINING_POINTS)} "
        f"requirements around the budgets and the candidates’ figures; of {count(HELD_OUT_POINTS)} that it never saw "
        f"it answers {fidelity(guide.fidelity)} as the rule does (one question alone: {fidelity(guide.stump)}; always "
        f"the commonest answer: {fidelity(guide.majority)}), and {fidelity(guide.feasible_fidelity)} of those that "
        "some candidate meets. Where it errs, it takes another candidate that meets the limits, or none."
    )


def _path(guide: Guide) -> Table:
    """This application's way through the tree, question by question."""
    columns = (Column("question"), Column("this application", number=True), Column("answer"))
    rows = []

    def ask(text: str, dimension: str, *, yes: bool) -> None:
        limit = guide.requirement.get(dimension)
        own = "no limit" if limit is None else f"≤ {quantity(limit, DIMENSIONS[dimension])}"
        rows.append(Row((Cell(text), Cell(own), Cell("yes" if yes else "no"))))

    if guide.tree is not None:
        *questions, leaf = guide.tree.path(guide.requirement)
        for node, following in itertools.pairwise([*questions, leaf]):
            ask(question(node), node.dimension, yes=following is node.below)
        for need in leaf.needs:
            ask(f"{leaf.label}: {need_question(need)}", need.dimension, yes=need.met(guide.requirement))
        label = "no candidate" if leaf.unmet(guide.requirement) else leaf.label
        rows.append(Row((Cell("The tree answers"), Cell(""), Cell(label)), total=True))
    return table("This application’s path", columns, rows, kind="path")


def _ranking(guide: Guide) -> Table:
    columns = (Column("candidate"), *(Column(NAMES[d], "can be held to", number=True) for d in guide.dimensions))
    rows = []
    for candidate in guide.ranking:
        bounds = [(d, candidate.bound(d)) for d in guide.dimensions]
        cells = [Cell("unknown", muted=True) if b is None else Cell(quantity(b, DIMENSIONS[d])) for d, b in bounds]
        rows.append(Row((Cell(candidate.part, candidate.name), *cells)))
    return table("Candidates by preference", columns, rows, kind="ranking")


def answer(guide: Guide) -> str:
    """What the exact rule says of this application's own limits."""
    limits = ", ".join(f"{NAMES[d]} ≤ {quantity(limit, DIMENSIONS[d])}" for d, limit in guide.requirement.items())
    if not limits:
        return "The application sets no limit that the tree could use."
    if guide.answer == INFEASIBLE:
        return f"For this application’s limits ({limits}) the exact rule finds no candidate certain to meet them all."
    chosen = next(candidate for candidate in guide.ranking if candidate.name == guide.answer)
    held = ", ".join(f"{NAMES[d]} {figure_text(chosen.figures[d])}" for d in guide.requirement)
    return f"For this application’s limits ({limits}) the exact rule takes {chosen.titled}: {held}."

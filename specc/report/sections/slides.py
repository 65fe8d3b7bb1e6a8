"""The slides: one finding each, as short as a screen wants it."""

from __future__ import annotations

from typing import Final

from specc.explain.sentences import statements
from specc.report.blocks import Bullets, Item, Missing, Section, Text, present
from specc.report.figures.budgets import latency_against_budget
from specc.report.figures.comparison import limits_used, radar
from specc.report.figures.hierarchy import sunburst
from specc.report.figures.memory import memory_map
from specc.report.figures.tradeoff import latency_energy
from specc.report.figures.tree import decision_tree
from specc.report.figures.waterfall import waterfall
from specc.report.material import SHORTLIST, Material
from specc.report.parts import named
from specc.report.sections.hardware import advice
from specc.report.sections.reproducibility import limits
from specc.report.sections.tradeoff import points
from specc.report.sections.tree import answer
from specc.report.sections.verdict import summary
from specc.report.style import Image

_MOST_CONTRACTS: Final = 12  # bars that a slide holds
_MOST_RADARS: Final = 6


def _standings(material: Material) -> Section:
    return Section("standings", "How the candidates stand", (summary(material).standings,))


def _latency(material: Material) -> Section | None:
    return _figure("latency", "Latency against its limit", latency_against_budget(material.inputs))


def _contracts(material: Material) -> Section | None:
    best = {measurement.target for measurement in material.shortlist}
    decided = [v for v in material.inputs.verdicts if v.margin is not None and v.target in best]
    tightest = sorted(decided, key=lambda v: v.margin or 0.0)[:_MOST_CONTRACTS]
    shown = [v for v in material.inputs.verdicts if v in tightest]
    return _figure("contracts", "How much of their limits the best candidates use", limits_used(shown))


def _why(material: Material) -> Section | Missing:
    if not material.telling:
        return Missing("Where the cycles go", "no target has counters that tell causes apart")
    best = material.telling[0]
    said = [Item(s.text) for s in statements(best, material.inputs.network)[:3]]
    drawn = waterfall(best, "waterfall")
    part = named(material.inputs.spec.target(best.target))
    return Section("why", f"Where the cycles go on {part}", present(drawn, Bullets(tuple(said))))


def _where(material: Material) -> Section | None:
    best = next(iter(material.ranked), None)
    drawn = sunburst(best, material.inputs.network) if best else None
    return _figure("where", "Which layers they go to", drawn)


def _memory(material: Material) -> Section | None:
    return _figure("memory", "What fills the memory", memory_map(material.inputs))


def _tradeoff(material: Material) -> Section | None:
    return _figure("tradeoff", "Latency against energy", latency_energy(points(material)))


def _radar(material: Material) -> Section | None:
    return _figure("radar", "Strengths and weaknesses", radar(material.telling_first, _MOST_RADARS))


def _tree(material: Material) -> Section:
    drawn = decision_tree(material.guide)
    return Section("tree", "Which hardware for which limits", present(drawn, Text(answer(material.guide))))


def _advice(material: Material) -> Section | None:
    items = []
    for one in advice(material)[:SHORTLIST]:
        parts = [f"best for {'; '.join(one.best_for)}"] if one.best_for else []
        parts += [f"avoid when {'; '.join(one.avoid_when)}"] if one.avoid_when else []
        items.append(Item(f"{one.part}: {'. '.join(parts) or 'neither the best nor the worst for certain'}."))
    return Section("advice", "Best for, avoid when", (Bullets(tuple(items)),)) if items else None


def _limits(material: Material) -> Section:
    items = tuple(Item(text) for text in limits(material.inputs))
    return Section("limits", "What this does not show", (Bullets(items),))


def _figure(name: str, title: str, image: Image | None) -> Section | None:
    return Section(name, title, (image,)) if image else None


EVERY: Final = (
    _standings, _latency, _contracts, _why, _where, _memory, _tradeoff, _radar, _tree, _advice, _limits,
)  # fmt: skip

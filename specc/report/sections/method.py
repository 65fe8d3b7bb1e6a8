"""How the figures came about, how to repeat them, and what they cannot say."""

from __future__ import annotations

from specc.report.blocks import Block, Bullets, Heading, Item, Section, Text, present
from specc.report.material import Material
from specc.report.sections.reproducibility import assumptions, bases, checklist, limits, results

_METHOD = (
    "The same generated C runs on every target, and its output is compared with an integer model of the network bit "
    "for bit before any time is believed. A simulation is deterministic, so it is repeated over inputs; a measurement "
    "varies, so it is repeated over time after a warm-up, and its median carries a bootstrap interval."
)


def method(material: Material) -> Section:
    """What was done, what every figure rests on, and under which assumptions."""
    blocks: list[Block] = [Text(_METHOD)]
    if grounds := bases(material.inputs):
        items = tuple(Item(text, aside=f"({evidence})") for text, evidence in grounds)
        blocks += [Heading("What the figures rest on"), Bullets(items, small=True)]
    if made := assumptions(material.inputs):
        items = tuple(Item(text, aside=f"({targets})") for text, targets in made)
        blocks += [Heading("Assumptions"), Bullets(items, small=True)]
    return Section("method", "Method", tuple(blocks))


def reproducibility(material: Material) -> Section:
    """Every field of provenance."""
    blocks = present(results(material.inputs), checklist(material.inputs))
    nothing = Text("Not observed: no target was measured.")
    return Section("reproducibility", "Reproducibility checklist", blocks or (nothing,))


def limitations(material: Material) -> Section:
    """What this document cannot say."""
    return Section("limits", "Limits", (Bullets(tuple(Item(text) for text in limits(material.inputs))),))

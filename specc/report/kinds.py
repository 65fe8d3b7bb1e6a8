"""The documents that are set on pages, each a list of sections. To add a section, write its module and name it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from specc import __version__
from specc.report.blocks import Block, Bullets, Definitions, Item, Missing, Section, Text
from specc.report.figures.budgets import latency_against_budget
from specc.report.material import Material
from specc.report.sections import slides
from specc.report.sections.appendix import facts, rules, samples
from specc.report.sections.attribution import attribution
from specc.report.sections.comparison import comparison
from specc.report.sections.contracts import contracts
from specc.report.sections.counters import counters
from specc.report.sections.energy import causes_of_energy, energy
from specc.report.sections.experiments import experiments, optimisations
from specc.report.sections.hardware import hardware
from specc.report.sections.kernels import kernels
from specc.report.sections.levels import levels
from specc.report.sections.memory import activations, memory
from specc.report.sections.method import limitations, method, reproducibility
from specc.report.sections.network import network
from specc.report.sections.precision import precision
from specc.report.sections.profiles import profiles
from specc.report.sections.roofline import roofline
from specc.report.sections.time import counters_by_layer, further_layers, time
from specc.report.sections.tradeoff import tradeoff
from specc.report.sections.tree import tree
from specc.report.sections.tuning import tuning
from specc.report.sections.variation import runtimes, variation
from specc.report.sections.verdict import summary
from specc.report.sections.working_set import working_set
from specc.report.tables import Table

Builder = Callable[[Material], Section | Missing | None]


@dataclass(frozen=True)
class Kind:
    """A kind of document: the end of its file name, its heading, its sections in order.

    A builder returns None where its section would have nothing to say, `Missing` where a reader would look for it.
    """

    name: str
    heading: str
    builders: tuple[Builder, ...]
    template: str = "page.html"
    style: str = "style.css"


GUIDELINES: Final = Kind(
    "guidelines",
    "Hardware guidelines",
    (
        contracts,
        precision,
        hardware,
        time,
        runtimes,
        causes_of_energy,
        memory,
        activations,
        optimisations,
        tradeoff,
        tree,
        method,
        reproducibility,
        limitations,
    ),
)
FULL: Final = Kind(
    "full",
    "Full report",
    (
        contracts,
        precision,
        tuning,
        comparison,
        hardware,
        profiles,
        network,
        levels,
        time,
        counters_by_layer,
        attribution,
        roofline,
        kernels,
        variation,
        runtimes,
        memory,
        activations,
        working_set,
        energy,
        experiments,
        tradeoff,
        tree,
        method,
        reproducibility,
        limitations,
        further_layers,
        counters,
        facts,
        rules,
        samples,
    ),
)
SLIDES: Final = Kind("slides", "Slides", slides.EVERY, "slides.html", "slides.css")


def compose(material: Material, builders: Sequence[Builder]) -> list[Section]:
    """The sections that can be written, and one more that says which cannot, and why."""
    built = [builder(material) for builder in builders]
    missing = tuple(Item(f"{part.title}: {part.reason}.") for part in built if isinstance(part, Missing))
    sections = [part for part in built if isinstance(part, Section)]
    if missing:
        sections.append(Section("missing", "Not in this document", (Bullets(missing),)))
    shown = anchors(sections)
    return [replace(part, blocks=tuple(_linked(block, shown) for block in part.blocks)) for part in sections]


def anchors(sections: Sequence[Section]) -> frozenset[str]:
    """What can be linked to: rows of tables."""
    tables = [block for part in sections for block in part.blocks if isinstance(block, Table)]
    return frozenset(row.anchor for table in tables for row in table.rows if row.anchor)


def _linked(block: Block, shown: frozenset[str]) -> Block:
    """The block with every link leading to what is shown."""
    match block:
        case Text() if block.instead and block.link not in shown:
            return replace(block, link=block.instead)
        case Definitions():
            said = (tuple(cast(Text, _linked(text, shown)) for text in texts) for _, texts in block.entries)
            return Definitions(tuple(zip((term for term, _ in block.entries), said, strict=True)))
        case _:
            return block


def page_context(material: Material, kind: Kind) -> dict[str, Any]:
    """Names and values of a document's template, but for fonts and style."""
    inputs = material.inputs
    front = summary(material)
    sections = compose(material, kind.builders)
    shown = anchors(sections)
    return {
        "version": __version__,
        "heading": kind.heading,
        "title": inputs.network.name,
        "source": inputs.source_name,
        "summary": front,
        "page_one": [_linked(material.said(statement), shown) for statement in front.statements],
        "latency": latency_against_budget(inputs),
        "sections": sections,
    }

"""Where the time of an inference goes: sentences, latency, layers, causes and counters."""

from __future__ import annotations

from specc.explain.sentences import Statement, statements
from specc.report.blocks import Block, Definitions, Section, Text, present
from specc.report.figures.layers import cycle_causes, layer_times
from specc.report.material import Material
from specc.report.sections.layers import cause_tables, latency_table, time_tables
from specc.report.style import Image


def time(material: Material) -> Section:
    """What takes how long, and why; with every counter table that the sentences link to."""
    inputs = material.inputs
    said = spoken(material)
    if not material.shown:
        return Section("time", "Where the time goes", (Text("Not observed: no target was measured."),))
    blocks: tuple[Block, ...] = present(
        Definitions(said) if said else None,
        latency_table(inputs),
        layer_times(inputs.network, material.shown),
        *time_tables(inputs),
        causes(material),
        *cause_tables(inputs),
        *material.counters,
    )
    return Section("time", "Where the time goes", blocks)


def causes(material: Material) -> Image | None:
    """The cycle split of the best target that has one."""
    drawn = (cycle_causes(measurement) for measurement in material.ranked)
    return next((image for image in drawn if image), None)


def spoken(material: Material) -> tuple[tuple[str, tuple[Text, ...]], ...]:
    """Statements by targets; what is true of several targets is said once for all of them."""
    said: dict[str, list[Statement]] = {}
    for measurement in material.shown:
        for statement in statements(measurement, material.inputs.network):
            said.setdefault(statement.text, []).append(statement)
    groups: dict[tuple[str, ...], list[Text]] = {}
    for text, same in said.items():
        links = [material.link(statement) for statement in same]
        link = next((found for found in links if found in material.links), links[0])
        groups.setdefault(tuple(s.target for s in same), []).append(Text(text, link))
    return tuple((", ".join(targets), tuple(texts)) for targets, texts in groups.items())

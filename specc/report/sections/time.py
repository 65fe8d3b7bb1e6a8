"""Where the time of an inference goes: sentences, latency, layers, causes and counters."""

from __future__ import annotations

from collections.abc import Sequence

from specc.explain.sentences import Statement, statements
from specc.measure.result import Measurement
from specc.report.blocks import Block, Definitions, Section, Text, present
from specc.report.figures.layers import cycle_causes, layer_times
from specc.report.material import Material
from specc.report.sections.layers import cause_tables, latency_table, time_tables
from specc.report.style import Image


def time(material: Material) -> Section:
    """What takes how long, and why."""
    inputs, shortlist = material.inputs, material.shortlist
    if not shortlist:
        return Section("time", "Where the time goes", (Text("Not observed: no target was measured."),))
    said = spoken(material, shortlist)
    blocks: tuple[Block, ...] = present(
        _who(material),
        Definitions(said) if said else None,
        latency_table(inputs),
        layer_times(inputs.network, shortlist),
        *time_tables(inputs.network, shortlist),
        causes(material),
        *cause_tables(inputs),
    )
    return Section("time", "Where the time goes", blocks)


def counters_by_layer(material: Material) -> Section | None:
    """The counters that the sentences link to; None where no target has any."""
    return Section("counters", "Counters by layer", (*material.counters,)) if material.counters else None


def _who(material: Material) -> Text | None:
    """Whose layers and counters are shown, where that is not everyone."""
    if not material.others:
        return None
    return Text(
        f"Sentences and layers are those of the {len(material.shortlist)} candidates that stand best; those of "
        f"{', '.join(material.others)} are in the full report (`specc report --document full`)."
    )


def further_layers(material: Material) -> Section | None:
    """The times of the layers of every candidate that is not on the shortlist; None where all are."""
    others = [material.inputs.measurements[name] for name in material.others]
    if not others:
        return None
    return Section("further-layers", "Layers of the other candidates", (*time_tables(material.inputs.network, others),))


def causes(material: Material) -> Image | None:
    """The cycle split of the best target that has one."""
    drawn = (cycle_causes(measurement) for measurement in material.ranked)
    return next((image for image in drawn if image), None)


def spoken(material: Material, shown: Sequence[Measurement]) -> tuple[tuple[str, tuple[Text, ...]], ...]:
    """Statements by targets; what is true of several targets is said once for all of them."""
    said: dict[str, list[Statement]] = {}
    for measurement in shown:
        for statement in statements(measurement, material.inputs.network):
            said.setdefault(statement.text, []).append(statement)
    groups: dict[tuple[str, ...], list[Text]] = {}
    for same in said.values():
        links = [material.said(statement) for statement in same]
        link = next((found for found in links if found.link in material.links), links[0])
        groups.setdefault(tuple(s.target for s in same), []).append(link)
    return tuple((", ".join(targets), tuple(texts)) for targets, texts in groups.items())

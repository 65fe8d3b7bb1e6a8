"""A page for each candidate: what it is, how it stands, and where its time goes."""

from __future__ import annotations

from specc.check.instruction_model import core_name
from specc.explain.attribution import attribute
from specc.explain.sentences import cycles_per_mac, statements
from specc.guide.choose import Standing
from specc.measure.result import Measurement
from specc.report.blocks import Block, Definitions, Heading, Section, Text, present
from specc.report.figures.waterfall import waterfall
from specc.report.material import Material
from specc.report.numbers import count, figure_text, fixed, percent, significant, unit_for
from specc.report.parts import named
from specc.report.sections.reproducibility import OUTPUT_WORDS
from specc.report.tables import Cell, Column, Row, Table, table
from specc.spec.hardware import Target

_HEAVIEST = 6  # layers listed
_STATUS = {
    "pass": "passes every contract",
    "undecided": "fails no contract, but some are undecided",
    "unweighed": "passes every contract, but the preference cannot weigh it",
    "no contract": "has no contract",
    "fail": "fails",
    "not measured": "was not measured",
}


def profiles(material: Material) -> Section:
    """The candidates, best first."""
    blocks: list[Block] = []
    for place, standing in enumerate(material.choice.standings):
        blocks.append(Heading(named(material.inputs.spec.target(standing.target)), fresh=place > 0))
        blocks += _profile(material, standing)
    return Section("profiles", "The candidates one by one", tuple(blocks), fresh=True)


def _profile(material: Material, standing: Standing) -> list[Block]:
    target = material.inputs.spec.target(standing.target)
    measurement = material.inputs.measurements.get(standing.target)
    blocks: list[Block] = [Text(_headline(standing), lead=f"{target.hardware.part} {_STATUS[standing.status]}.")]
    blocks.append(Definitions(_facts(target, measurement, material)))
    if measurement is None:
        return blocks
    said = tuple(Text(s.text, material.link(s)) for s in statements(measurement, material.inputs.network))
    if said:
        blocks.append(Definitions((("Why", said),)))
    drawn = waterfall(measurement, f"waterfall-{standing.target}")
    return [*blocks, *present(drawn, _heaviest(measurement, material))]


def _headline(standing: Standing) -> str:
    if not standing.judged:
        return ""
    text = f"{standing.passed} of {standing.judged} contracts pass"
    text += f", {standing.failed} fail" if standing.failed else ""
    text += f", {standing.undecided} are undecided" if standing.undecided else ""
    if standing.tightest and standing.tightest.margin is not None:
        word = "Least margin" if standing.tightest.margin >= 0 else "Missed by the most"
        text += f". {word}: {standing.tightest.label}, {percent(standing.tightest.margin)}"
    return f"{text}."


def _facts(
    target: Target, measurement: Measurement | None, material: Material
) -> tuple[tuple[str, tuple[Text, ...]], ...]:
    hardware = target.hardware
    facts = [("Hardware", f"{hardware.part}, {core_name(hardware)}")]
    if target.clock_hz:
        facts.append(("Clock", f"{target.clock_hz / 1e6:,.10g}\u00a0MHz, compiled with {target.compile}"))
    if hardware.notes:
        facts.append(("Note", hardware.notes))
    if measurement is None:
        facts.append(("Result", material.inputs.failures.get(target.name, "no backend can reach it")))
        return tuple((name, (Text(text),)) for name, text in facts)
    total, memory = measurement.total, measurement.memory
    facts += [
        ("Latency", f"{figure_text(total.best)}, {total.best.evidence}"),
        ("Energy", f"{figure_text(measurement.energy)}, {measurement.energy.evidence}"),
        ("SRAM", f"{figure_text(memory.sram)}, {memory.sram.evidence}"),
        ("Flash", f"{figure_text(memory.flash)}, {memory.flash.evidence}"),
        ("Output", OUTPUT_WORDS[measurement.output_matches_golden]),
    ]
    if measurement.output_difference is not None:
        facts.append(("Difference", measurement.output_difference.text))
    facts += [("Note", note) for note in measurement.notes]
    return tuple((name, (Text(text),)) for name, text in facts)


def _heaviest(measurement: Measurement, material: Material) -> Table | None:
    total = measurement.total.best.value
    if not measurement.layers or not total:
        return None
    macs = {layer.name: layer.macs for layer in material.inputs.network.layers}
    kinds = {layer.name: layer.kind for layer in material.inputs.network.layers}
    layers = sorted(measurement.layers, key=lambda layer: -(layer.latency.best.value or 0.0))[:_HEAVIEST]
    symbol, scale = unit_for([layer.latency.best.value or 0.0 for layer in layers], "s")
    rows = []
    for layer in layers:
        value, rate, parts = (
            layer.latency.best.value or 0.0,
            cycles_per_mac(layer, macs[layer.name]),
            attribute(layer.counters),
        )
        cause = f"{parts.largest.cause}, {percent(parts.largest.cycles / parts.whole)}" if parts else "not observed"
        rows.append(
            Row(
                (
                    Cell(layer.name, kinds[layer.name]),
                    Cell(significant(value / scale, 3)),
                    Cell(fixed(value / total * 100, 1)),
                    Cell(count(macs[layer.name])),
                    Cell(significant(rate, 3) if rate else "\u2014", muted=not rate),
                    Cell(cause, muted=parts is None),
                )
            )
        )
    columns = (
        Column("layer"),
        Column("time", symbol, number=True),
        Column("share", "%", number=True),
        Column("MACs", number=True),
        Column("cycles per MAC", number=True),
        Column("largest cause"),
    )
    return table("The heaviest layers", columns, rows, kind="heaviest")

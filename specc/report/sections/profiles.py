"""The candidates one by one: what each is, how it stands, and where its time goes."""

from __future__ import annotations

from collections.abc import Sequence

from specc.check.instruction_model import core_name
from specc.explain.attribution import attribute
from specc.explain.sentences import cycles_per_mac, statements
from specc.guide.choose import Standing
from specc.measure.result import Measurement
from specc.report.blocks import Block, Definitions, Heading, Section, Text, present
from specc.report.figures.waterfall import waterfall
from specc.report.material import Material
from specc.report.numbers import UNKNOWN, count, figure_text, fixed, percent, significant, unit_for
from specc.report.parts import built, named
from specc.report.sections.contracts import contract_table
from specc.report.sections.reproducibility import OUTPUT_WORDS
from specc.report.sections.time import spoken
from specc.report.tables import Cell, Column, Row, Table, table
from specc.spec.hardware import Target

_HEAVIEST = 5  # layers listed
_STATUS = {
    "pass": "passes every contract",
    "undecided": "fails no contract, but some are undecided",
    "unweighed": "passes every contract, but the preference cannot weigh it",
    "no contract": "has no contract",
    "fail": "fails",
    "not measured": "was not measured",
}


def profiles(material: Material) -> Section:
    """The candidates, best first: those of the shortlist in full, the others in a table."""
    blocks: list[Block] = []
    shortlist = {measurement.target for measurement in material.shortlist}
    for standing in material.choice.standings:
        if standing.target in shortlist:
            blocks.append(Heading(named(material.inputs.spec.target(standing.target))))
            blocks += _profile(material, standing)
    if others := [standing for standing in material.choice.standings if standing.target not in shortlist]:
        measured = [material.inputs.measurements[name] for name in material.others]
        said = spoken(material, measured)
        blocks += present(_others(material, others), Definitions(said) if said else None)
    return Section("profiles", "The candidates one by one", tuple(blocks))


def _others(material: Material, standings: Sequence[Standing]) -> Table:
    """A row for each candidate that has no profile of its own."""
    rows = []
    for standing in standings:
        target = material.inputs.spec.target(standing.target)
        m = material.inputs.measurements.get(standing.target)
        notes = [target.hardware.notes] if target.hardware.notes else []
        if m is None:
            notes.insert(0, _unmeasured(material, target))
            figures = [Cell(UNKNOWN, muted=True)] * 4
        else:
            notes += m.notes
            shown = (m.total.best, m.energy, m.memory.sram, m.memory.flash)
            figures = [Cell(figure_text(f), f.evidence if f.value is not None else "") for f in shown]
        detail = f"{standing.target}: {' '.join(_sentence(note) for note in notes)}" if notes else ""
        part = Cell(target.hardware.title.partition(",")[0], ": ".join(filter(None, (target.name, built(target)))))
        rows.append(Row((part, Cell(_STATUS[standing.status], _tally(standing)), *figures), detail=detail))
    columns = (
        Column("part"),
        Column("how it stands"),
        *(Column(name, number=True, flush=True) for name in ("latency", "energy", "SRAM", "flash")),
    )
    return table("The other candidates", columns, rows, kind="others")


def _sentence(note: str) -> str:
    return note if note.endswith(".") else f"{note}."


def _unmeasured(material: Material, target: Target) -> str:
    return material.inputs.failures.get(target.name, "no backend can reach it")


def _profile(material: Material, standing: Standing) -> list[Block]:
    target = material.inputs.spec.target(standing.target)
    measurement = material.inputs.measurements[standing.target]
    blocks: list[Block] = [Text(_headline(standing), lead=f"{target.hardware.part} {_STATUS[standing.status]}.")]
    blocks.append(Definitions(_facts(target, measurement)))
    blocks += present(contract_table(standing.target, material.inputs.verdicts))
    said = tuple(material.said(s) for s in statements(measurement, material.inputs.network))
    if said:
        blocks.append(Definitions((("Why", said),)))
    drawn = waterfall(measurement, f"waterfall-{standing.target}")
    return [*blocks, *present(drawn, _heaviest(measurement, material))]


def _tally(standing: Standing) -> str:
    if not standing.judged:
        return ""
    text = f"{standing.passed} of {standing.judged} contracts pass"
    text += f", {standing.failed} fail" if standing.failed else ""
    return text + (f", {standing.undecided} are undecided" if standing.undecided else "")


def _headline(standing: Standing) -> str:
    text = _tally(standing)
    if not text:
        return ""
    if standing.tightest and standing.tightest.margin is not None:
        word = "Least margin" if standing.tightest.margin >= 0 else "Missed by the most"
        text += f". {word}: {standing.tightest.label}, {percent(standing.tightest.margin)}"
    return f"{text}."


def _facts(target: Target, measurement: Measurement) -> tuple[tuple[str, tuple[Text, ...]], ...]:
    hardware = target.hardware
    facts = [("Hardware", f"{hardware.part}, {core_name(hardware)}")]
    if target.clock_hz:
        facts.append(("Clock", f"{target.clock_hz / 1e6:,.10g}\u00a0MHz, compiled with {target.compile}"))
    if hardware.notes:
        facts.append(("Note", hardware.notes))
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

"""Raw data: every declared fact with its source, every sample, and the tree as text."""

from __future__ import annotations

from specc.measure.result import Measurement
from specc.report.blocks import Listing, Missing, Section
from specc.report.material import Material
from specc.report.numbers import DASH, decimals, fixed, unit_for, unit_text
from specc.report.tables import Cell, Column, Row, Table, table
from specc.report.tree_text import tree_text
from specc.spec.hardware import Fact, Hardware

_ACROSS = 15  # samples in a row


def facts(material: Material) -> Section:
    """Every fact of every target's hardware, with its source."""
    rows: list[Row] = []
    for target in material.inputs.spec.targets:
        found = _facts(target.hardware)
        rows += [
            Row((Cell("" if place else target.name), Cell(name.replace("_", " ")), *cells))
            for place, (name, *cells) in enumerate(found)
        ]
    columns = (Column("target"), Column("fact"), Column("value"), Column("evidence"), Column("source"))
    stated = table("As the hardware library and the spec state it", columns, rows, kind="facts")
    return Section("facts", "Every declared fact", (stated,))


def _facts(hardware: Hardware) -> list[tuple[str, Cell, Cell, Cell]]:
    found = []
    for name in type(hardware).model_fields:
        value = getattr(hardware, name)
        if isinstance(value, Fact):
            found.append((name, Cell(_value(value)), Cell(value.evidence), Cell(value.source)))
    accelerator = hardware.accelerator
    others = [
        ("core", hardware.core, hardware.core_source),
        ("accelerator", accelerator.description if accelerator else "", accelerator.source if accelerator else None),
        ("flash_timing", *_flash_timing(hardware)),
        ("flash_cache", *_flash_cache(hardware)),
    ]
    found += [(name, Cell(text), Cell("datasheet"), Cell(source)) for name, text, source in others if source]
    return found


def _flash_timing(hardware: Hardware) -> tuple[str, str | None]:
    timing = hardware.flash_timing
    if timing is None:
        return "", None
    states = ", ".join(f"{w.states} up to {w.up_to.to('MHz'):,.10g}\u00a0MHz" for w in timing.wait_states)
    return f"{timing.line_bytes} bytes per read; wait states: {states}", timing.source


def _flash_cache(hardware: Hardware) -> tuple[str, str | None]:
    cache = hardware.flash_cache
    if cache is None:
        return "", None
    sides = [(name, side) for name, side in (("instruction", cache.instruction), ("data", cache.data)) if side]
    return "; ".join(f"{name} {s.sets}\u00d7{s.ways} lines of {s.line_bytes} bytes" for name, s in sides), cache.source


def _value(fact: Fact) -> str:
    symbol = fact.value.unit.symbol if fact.value.unit else ""
    ends = [part for part in (fact.low, fact.high) if part is not None]
    numbers = [f"{part.to(symbol) if symbol else float(part.base):,.6g}" for part in ends or [fact.value]]
    return f"{DASH.join(numbers)}\u00a0{unit_text(symbol)}"


def samples(material: Material) -> Section | Missing:
    """Every warm run of every measured target and of the runtimes beside it, in the order taken."""
    tables = []
    for m in material.shown:
        if m.evidence == "measured":
            tables.append(_samples(f"Warm runs on {m.target}", m.total.samples))
            if m.cold is not None:
                tables.append(_samples(f"First runs on {m.target}", m.cold.samples))
            tables += [_samples(f"Warm runs of {b.name} on {m.target}", b.latency.samples) for b in m.baselines]
    simulated = _simulated([m for m in material.shown if m.evidence != "measured"])
    if simulated.rows:
        tables.append(simulated)
    if not tables:
        return Missing("Raw samples", "no target was measured")
    return Section("samples", "Raw samples", tuple(tables))


def _samples(title: str, values: tuple[float, ...]) -> Table:
    symbol, scale = unit_for(values, "s")
    places = max(2, decimals([min(values) / scale], 4))
    columns = [Column("run", number=True), *(Column(f"+{i}", symbol, number=True) for i in range(_ACROSS))]
    rows = []
    for start in range(0, len(values), _ACROSS):
        cells = [Cell(fixed(value / scale, places)) for value in values[start : start + _ACROSS]]
        cells += [Cell("")] * (_ACROSS - len(cells))
        rows.append(Row((Cell(str(start + 1)), *cells)))
    return table(title, columns, rows, kind="samples")


def _simulated(shown: list[Measurement]) -> Table:
    """Simulated targets repeat exactly: one row for each, a column for each input."""
    most = max((len(m.total.samples) for m in shown), default=0)
    symbol, scale = unit_for([value for m in shown for value in m.total.samples], "s")
    rows = []
    for m in shown:
        cells = [Cell(f"{value / scale:,.6g}") for value in m.total.samples]
        rows.append(Row((Cell(m.target), *cells, *([Cell("")] * (most - len(cells))))))
    columns = [Column("target"), *(Column(f"input {i + 1}", symbol, number=True) for i in range(most))]
    return table("Latency of each simulated input", columns, rows, kind="samples")


def rules(material: Material) -> Section | Missing:
    """The tree as text."""
    if material.guide.tree is None:
        return Missing("The tree as text", material.guide.reason)
    text = tree_text(material.guide)
    listing = Listing("Read from the top; a limit that is not set is not below anything", text)
    return Section("rules", "The tree as text", (listing,))

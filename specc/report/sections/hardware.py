"""The candidates compared: facts with their sources, and what each is best for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from specc.check.instruction_model import core_name
from specc.guide.candidates import DIMENSIONS, candidates
from specc.guide.profile import NAMES, Point, profiles
from specc.report.blocks import Block, Definitions, Heading, Section, Text
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.numbers import DASH, UNKNOWN, figure_text, significant, unit_text
from specc.report.parts import named
from specc.report.tables import Cell, Column, Row, Table, anchor, table
from specc.spec.hardware import Fact, Target


def hardware(material: Material) -> Section:
    """The candidates' facts, and when to take which."""
    blocks: list[Block] = [hardware_table(material.inputs)]
    if given := advice(material.inputs):
        entries = tuple((item.part, _advice_texts(item)) for item in given)
        blocks += [Heading("Best for, avoid when"), Definitions(entries)]
    return Section("hardware", "Hardware compared", tuple(blocks))


def _advice_texts(item: Advice) -> tuple[Text, ...]:
    texts = []
    if item.best_for:
        texts.append(Text(f"{'; '.join(item.best_for)}.", lead="Best for"))
    if item.avoid_when:
        texts.append(Text(f"{'; '.join(item.avoid_when)}.", lead="Avoid when"))
    nothing = "Not certain to be the best or the worst in any dimension, and no contract fails."
    return tuple(texts) or (Text(nothing),)


def hardware_table(inputs: ReportInputs) -> Table:
    """Facts of every target's hardware; the sources are numbered notes below."""
    notes: list[str] = []

    def cell(fact: Fact | None, unit: str) -> Cell:
        if fact is None:
            return Cell(UNKNOWN, muted=True)
        value = _written(fact.value.to(unit))
        if fact.low is not None and fact.high is not None:
            value = f"{_written(fact.low.to(unit))}{DASH}{_written(fact.high.to(unit))}"
        return Cell(value, notes=(_note(notes, f"{fact.source} ({fact.evidence})"),))

    def price(fact: Fact | None) -> Cell:
        own = _currency(fact)
        return replace(cell(fact, own), detail="" if own == common else own)

    currencies = {_currency(target.hardware.price) for target in inputs.spec.targets if target.hardware.price}
    common = "" if len(currencies) > 1 else next(iter(currencies), "USD")  # of several, each cell names its own
    rows = []
    for target in inputs.spec.targets:
        hardware = target.hardware
        rows.append(
            Row(
                (
                    Cell(hardware.title, ", ".join(filter(None, (hardware.vendor, target.name)))),
                    Cell(core_name(hardware)),
                    _clock(target, notes),
                    cell(hardware.sram, "KiB"),
                    cell(hardware.flash, "KiB"),
                    _wait_states(target, notes),
                    cell(hardware.active_power, "mW"),
                    price(hardware.price),
                ),
                anchor("hardware", target.name),
            )
        )
    columns = (
        Column("part"),
        Column("core"),
        Column("clock", "MHz", number=True),
        Column("SRAM", "KiB", number=True),
        Column("flash", "KiB", number=True),
        Column("flash wait", "cycles", number=True),
        Column("active power", "mW", number=True),
        Column("price", common, number=True),
    )
    return table("Hardware facts", columns, rows, notes, kind="hardware")


def _currency(price: Fact | None) -> str:
    """The currency that a price is stated in; nothing where none is stated."""
    return price.value.unit.symbol if price and price.value.unit else ""


def _written(value: float) -> str:
    """A fact with four digits at most and no trailing zeros: `120`, `40.84`, `2,048`."""
    text = significant(value, 4)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _note(notes: list[str], text: str) -> int:
    if text not in notes:
        notes.append(text)
    return notes.index(text) + 1


def _clock(target: Target, notes: list[str]) -> Cell:
    if target.clock_hz is None:
        return Cell(UNKNOWN, muted=True)
    text = _written(target.clock_hz / 1e6)
    if target.clock is not None or target.hardware.clock is None:
        return Cell(text, notes=(_note(notes, "clock as set in the spec"),))
    return Cell(text, notes=(_note(notes, f"{target.hardware.clock.source} ({target.hardware.clock.evidence})"),))


def _wait_states(target: Target, notes: list[str]) -> Cell:
    timing = target.hardware.flash_timing
    states = timing.states_at(target.clock_hz) if timing and target.clock_hz else None
    if timing is None or states is None:
        return Cell(UNKNOWN, muted=True)
    return Cell(str(states), f"per {timing.line_bytes} bytes", notes=(_note(notes, timing.source),))


@dataclass(frozen=True)
class Advice:
    """When to take a part and when not, as sentences."""

    part: str
    best_for: tuple[str, ...]
    avoid_when: tuple[str, ...]


def advice(inputs: ReportInputs) -> list[Advice]:
    """Best for and avoid when, from figures and verdicts; only what they show."""
    pool = candidates(inputs.spec, inputs.measurements)
    by_name = {candidate.name: candidate for candidate in pool}
    limited = {item.scope[0] if item.kind == "memory" else item.kind for b in inputs.spec.budgets for item in b.items}
    found = []
    for profile in profiles(pool, inputs.verdicts):
        best = [f"the lowest {_point(point)}" for point in profile.best_for]
        outcomes = [v.outcome for v in inputs.verdicts if v.target == profile.target]
        if limited and set(outcomes) == {"pass"}:
            best.insert(0, f"these contracts (it passes all {len(outcomes)})")
        avoid = [
            f"{verdict.label} must stay {'within' if verdict.relation == '<=' else 'below'} "
            f"{verdict.limit:,.10g}\u00a0{unit_text(verdict.unit)} (it fails)"
            for verdict in profile.failed
        ]
        for dimension in DIMENSIONS:
            bound = by_name[profile.target].bound(dimension)
            if dimension in profile.unknown and dimension in limited:
                figure = by_name[profile.target].figures[dimension]
                why = "nothing bounds it from above" if figure.value is not None else "it is unknown"
                avoid.append(f"{NAMES[dimension]} must be certain ({why})")
            elif bound is not None and any(p.dimension == dimension for p in profile.worst_for):
                avoid.append(f"{NAMES[dimension]} counts (the highest of all candidates with a figure)")
        found.append(Advice(named(inputs.spec.target(profile.target)), tuple(best), tuple(avoid)))
    return found


def _point(point: Point) -> str:
    return f"{NAMES[point.dimension]} of the {point.known} candidates with a figure: {figure_text(point.figure)}"

"""The candidates compared: facts with their sources, and what each is best for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from specc.check.instruction_model import core_name
from specc.guide.candidates import DIMENSIONS
from specc.guide.profile import NAMES, Point, profiles
from specc.report.blocks import Section, present
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.numbers import DASH, UNKNOWN, figure_text, significant, unit_text
from specc.report.parts import named
from specc.report.tables import Cell, Column, Row, Table, anchor, table
from specc.spec.hardware import Fact, Target


def hardware(material: Material) -> Section:
    """The candidates' facts, and when to take which."""
    given = advice(material)
    return Section("hardware", "Hardware compared", present(hardware_table(material.inputs), _advice_table(given)))


def _advice_table(given: list[Advice]) -> Table | None:
    if not given:
        return None
    nothing = Cell("\u2014", muted=True)
    rows = []
    for item in given:
        cells = [Cell("; ".join(said)) if said else nothing for said in (item.best_for, item.avoid_when)]
        rows.append(Row((Cell(item.part), *cells)))
    columns = (Column("part"), Column("best for"), Column("avoid when"))
    notes = ("A dash: certain to be the best, or the worst, in nothing; and no contract fails.",)
    return table("Best for, avoid when", columns, rows, notes, kind="advice")


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
                    Cell(hardware.title.partition(",")[0], ", ".join(filter(None, (hardware.vendor, target.name)))),
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


def advice(material: Material) -> list[Advice]:
    """Best for and avoid when, from figures and verdicts; only what they show. The best candidate comes first."""
    inputs = material.inputs
    pool = material.measured
    by_name = {candidate.name: candidate for candidate in pool}
    limited = {item.scope[0] if item.kind == "memory" else item.kind for b in inputs.spec.budgets for item in b.items}
    found = []
    order = [standing.target for standing in material.choice.standings]
    for profile in sorted(profiles(pool, inputs.verdicts), key=lambda profile: order.index(profile.target)):
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

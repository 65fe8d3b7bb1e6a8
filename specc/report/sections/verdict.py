"""Page one: which hardware, on what grounds, in half a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specc.evidence import Figure
from specc.explain.sentences import Statement, statements
from specc.guide.candidates import NAMES, requirement
from specc.guide.choose import Choice, Standing
from specc.measure.verdict import Verdict
from specc.numerics.quantized import QuantizedNetwork
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.numbers import UNKNOWN, count, digits, figure_text, interval, percent, significant, unit_for
from specc.report.parts import built, chosen, named
from specc.report.tables import Cell, Column, Row, Table, anchor, table
from specc.spec import Spec
from specc.spec.hardware import Target

_ROOMY: Final = 7  # more candidates stand closer, so that all of them fit on page one


@dataclass(frozen=True)
class Summary:
    """What page one says."""

    headline: str
    grounds: tuple[str, ...]
    standings: Table
    facts: tuple[tuple[str, str], ...]
    statements: tuple[Statement, ...]


def summary(material: Material) -> Summary:
    """The verdict, its grounds, and how every target stands."""
    inputs, choice = material.inputs, material.choice
    leader = choice.chosen
    said = statements(inputs.measurements[leader.target], inputs.network)[:2] if leader else []
    return Summary(
        headline=_headline(material),
        grounds=(*_grounds(inputs, choice), *_promising(material)),
        standings=_standings(material),
        facts=_facts(inputs, choice),
        statements=tuple(said),
    )


def _headline(material: Material) -> str:
    choice, spec = material.choice, material.inputs.spec
    leader = choice.chosen
    if leader and leader.status == "pass":
        return f"Choose {spec.target(leader.target).hardware.part}."
    if leader:
        return f"No candidate is proven; {spec.target(leader.target).hardware.title} comes nearest."
    unweighed = [named(spec.target(standing.target)) for standing in choice.standings if standing.status == "unweighed"]
    if unweighed:
        verb = "passes its contracts, but its" if len(unweighed) == 1 else "pass their contracts, but their"
        return f"No choice: {', '.join(unweighed)} {verb} {choice.deciding} is unknown."
    if any(standing.status == "no contract" for standing in choice.standings):
        return "Nothing to decide: the spec sets no budget for the measured targets."
    if any(standing.status == "fail" for standing in choice.standings):
        return "No candidate meets the contracts."
    return "No verdict: no target was measured."


def _grounds(inputs: ReportInputs, choice: Choice) -> list[str]:
    leader, target = choice.chosen, inputs.spec.target
    if leader is None:
        unweighed = [
            f"{named(target(standing.target))} passes its {standing.judged} contracts, but the preference begins "
            f"with {choice.deciding}, and that is unknown."
            for standing in choice.standings
            if standing.status == "unweighed"
        ]
        failed = {
            standing.target: [v for v in _of(inputs, standing.target) if v.outcome == "fail"]
            for standing in choice.standings
            if standing.status == "fail"
        }
        return unweighed + [f"{named(target(name))} fails {_names(lines)}." for name, lines in failed.items()]
    measurement = inputs.measurements[leader.target]
    found: list[str] = []
    subject = f"As {chosen(target(leader.target))} it"
    if leader.status == "pass":
        found.append(f"{subject} passes all {leader.judged} contracts{_among(inputs.spec, choice)}.")
    else:
        open_lines = [v for v in _of(inputs, leader.target) if v.outcome == "undecided"]
        by_reason: dict[str, list[Verdict]] = {}
        for verdict in open_lines:
            by_reason.setdefault(verdict.reason, []).append(verdict)
        found.append(f"{subject} passes {leader.passed} of {leader.judged} contracts and fails none.")
        found += [f"Undecided: {_names(lines)}; {reason}." for reason, lines in by_reason.items()]
    if leader.tightest and leader.tightest.margin is not None:
        left = percent(leader.tightest.margin)
        decided = "" if leader.status == "pass" else " of those decided"
        found.append(f"Its tightest contract{decided} is {leader.tightest.label}, with {left} of the limit left.")
    time, energy = measurement.total.best, measurement.energy
    found.append(
        f"An inference takes {figure_text(time)}, {time.evidence}; "
        + (
            f"it needs {figure_text(energy)} of energy, {energy.evidence}."
            if energy.value is not None
            else f"its energy is unknown: {energy.basis}."
        )
    )
    unbound = _unbound(inputs, leader.target)
    if unbound:
        found.append(f"No budget limits its {', '.join(unbound)}, though other targets have such a limit.")
    return found


def _promising(material: Material) -> list[str]:
    """Targets without a passing verdict here that would meet every limit by what others published of them."""
    limits = requirement(material.inputs.spec)
    passed = {standing.target for standing in material.choice.standings if standing.status == "pass"}
    return [
        "By published results, which decide no contract here, "
        f"{candidate.titled.replace(' (published, ', ' (')} would meet the limits: "
        + ", ".join(f"{NAMES[dimension]} {figure_text(candidate.figures[dimension])}" for dimension in limits)
        + "."
        for candidate in material.published
        if limits and candidate.target not in passed and candidate.meets(limits)
    ]


def _among(spec: Spec, choice: Choice) -> str:
    rivals = [s for s in choice.standings if s.status == "pass"]
    unweighed = [named(spec.target(s.target)) for s in choice.standings if s.status == "unweighed"]
    aside = f" ({', '.join(unweighed)} set aside: {choice.deciding} unknown)" if unweighed else ""
    if len(rivals) == 1:
        return f", as the only candidate{aside}"
    wish = ", then ".join(choice.preference)
    return f"; of the {len(rivals)} that do, it is best by the preference {wish}{aside}"


def _of(inputs: ReportInputs, target: str) -> list[Verdict]:
    return [verdict for verdict in inputs.verdicts if verdict.target == target]


def _names(verdicts: list[Verdict]) -> str:
    return ", ".join(verdict.label for verdict in verdicts)


def _unbound(inputs: ReportInputs, target: str) -> list[str]:
    own = {item.kind for item in inputs.spec.budget_items(target)}
    every = [item.kind for budget in inputs.spec.budgets for item in budget.items]
    return [kind for kind in dict.fromkeys(every) if kind not in own]


def _standings(material: Material) -> Table:
    inputs, choice = material.inputs, material.choice
    figures = {candidate.target: candidate.figures for candidate in material.estimated}
    figures |= {name: {"latency": m.total.best, "energy": m.energy} for name, m in inputs.measurements.items()}
    time, time_scale = unit_for([one["latency"].value for one in figures.values() if one["latency"].value], "s")
    energy, energy_scale = unit_for([one["energy"].value for one in figures.values() if one["energy"].value], "J")
    rows = []
    for standing in choice.standings:
        known = figures.get(standing.target)
        rows.append(
            Row(
                (
                    _part(inputs.spec.target(standing.target)),
                    _outcome(standing, choice.deciding),
                    _figure(known["latency"] if known else None, time_scale),
                    _figure(known["energy"] if known else None, energy_scale),
                    _margin(standing),
                    Cell(known["latency"].evidence if known else UNKNOWN, muted=known is None),
                ),
                anchor("standing", standing.target),
            )
        )
    columns = (
        Column("part"),
        Column("contracts"),
        Column("median latency", time, number=True, flush=True),
        Column("energy", energy, number=True, flush=True),
        Column("tightest margin", number=True),
        Column("evidence"),
    )
    crowded = " crowded" if len(rows) > _ROOMY else ""
    return table("All candidates, best first", columns, rows, kind=f"standings{crowded}")


def _part(target: Target) -> Cell:
    number = target.hardware.title.partition(",")[0]  # what a title adds to the part number stands among the facts
    return Cell(number, ": ".join(filter(None, (target.name, built(target)))))


def _outcome(standing: Standing, deciding: str) -> Cell:
    if standing.status == "not measured" and not standing.failed:
        return Cell("not measured", muted=True)
    if standing.status == "no contract":
        return Cell("no contract", muted=True)
    parts = [
        f"{number} {word}"
        for number, word in ((standing.passed, "pass"), (standing.undecided, "undecided"), (standing.failed, "fail"))
        if number
    ]
    if standing.status == "unweighed":
        return Cell("passes", f"{parts[0]}, but {deciding} unknown", outcome="pass")
    if standing.status == "pass":
        return Cell("all pass", parts[0], outcome="pass")
    if standing.failed:
        return Cell("fails", ", ".join(parts), outcome="fail")
    return Cell("undecided", ", ".join(parts), outcome="undecided")


def _figure(figure: Figure | None, scale: float) -> Cell:
    if figure is None or figure.value is None:
        return Cell(UNKNOWN, muted=True)
    return Cell(significant(figure.value / scale, min(3, digits(figure))), interval(figure, scale, most=3))


def _margin(standing: Standing) -> Cell:
    if standing.tightest is None or standing.tightest.margin is None:
        return Cell("\u2014", muted=True)
    return Cell(percent(standing.tightest.margin), standing.tightest.label)


def _facts(inputs: ReportInputs, choice: Choice) -> tuple[tuple[str, str], ...]:
    network = inputs.network
    shape = "\u00d7".join(str(side) for side in network.input_shape)
    facts = [
        ("Network", f"{network.name}: input {shape}, {len(network.layers)} layers"),
        ("Work", f"{count(network.macs)} multiply-accumulates, {count(network.parameters)} parameters"),
        ("Preference", ", then ".join(choice.preference)),
        ("Candidates", f"{len(inputs.spec.targets)}, of which {len(inputs.measurements)} measured or simulated"),
    ]
    if inputs.quantized is not None:
        facts.insert(2, ("Arithmetic", _arithmetic(inputs.quantized)))
    guidelines = inputs.spec.guidelines
    if guidelines and guidelines.application:
        facts.insert(0, ("Application", guidelines.application))
    return tuple(facts)


def _arithmetic(network: QuantizedNetwork) -> str:
    weights = {numbers.weight_bits for numbers in network.numbers.values() if numbers.weights is not None}
    activations = {form.bits for form in network.formats.values()}
    return f"weights of {_bits(weights)}, activations of {_bits(activations)}"


def _bits(widths: set[int]) -> str:
    ordered = [str(width) for width in sorted(widths)]
    return f"{', '.join(ordered) or 'no'} bits"

"""A tuned table on the terminal: what changes and why, what is proven, what was confirmed."""

from __future__ import annotations

from typing import Final

from specc.precision.contract import Judgement, percent
from specc.report.numbers import percent as percent_of
from specc.report.terminal import OUTCOME_SIGNS, table
from specc.spec.model import QuantizationRow, QuantizationTable
from specc.tune.objective import Objective
from specc.tune.reasons import reasons
from specc.tune.result import OnFront, Tuned
from specc.tune.tuner import FRONT

_USUAL: Final = 32  # bits of an accumulator
_STUDIED: Final = "No kernel keeps sums of more than 32 bits: this table can be studied, and not yet be run."


def tuning_text(found: Tuned, original: QuantizationTable, objective: Objective, margin: float) -> str:
    """Rows before and after, the proof, the confirmation, and what is left."""
    parts = [_rows(found, original, objective)] if found.table is not None else []
    parts += [_obstacles(found)] if found.obstacles else []
    parts += [proof_text(found, objective.unit, margin)] if found.table is not None else []
    parts += [confirmation_text(found)] if found.confirmation else []
    parts += [_front(found.front, objective)] if found.front else []
    parts += [_STUDIED] if found.table and any(row.accumulator > _USUAL for row in found.table.rows) else []
    parts += [_left(found)] if found.beyond_repair or found.not_evaluated else []
    return "\n\n".join(parts)


def _rows(found: Tuned, original: QuantizationTable, objective: Objective) -> str:
    assert found.table is not None and found.cost is not None
    why = reasons(found, original)
    rows = []
    for row in found.table.rows:
        before = original.row(row.layer)
        rows.append((row.layer, row_text(before) if before else "", row_text(row), why.get(row.layer, "")))
    change = found.cost - found.cost_before
    share = f", {percent_of(change / found.cost_before)}" if found.cost_before and change else ""
    total = f"{objective.meaning}: {found.cost_before:,} → {found.cost:,} {objective.unit}{share}"
    residual = residual_text(found, objective.unit)
    return "\n".join([table(("row", "before", "after", "why"), rows), "", total, *([residual] if residual else [])])


def residual_text(found: Tuned, unit: str) -> str:
    """How far the whole is off the sum of its layers, or "" where the cost is not taken apart."""
    if found.by_layers is None or found.residual is None:
        return ""
    text = f"Both are measured in one piece. Its layers, measured in other tables, add up to {found.by_layers:,} "
    return f"{text}{unit}: the whole is {percent_of(found.residual)} off their sum."


def row_text(row: QuantizationRow) -> str:
    """The numbers of a row in words."""
    width = f"{row.bits} bits"
    if row.weights is not None and row.activations is not None:
        width = f"{row.weights}/{row.activations} bits"
    guard = f" + {row.guard} guard" if row.guard else ""
    grid = f", ±{row.range:.10g} by {row.step:g}" if row.range is not None else ""
    accumulator = f", {row.accumulator}-bit sums" if row.accumulator != _USUAL else ""
    return f"{width}{guard}{grid}{accumulator}"


def proof_text(found: Tuned, unit: str, margin: float) -> str:
    """What is proven, under which assumption, and how much was evaluated."""
    if found.not_evaluated:
        return "Steps are kept, so that the checker's proofs alone decide: no table with these steps is narrower."
    if found.proven:
        word = "Optimum by an assumption that does not hold everywhere" if found.contradictions else "Proven optimum"
        text = f"{word}: none of the {found.tables:,} tables with a margin of {percent(margin)} costs less"
    else:
        bound = f"{found.bound or 0:,} {unit}"
        gap = f", a gap of {percent((found.cost - found.bound) / found.cost)}" if found.bound and found.cost else ""
        text = f"Not proven: none of the {found.tables:,} tables costs less than {bound}{gap}"
        text += " (--evaluations asks for more)"
    text += " by the sum of its layers" if found.by_layers is not None else ""
    text += f", if precision never falls with more bits. {found.evaluated:,} tables were evaluated on "
    text += f"{_inputs(found)} each; "
    if found.contradictions:
        return text + f"{found.contradictions:,} pairs of them contradict that assumption: a cheaper table may exist."
    return text + "no two of them contradict that assumption."


def _inputs(found: Tuned) -> str:
    """What a table was evaluated on in the search."""
    parts = [f"{found.iterations:,} inputs"] if found.iterations else []
    parts += [f"{own.searched:,} inputs of `{own.name}` for accuracy" for own in found.divisions]
    return " and ".join(parts)


def confirmation_text(found: Tuned) -> str:
    """What inputs drawn anew or held out say, a line each."""
    if not found.confirmation:
        return ""
    bad = [own for own in found.confirmation if own.outcome != "pass"]
    parts = [f"{found.confirmed_on:,} inputs drawn anew"] if found.confirmed_on else []
    parts += [f"{own.held_out:,} inputs of `{own.name}` held out for accuracy" for own in found.divisions]
    where = " and ".join(parts)
    lines = [f"On {where}:"] if bad else [f"Confirmed on {where}: every limit holds."]
    lines += [f"  {OUTCOME_SIGNS[own.outcome]}: {own.statistic} of {own.subject}: {own.reason}" for own in bad]
    lines += [_accuracy(own) for own in found.confirmation if own.statistic == "accuracy"]
    if found.rounds > 1:
        times = "once" if found.rounds == 2 else f"{found.rounds - 1} times"
        lines.append(f"Confirmation failed {times} before; what failed was tightened, and the search repeated.")
    return "\n".join(lines)


def _accuracy(own: Judgement) -> str:
    assert own.value is not None and own.low is not None and own.high is not None
    interval = f"{100 * own.value:.1f} % ({100 * own.low:.1f} to {100 * own.high:.1f})"
    return f"  accuracy on {own.subject}: {interval}, limit {own.relation} {100 * own.limit:g} %"


def _obstacles(found: Tuned) -> str:
    lines = ["No table keeps everything:"]
    for own in found.obstacles:
        lines += [f"  {own.statement}", f"    needed: {own.needed}"]
    return "\n".join(lines)


def cost_label(name: str, unit: str) -> str:
    """An objective over a column or along an axis."""
    return name if name == unit else f"{name}, {unit}"


def _front(front: tuple[OnFront, ...], objective: Objective) -> str:
    rows = [
        (
            f"{own.factor:g}",
            f"{own.load:.3g}",
            f"{own.cost:,}",
            "optimum" if own.bound is not None and own.cost <= own.bound else f">= {own.bound or 0:,}",
            ", ".join(f"{name} {bits}" for name, bits in own.widths.items()),
        )
        for own in front
    ]
    cost = cost_label(objective.name, objective.unit)
    header = ("limits ×", "largest load", cost, "proven", "bits with guard bits")
    text = table(header, rows, right=(0, 1, 2))
    missing = [f"{factor:g}" for factor in FRONT if factor not in {own.factor for own in front}]
    return text + (f"\n\nNo table was found for {', '.join(missing)} times the limits." if missing else "")


def _left(found: Tuned) -> str:
    lines = []
    if found.not_evaluated:
        lines.append(f"Precision was not evaluated: {found.not_evaluated}.")
    if found.beyond_repair:
        lines.append("What no width repairs (`specc check` says more):")
        lines += [f"  {own.code}: {own.message}" for own in found.beyond_repair]
    return "\n".join(lines)

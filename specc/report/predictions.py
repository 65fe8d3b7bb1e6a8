"""Estimates for hardware that is not at hand, as text and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from specc.evidence import Figure
from specc.predict.estimates import Estimate, Question, estimates
from specc.predict.predictor import Predictor
from specc.predict.results import DERIVED
from specc.predict.score import Score, score
from specc.report.numbers import DASH, quantity, significant, unit_for
from specc.report.terminal import table
from specc.spec.hardware import Target

FORMAT_VERSION: Final = 1


@dataclass(frozen=True)
class Rated:
    """An estimate and its score; a refused one has none."""

    estimate: Estimate
    score: Score | None


def rated(
    question: Question, targets: Sequence[Target], predictor: Predictor, limits: Mapping[str, float]
) -> list[Rated]:
    """Every estimate for some targets, the best score first, refused ones last; equal ones by name."""
    found = [
        Rated(one, None if one.refusal else score(one.target.hardware, one.figures, limits))
        for target in targets
        for one in estimates(question, target, predictor)
    ]
    # A refusal is of interest only where there is nothing else to say.
    known = {one.estimate.target.name for one in found if one.score}
    found = [one for one in found if one.score or one.estimate.target.name not in known]
    return sorted(found, key=lambda one: (-(one.score.points if one.score else -1), one.estimate.target.name))


def best_of_each(found: Sequence[Rated]) -> list[Rated]:
    """One estimate of each target: its best published result, else its prediction."""
    best: dict[str, Rated] = {}
    for one in found:
        held = best.setdefault(one.estimate.target.name, one)
        if held.estimate.evidence == "predicted" and one.estimate.evidence == "published":
            best[one.estimate.target.name] = one
    return [one for one in found if best[one.estimate.target.name] is one]


def predictions_text(found: Sequence[Rated], question: Question, *, why: bool) -> str:
    """A table, the best first, then what could not be predicted and why."""
    header = ("hardware", "evidence", "software", "latency", "95 %", "energy", "95 %", "memory", "score")
    shown = [one for one in found if one.score]
    rows = [_row(one) for one in shown]
    blocks = [table(header, rows, right=(3, 5, 8))] if rows else []
    if why:
        blocks += [_why(one) for one in shown]
    elif shown:
        blocks.append("`--targets NAME` shows every published result of one; `--why` what each score deducts.")
    reasons: dict[str, list[str]] = {}
    for one in found:
        if one.estimate.refusal:
            reasons.setdefault(one.estimate.refusal, []).append(one.estimate.target.name)
    if reasons:
        lines = [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
        blocks.append("\n".join(["not predicted:", *(f"  {line}" for line in lines)]))
    if shown:
        whose = question.software or f"any software with {question.kernels} kernels"
        blocks.append(
            f"Predicted for {whose}, from published results ({DERIVED}). A score is 100 less deductions: "
            "docs/predictor.md."
        )
    return "\n\n".join(blocks)


def predictions_json(found: Sequence[Rated], question: Question) -> dict[str, Any]:
    """Plain data for `--json`."""
    return {
        "format_version": FORMAT_VERSION,
        "model": question.network.name,
        "kernels": question.kernels,
        "software": question.software or None,
        "note": DERIVED,
        "estimates": [
            {
                "hardware": one.estimate.target.name,
                "evidence": one.estimate.evidence,
                "software": one.estimate.software,
                "memory": _fit(one.estimate),
                "refusal": one.estimate.refusal or None,
                "latency_80": list(one.estimate.likely) if one.estimate.likely else None,
                "figures": {name: figure.model_dump(mode="json") for name, figure in one.estimate.figures.items()},
                "score": one.score.points if one.score else None,
                "deductions": [
                    {"points": round(deduction.points, 2), "reason": deduction.reason}
                    for deduction in (one.score.deductions if one.score else ())
                ],
            }
            for one in found
        ],
    }


def _row(one: Rated) -> tuple[str, ...]:
    assert one.score is not None
    latency, energy = one.estimate.figures["latency"], one.estimate.figures["energy"]
    return (
        one.estimate.target.name,
        one.estimate.evidence,
        one.estimate.software,
        _value(latency),
        _ends(latency),
        _value(energy),
        _ends(energy),
        _fit(one.estimate),
        str(one.score.points),
    )


def _fit(estimate: Estimate) -> str:
    """Whether the network's own needs leave room for the rest: code, stack and buffers come on top."""
    hardware = estimate.target.hardware
    words = []
    for dimension, fact in (("sram", hardware.sram), ("flash", hardware.flash or hardware.external_flash)):
        need = estimate.figures[dimension].low
        if fact is None or need is None:
            words.append("unknown")
        else:
            words.append("too small" if need > float(fact.value.base) else "fits")
    return next((word for word in ("too small", "unknown") if word in words), "fits")


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "unknown"
    if figure.evidence == "published":
        return quantity(figure.value, figure.unit)
    return ("≈ " if figure.high is None else "") + quantity(figure.value, figure.unit, 2)


def _ends(figure: Figure) -> str:
    if figure.low is None or figure.high is None or figure.low == figure.high or figure.value is None:
        return ""
    symbol, scale = unit_for([figure.value], figure.unit)
    return f"{significant(figure.low / scale, 2)}{DASH}{significant(figure.high / scale, 2)} {symbol}"


def _why(one: Rated) -> str:
    assert one.score is not None
    estimate = one.estimate
    lines = [f"{estimate.target.name}, {estimate.evidence}, {estimate.software}: {one.score.points} of 100"]
    lines += [f"  −{_points(deduction.points)}  {deduction.reason}" for deduction in one.score.deductions]
    return "\n".join(lines)


def _points(points: float) -> str:
    return f"{points:.1f}".removesuffix(".0")

"""Latency against energy."""

from __future__ import annotations

from specc.report.blocks import Missing, Section
from specc.report.figures.tradeoff import Point, latency_energy
from specc.report.material import Material


def tradeoff(material: Material) -> Section | Missing:
    """The candidates that no other beats in both."""
    drawn = latency_energy(points(material))
    if drawn is None:
        return Missing("Latency against energy", "fewer than two targets have a known energy")
    return Section("tradeoff", "Latency against energy", (drawn,))


def points(material: Material) -> list[Point]:
    """Usual latency and energy of every candidate; beside one that was measured, what others published of its part."""
    found = [Point(m.target, m.evidence, m.total.best, m.energy) for m in material.shown]
    estimated = {candidate.name: candidate for candidate in (*material.estimated, *material.published)}
    return found + [
        Point(one.target, one.evidence, one.figures["latency"], one.figures["energy"]) for one in estimated.values()
    ]

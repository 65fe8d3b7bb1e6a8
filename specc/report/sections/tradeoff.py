"""Latency against energy."""

from __future__ import annotations

from specc.report.blocks import Missing, Section
from specc.report.figures.tradeoff import latency_energy
from specc.report.material import Material


def tradeoff(material: Material) -> Section | Missing:
    """The candidates that no other beats in both."""
    drawn = latency_energy(material.shown)
    if drawn is None:
        return Missing("Latency against energy", "fewer than two targets have a known energy")
    return Section("tradeoff", "Latency against energy", (drawn,))

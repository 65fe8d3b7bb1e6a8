"""The candidates side by side."""

from __future__ import annotations

from specc.report.blocks import Missing, Section, present
from specc.report.figures.comparison import limits_used, radar
from specc.report.material import Material


def comparison(material: Material) -> Section | Missing:
    """How much of every limit is used, and each candidate against the best in each dimension."""
    blocks = present(limits_used(material.inputs.verdicts), radar(material.telling_first))
    if not blocks:
        return Missing("Candidates side by side", "no contract has a figure, and fewer than two candidates compare")
    return Section("comparison", "Candidates side by side", blocks)

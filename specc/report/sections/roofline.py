"""What each target could do at best, and how close its layers come."""

from __future__ import annotations

from specc.report.blocks import Missing, Section
from specc.report.figures.roofline import rooflines
from specc.report.material import Material


def roofline(material: Material) -> Section | Missing:
    """Rooflines of the targets whose peaks are stored, best first."""
    found = {one.measurement.target: one for one in material.inputs.rooflines}
    drawn = rooflines([found[one.target] for one in material.ranked if one.target in found])
    if drawn is None:
        return Missing("Roofline", "`specc roofline` has measured no peaks of these targets")
    return Section("roofline", "Roofline", (drawn,))

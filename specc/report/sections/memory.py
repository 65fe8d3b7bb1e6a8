"""What fills flash and SRAM, and which activation when."""

from __future__ import annotations

from specc.report.blocks import Missing, Section, present
from specc.report.figures.memory import memory_map
from specc.report.figures.tensors import tensor_maps
from specc.report.material import Material
from specc.report.sections.layers import memory_table


def memory(material: Material) -> Section | Missing:
    """Regions against the budgets."""
    drawn = memory_map(material.inputs)
    if drawn is None:
        return Missing("Memory", "no target says what fills its memory")
    return Section("memory", "Memory", present(drawn, memory_table(material.inputs)))


def activations(material: Material) -> Section | None:
    """Which activation lies where, while an inference runs; None where there is none to draw."""
    drawn = tensor_maps(material.inputs)
    return Section("activations", "Activations over time", drawn) if drawn else None

"""Why an inference takes what it takes: time and cycles by cause, operator and layer, on the best target that tells."""

from __future__ import annotations

from specc.report.blocks import Missing, Section, present
from specc.report.figures.hierarchy import flame_graph, sunburst
from specc.report.figures.timeline import utilisation
from specc.report.figures.work import counter_map, flash_waits, work_and_time
from specc.report.material import Material


def attribution(material: Material) -> Section | Missing:
    """Figures of the best target with counters that tell causes apart; the map of counters for each kind of target."""
    network = material.inputs.network
    if not material.telling:
        return Missing("Attribution", "no target has counters that tell the causes of its cycles apart")
    best = material.telling[0]
    others = [m for m in material.ranked if m not in material.telling]
    blocks = present(
        utilisation(best, network),
        sunburst(best, network),
        flame_graph(best, network),
        work_and_time(network, best),
        counter_map(network, best),
        *(counter_map(network, m) for m in others),
        flash_waits(material.telling),
    )
    return Section("attribution", "Attribution", blocks)

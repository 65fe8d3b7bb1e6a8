"""The dashboard: one HTML file that works without a network, with the results inside as JSON.

Its script builds everything with `textContent` and never parses a text as HTML. The page allows itself exactly that
script and that style sheet, by their hashes, and nothing from outside.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from typing import Any, Final

from specc import __version__
from specc.check.instruction_model import core_name
from specc.evidence import Figure
from specc.explain.attribution import CAUSES, COUNTERS, attribute
from specc.explain.sentences import statements
from specc.guide.candidates import DIMENSIONS, NAMES, Candidate, ranked
from specc.guide.choose import Standing
from specc.measure.result import LayerResult, Measurement
from specc.report import fonts
from specc.report.figures.looks import CAUSE_LOOK, ink_on
from specc.report.inputs import ReportInputs
from specc.report.material import Material
from specc.report.numbers import figure_text, percent, relation_text, unit_text
from specc.report.pages import visible
from specc.report.sections.verdict import summary
from specc.resources import resource

FORMAT_VERSION: Final = 1
_REACH: Final = 4.0  # sliders reach this factor below the smallest and above the largest figure or limit
_FONT: Final = "FONT-OF-THE-DOCUMENTS"  # stands in the style sheet where the typeface goes


def files(material: Material, stem: str) -> dict[str, bytes]:
    """`-dashboard.html`."""
    return {"-dashboard.html": render(content(material)).encode()}


def render(data: dict[str, Any]) -> str:
    """The page with some data inside."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment
    from markupsafe import Markup

    folder = resource("templates", "document")
    script = (folder / "dashboard.js").read_text(encoding="utf-8")
    text = embedded_json(data)
    latin = "".join(map(chr, range(0x20, 0x180)))
    faces = fonts.embedded(fonts.TEXT, latin + script + json.dumps(data, ensure_ascii=False))
    style = (folder / "dashboard.css").read_text(encoding="utf-8").replace(_FONT, faces)
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, finalize=visible
    )
    return environment.get_template("dashboard.html").render(
        title=data["title"],
        headline=data["headline"],
        version=__version__,
        data=Markup(text),
        script=Markup(script),
        style=Markup(style),
        script_hash=_hash(script),
        style_hash=_hash(style),
    )


def embedded_json(data: Any) -> str:
    """JSON that may stand inside a `script` element: no character of it can end the element or begin a comment."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))  # ASCII: other characters are escaped already
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def content(material: Material) -> dict[str, Any]:
    """What the dashboard shows: candidates with figures, verdicts, layers, causes and counters. Texts made visible."""
    inputs = material.inputs
    pool = {candidate.target: candidate for candidate in material.pool}
    data = {
        "format_version": FORMAT_VERSION,
        "title": inputs.network.name,
        "source": inputs.source_name,
        "headline": summary(material).headline,
        "preference": list(material.choice.preference),
        "ranking": [candidate.target for candidate in ranked(material.pool, material.choice.preference)],
        "dimensions": [_dimension(name, material) for name in DIMENSIONS],
        "causes": [_cause(cause) for cause in CAUSES],
        "counters_of_causes": [
            {"cause": cause, "counters": [name.replace("_", " ") for name in names]}
            for cause, names in COUNTERS.items()
        ],
        "targets": [_target(s, inputs, pool.get(s.target)) for s in material.choice.standings],
    }
    return dict(_visible(data))


def _cause(name: str) -> dict[str, Any]:
    colour, hatch = CAUSE_LOOK[name]
    return {"name": name, "colour": colour, "hatched": bool(hatch), "dark": ink_on(colour) == "white"}


def _visible(data: Any) -> Any:
    """The same data with invisible characters of its texts spelled out."""
    if isinstance(data, dict):
        return {visible(key): _visible(value) for key, value in data.items()}
    return [_visible(value) for value in data] if isinstance(data, list | tuple) else visible(data)


def _dimension(name: str, material: Material) -> dict[str, Any]:
    """A dimension, its range and this application's limit in base units; no range where no candidate has a figure."""
    pool = material.pool
    limit = material.guide.requirement.get(name)
    ends = [e for c in pool for e in (c.figures[name].low, c.figures[name].value, c.figures[name].high) if e]
    known = any(candidate.figures[name].value for candidate in pool)
    ends += [limit] if limit else []
    return {
        "id": name,
        "name": NAMES[name],
        "unit": DIMENSIONS[name],
        "range": [min(ends) / _REACH, max(ends) * _REACH] if known else None,
        "limit": limit,
    }


def _target(standing: Standing, inputs: ReportInputs, candidate: Candidate | None) -> dict[str, Any]:
    target = inputs.spec.target(standing.target)
    measurement = inputs.measurements.get(standing.target)
    return {
        "name": target.name,
        "title": target.hardware.part,
        "core": core_name(target.hardware),
        "clock": target.clock_hz,
        "evidence": measurement.evidence if measurement else candidate.evidence if candidate else "unknown",
        "status": standing.status,
        "standing": [standing.passed, standing.undecided, standing.failed],
        "figures": {name: _figure(figure) for name, figure in (candidate.figures if candidate else {}).items()},
        "verdicts": [
            {
                "label": v.label,
                "outcome": v.outcome,
                "limit": f"{relation_text(v.relation)} {v.limit:,.10g} {unit_text(v.unit)}",
                "figure": figure_text(v.figure),
                "margin": None if v.margin is None else percent(v.margin),
                "evidence": v.figure.evidence,
                "reason": v.reason,
            }
            for v in inputs.verdicts
            if v.target == target.name
        ],
        "missing": "" if measurement else inputs.failures.get(target.name, "no backend can reach it"),
        **(_measured(measurement, inputs) if measurement else {"statements": [], "layers": [], "notes": []}),
    }


def _measured(measurement: Measurement, inputs: ReportInputs) -> dict[str, Any]:
    kinds = {layer.name: (layer.kind, layer.macs) for layer in inputs.network.layers}
    return {
        "statements": [{"text": s.text, "layer": s.layer} for s in statements(measurement, inputs.network)],
        "layers": [_layer(layer, *kinds[layer.name]) for layer in measurement.layers],
        "counters": _counters(measurement.counters),
        "notes": list(measurement.notes),
        "latency": figure_text(measurement.total.best),
        "baselines": [
            {"name": f"{b.name} {b.version}", "figure": _figure(b.latency.best)} for b in measurement.baselines
        ],
    }


def _layer(result: LayerResult, kind: str, macs: int) -> dict[str, Any]:
    parts = attribute(result.counters)
    return {
        "name": result.name,
        "kind": kind,
        "macs": macs,
        "seconds": result.latency.best.value,
        "causes": {part.cause: part.cycles for part in parts.parts} if parts else None,
        "counters": _counters(result.counters),
    }


def _counters(counters: dict[str, Figure]) -> list[dict[str, Any]]:
    return [{"name": name.replace("_", " "), **_figure(figure)} for name, figure in counters.items()]


def _figure(figure: Figure) -> dict[str, Any]:
    def finite(value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None

    return {
        "value": finite(figure.value),
        "low": finite(figure.low),
        "high": finite(figure.high),
        "unit": figure.unit,
        "evidence": figure.evidence,
        "basis": figure.basis,
    }

"""What is said of a measurement as plain data: cycles and energy by cause, levels of metrics, sentences."""

from __future__ import annotations

from typing import Any

from specc.evidence import Figure
from specc.explain.attribution import Attribution, attribute, unseen
from specc.explain.energy import EnergyAttribution, inference_energy, layer_energy
from specc.explain.levels import level_of, metrics
from specc.explain.roofline import bound
from specc.explain.sentences import statements
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.spec.hardware import Target


def explanation_json(measurement: Measurement, target: Target, network: Network) -> dict[str, Any]:
    """Everything that is said of one target. What nothing tells is null."""
    whole = _split(measurement.counters, inference_energy(measurement))
    return {
        "inference": whole,
        "layers": {
            layer.name: _split(layer.counters, layer_energy(layer, measurement.idle_power))
            for layer in measurement.layers
        },
        "unseen": list(unseen(measurement)),
        "levels": [
            {"level": metric.level, "name": metric.name, "figure": metric.figure.model_dump(mode="json")}
            for metric in metrics(measurement, target, network)
        ],
        "statements": [
            {
                "text": said.text,
                "layer": said.layer,
                "counters": list(said.counters),
                "levels": sorted({level_of(name) for name in said.counters}),
            }
            for said in statements(measurement, network)
        ],
    }


def _split(counters: dict[str, Figure], energy: EnergyAttribution | None) -> dict[str, Any]:
    """What bounds the work, and where its cycles and its energy go."""
    found = bound(counters)
    return {
        "bound": {"by": found.kind, "share": found.share, "second": found.second, "margin": found.margin}
        if found
        else None,
        "cycles": _cycles(attribute(counters)),
        "energy": _energy(energy),
    }


def _cycles(found: Attribution | None) -> dict[str, Any] | None:
    if found is None:
        return None
    parts = [{"cause": part.cause, "value": part.cycles, "counters": list(part.counters)} for part in found.parts]
    return {"whole": found.whole, "unit": "cycles", "parts": parts}


def _energy(found: EnergyAttribution | None) -> dict[str, Any] | None:
    if found is None:
        return None
    parts = [
        {"cause": part.cause, "value": part.joules, "evidence": part.evidence, "counters": list(part.counters)}
        for part in found.parts
    ]
    return {"whole": found.whole, "unit": "J", "basis": found.basis, "parts": parts}

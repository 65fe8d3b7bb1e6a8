"""Verdicts in the formats of other programs: at the budget lines they judge."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any, cast

import pytest

from specc.check import check_source
from specc.diagnostics.render import render
from specc.diagnostics.render_junit import render as render_junit
from specc.evidence import Figure
from specc.measure.findings import findings, statement, suite
from specc.measure.runner import RunReport
from specc.measure.verdict import Outcome, Verdict
from specc.measure.verify import Verified
from specc.numerics.quantized import QuantizedNetwork
from specc.source import SourceFile

TEXT = """hwspec 1
model m {
  input frame 8x8x4
  dense d1 { units 4 }
  weights seed 1
}
target a { use stm32f407 }
target b { use stm32l4r5 }
waive W0101 "the customer writes KB"
budget all {
  latency total <= 10 ms
  memory  sram  <= 16 KB
}
budget b { latency total <= 5 ms }
"""


def verdict(target: str, label: str, limit: str, outcome: Outcome, figure: Figure | None = None) -> Verdict:
    number, _, unit = limit.partition(" ")
    return Verdict(
        target=target,
        label=label,
        relation="<=",
        limit=float(number),
        unit=unit,
        figure=figure or Figure(value=12.0, low=11.5, high=12.5, unit=unit, evidence="simulated", basis="test"),
        outcome=outcome,
        margin=None,
        reason=f"because {outcome}",
    )


@pytest.fixture
def verified() -> Verified:
    checked = check_source(SourceFile("a.hwspec", TEXT))
    assert checked.spec is not None and checked.network is not None and checked.diagnostics == ()
    verdicts = [
        verdict("a", "output bit-exact", "0 differing outputs", "fail"),
        verdict("a", "latency total", "10 ms", "fail"),
        verdict("a", "memory sram", "16 KiB", "pass"),
        verdict("b", "latency total", "10 ms", "pass"),
        verdict("b", "latency total", "5 ms", "undecided", Figure.unknown("ms", "the log is missing")),
    ]
    return Verified(
        spec=checked.spec,
        network=checked.network,
        quantized=cast(QuantizedNetwork, None),
        run=RunReport(failures={"b": "the port is gone; see build/b.log"}),
        measurements={},
        verdicts=verdicts,
        diagnostics=checked.diagnostics,
        waived=checked.waived,
    )


def places(verified: Verified) -> list[tuple[str, str]]:
    return [
        (d.code, d.primary.span.source.line(d.primary.span.line).strip())
        for d in findings(verified, "a.hwspec").diagnostics
        if d.primary
    ]


def test_each_finding_stands_at_its_line(verified: Verified) -> None:
    assert places(verified) == [
        ("E6002", "target b { use stm32l4r5 }"),
        ("E6001", "target a { use stm32f407 }"),
        ("E6001", "latency total <= 10 ms"),
        ("W6003", "budget b { latency total <= 5 ms }"),
    ]


def test_what_a_finding_says(verified: Verified) -> None:
    found = findings(verified, "a.hwspec").diagnostics
    assert found[0].message == "`b` could not be measured: the port is gone; see build/b.log"
    assert found[2].message == ("latency total <= 10 ms on `a`: fail at 12 ms (11.5 to 12.5; simulated)")
    assert found[2].notes == ("because fail",)
    assert found[3].message == "latency total <= 5 ms on `b`: undecided, the figure is unknown"


def test_a_lower_bound() -> None:
    figure = Figure(value=3.0, low=2.5, high=None, unit="ms", evidence="predicted", basis="x")
    assert statement(verdict("a", "latency total", "5 ms", "undecided", figure)).endswith(
        "undecided at 3 ms (at least 2.5; predicted)"
    )


def test_junit_has_a_test_for_every_contract(verified: Verified) -> None:
    (element,) = ET.fromstring(render_junit([suite(verified, "a.hwspec")]))
    assert element.attrib == {"name": "a.hwspec", "tests": "6", "failures": "2", "errors": "1", "skipped": "1"}
    outcomes = [(case.get("name"), [child.tag for child in case]) for case in element]
    assert outcomes == [
        ("a: output bit-exact", ["failure"]),
        ("a: latency total", ["failure"]),
        ("a: memory sram", []),
        ("b: latency total", []),
        ("b: latency total", ["skipped"]),
        ("b: measured", ["error"]),
    ]


@pytest.mark.parametrize("form", ["sarif", "github"])
def test_other_formats(verified: Verified, form: str) -> None:
    text = render([findings(verified, "a.hwspec")], form)
    if form == "github":
        assert [line.split(" ")[0] for line in text.splitlines()] == ["::error", "::error", "::error", "::warning"]
    else:
        results: list[dict[str, Any]] = json.loads(text)["runs"][0]["results"]
        assert [result["ruleId"] for result in results] == ["E6002", "E6001", "E6001", "W6003", "W0101"]
        assert results[-1]["suppressions"][0]["justification"] == "the customer writes KB"

"""An output that differs, in the terminal, in the contract tables and in a target's profile."""

from __future__ import annotations

from dataclasses import replace

from invented_results import kws_inputs

from specc.measure.judge import OUTPUT_LABEL, judge
from specc.measure.result import OutputDifference
from specc.report.material import Material
from specc.report.sections.contracts import contract_table, contract_tables
from specc.report.sections.profiles import _facts
from specc.report.terminal import measurement_table, verdict_table

DIFFERENCE = OutputDifference(
    layer="conv0", input=1, element=(0, 2, 5), found=3, expected=4, differing=7, compared=90, cause="rounding: cut off"
)
TEXT = "conv0, input 1: 7 of 90 codes differ, the first is element 0,2,5: 3 instead of 4; cause: rounding: cut off"


def test_it_is_said_wherever_the_verdict_is() -> None:
    inputs = kws_inputs()
    name, right = next(iter(inputs.measurements.items()))
    wrong = right.model_copy(update={"output_matches_golden": False, "output_difference": DIFFERENCE})
    verdicts = judge(inputs.spec, {**inputs.measurements, name: wrong})
    assert f"{name}: {TEXT}" in measurement_table({name: wrong}, []).splitlines()
    printed = verdict_table(verdicts, colour=False)
    assert f"{name}, {OUTPUT_LABEL}: {TEXT}; no other figure of this target can be trusted" in printed
    own = contract_table(name, verdicts)
    assert own is not None
    notes = [row.detail for row in own.rows if row.detail.startswith(OUTPUT_LABEL)]
    assert notes == [f"{OUTPUT_LABEL}: {TEXT}; no other figure of this target can be trusted."]
    (every,) = contract_tables(Material(replace(inputs, verdicts=verdicts)))
    assert f"{OUTPUT_LABEL} of {name}: {TEXT}; no other figure of this target can be trusted." in every.notes
    facts = _facts(inputs.spec.target(name), wrong)
    assert [texts[0].text for title, texts in facts if title == "Difference"] == [TEXT]
    assert "Difference" not in dict(_facts(inputs.spec.target(name), right))

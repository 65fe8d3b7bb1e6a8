"""Every figure that the checker must prove on the reference sheet, all in one run."""

from pathlib import Path

import pytest

from specc.check import CheckResult, check
from specc.resources import resource


@pytest.fixture(scope="module")
def sheet() -> CheckResult:
    return check(resource("specs", "edge_cnn.hwspec"))


def finding(sheet: CheckResult, code: str, word: str) -> str:
    """Message and notes of the one finding of a code that mentions a word."""
    (found,) = [d for d in sheet.diagnostics if d.code == code and word in d.message]
    return "\n".join((found.message, *found.notes))


def test_the_sheet_is_read_and_its_findings_are_these(sheet: CheckResult) -> None:
    assert sheet.network is not None
    assert sorted(d.code for d in sheet.diagnostics) == sorted(
        [
            *("N2103", "E3101", "E3101", "W3102", "W3103", "W3111", "E4101", "E4102"),
            *("W4105", "W4108", "E5104", "W5105", "W5102"),
        ]
    )
    assert sheet.has_errors


@pytest.mark.parametrize(
    ("code", "word", "texts"),
    [
        ("E3101", "conv", ["641 codes", "256", "−1.28…1.27", "40 %", "10 bits", "0.0252", "±1.27", "is not enough"]),
        ("E3101", "mlp1", ["5,001 codes", "4,096", "2.047", "one guard bit (13 bits) is exactly the repair"]),
        ("W3102", "mlp2", ["6,667 codes", "13 bits", "3 surplus bits"]),
        ("W3103", "mlp2", ["0.0003", "±0.9999"]),
        ("W3111", "mlp2", ["37 accumulator bits", "overflow 32", "30 bits"]),
        (
            "E4101",
            "conv",
            ["147,456 MACs", "67,200 cycles", "73,728 cycles", "about 9,000 cycles", "19 bits, 29 when fused"],
        ),
        (
            "E4102",
            "sram",
            ["feasible only when the input streams", "16,384 B", "12,288 B", "35,344 B", "19,024 B", "4,176 B"],
        ),
        ("W4105", "m4", ["0.4 + 0.5 + 0.1 = 1 ms"]),
        ("W4108", "l1", ["1 MiB per core", "exists on no declared hardware"]),
        ("W5102", "fetch_stalls", ["Cortex-M4", "8-bit"]),
        ("E5104", "gradient", ["variance and drift"]),
        ("W5105", "drift", ["0.01 %", "10,000 iterations"]),
    ],
)
def test_its_figures(sheet: CheckResult, code: str, word: str, texts: list[str]) -> None:
    text = finding(sheet, code, word)
    for expected in texts:
        assert expected in text


def test_the_facts_hold_the_accumulators(sheet: CheckResult) -> None:
    statements = {
        fact.statement.split(":")[0]: fact.statement for fact in sheet.facts if fact.subject == "accumulators"
    }
    assert "need 19 accumulator bits at full codes; 29 when fused with gap" in statements["conv"]
    assert "need 28 accumulator bits" in statements["mlp1"]
    assert "need 37 accumulator bits at full codes, 30 clipped to the stated ranges" in statements["mlp2"]


@pytest.mark.parametrize("name", ["edge_cnn_repaired.hwspec", "kws.hwspec"])
def test_the_other_specs_are_clean(name: str) -> None:
    result = check(resource("specs", name))
    assert [f"{d.code} {d.message}" for d in result.diagnostics] == []
    assert result.network is not None
    assert result.facts


def test_a_missing_file_is_a_finding_and_not_a_traceback(tmp_path: Path) -> None:
    result = check(tmp_path / "nothing.hwspec")
    assert result.spec is None
    assert result.has_errors

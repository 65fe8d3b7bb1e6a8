"""Range, step and bits of the quantization table, against codes counted one by one."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.check.ranges import clipped_code
from specc.spec.model import QuantizationRow

ROW = "| head  | 8    | ±1.27 | 0.01 | 32          |"


def row(bits: int, limit: str, step: str) -> tuple[str, str]:
    return (ROW, f"| head | {bits} | ±{limit} | {step} | 32 |")


def test_the_clean_spec_is_clean(change):
    result = change()
    assert result.diagnostics == ()
    assert ("quantization", "`head`: ±1.27 at step 0.01 is 255 codes, 8 bits; the row has 8, 256 codes") in [
        (fact.subject, fact.statement) for fact in result.facts
    ]


def test_too_few_codes(change, only):
    found = only(change(row(8, "3.2", "0.01")), "E3101")
    assert found.severity == "error"
    assert found.message == "`head`: ±3.2 at step 0.01 is 641 codes; 8 bits hold 256, covering −1.28…1.27 (40 %)"
    assert found.primary.span.text == "±3.2"
    assert [label.span.text for label in found.secondary] == ["8", "0.01"]
    assert found.notes == (
        "repair: 10 bits, or step ≥ 0.0252, or range ±1.27",
        "one guard bit (9 bits, 512 codes) is not enough",
    )
    assert found.fix.edits[0][1] == "10"


def test_one_guard_bit_can_be_the_repair(change, only):
    found = only(change(row(12, "2.5", "0.001")), "E3101")
    assert "5,001 codes; 12 bits hold 4,096" in found.message
    assert "one guard bit (13 bits) is exactly the repair" in found.notes
    header = ("| layer | bits | range | step | accumulator |", "| layer | bits | range | step | accumulator | guard |")
    rule = ("| ----- | ---- | ----- | ---- | ----------- |", "| ----- | ---- | ----- | ---- | ----------- | - |")
    conv = ("| 32          |\n  | head", "| 32 | |\n  | head")
    assert change(header, rule, conv, (ROW, "| head | 12 | ±2.5 | 0.001 | 32 | 1 |")).diagnostics == ()


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ((8, "1.28", "0.01"), "8 bits hold 256, covering −1.28…1.27 (over 99 %)"),  # 256 of 257 are 99.6 %
        ((2, "10", "0.01"), "2 bits hold 4, covering −0.02…0.01 (under 1 %)"),  # 4 of 2,001
    ],
)
def test_what_is_covered_is_neither_all_nor_nothing(change, only, cells, text):
    assert only(change(row(*cells)), "E3101").message.endswith(text)


def test_one_bit_is_too_few_and_no_width_of_a_kernel(change):
    found = {diagnostic.code: diagnostic.message for diagnostic in change(row(1, "1.0", "0.5")).diagnostics}
    assert found.keys() == {"N1104", "E3101"}
    assert found["E3101"].endswith("1 bit holds 2, covering −0.5…0 (40 %)")


def test_surplus_bits(change, only):
    found = only(change(row(10, "1.27", "0.01")), "W3102")
    assert found.severity == "warning"
    assert "1 surplus bit" in only(change(row(9, "1.27", "0.01")), "W3102").message
    assert "255 codes, which need 8 bits: 2 surplus bits" in found.message
    assert found.fix.edits[0][1] == "8"
    assert found.notes == ("repair: 8 bits, or a step down to 0.00249",)  # 1.27 / 511 = 0.002485…


@pytest.mark.parametrize(
    ("cells", "nearest"),
    [((13, "1.0", "0.0003"), "0.9999"), ((3, "1.0", "0.3"), "0.9"), ((2, "1", "0.6"), "1.2")],
)
def test_a_range_off_the_grid(change, only, cells, nearest):
    found = only(change(row(*cells)), "W3103")
    assert f"is not a multiple of {cells[2]}; the nearest value on the grid is ±{nearest}" in found.message
    assert found.fix.edits[0][1] == f"±{nearest}"


def test_decimal_numbers_are_taken_as_written(change):
    """0.3 is three steps of 0.1, although the binary floats say 2.9999999999999996."""
    assert [d.code for d in change(row(3, "0.3", "0.1")).diagnostics] == []


@given(st.integers(1, 16), st.integers(1, 400), st.integers(1, 50))
def test_the_largest_code_is_the_largest_that_stands_in_the_range(bits: int, hundredths: int, steps: int) -> None:
    limit, step = Fraction(hundredths, 100), Fraction(steps, 100)
    if step > limit:
        return
    codes = [code for code in range(2 ** (bits - 1) + 1) if code * step <= limit]
    assert clipped_code(QuantizationRow(layer="a", bits=bits, range=float(limit), step=float(step))) == max(codes)

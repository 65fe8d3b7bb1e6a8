"""Accumulator widths, against sums of the worst codes."""

import pytest

HEAD = "| head  | 8    | ±1.27 | 0.01 | 32          |"
CONV = "| conv  | 8    | ±1.27 | 0.01 | 32          |"


def smallest_width(magnitude: int) -> int:
    """Bits of the narrowest two's complement number that holds a value and its negative."""
    return next(bits for bits in range(1, 100) if magnitude <= 2 ** (bits - 1) - 1)


def test_each_layer_is_stated(change):
    statements = [fact.statement for fact in change().facts if fact.subject == "accumulators"]
    conv, fused = smallest_width(9 * 128 * 128), smallest_width(9 * 64 * 128 * 128)
    clipped = smallest_width(9 * 64 * 127 * 127)
    assert (conv, fused, clipped) == (19, 25, 25)
    assert statements == [
        "conv: 9 products need 19 accumulator bits at full codes; 25 when fused with gap; the row keeps 32",
        "head: 4 products need 18 accumulator bits at full codes, 17 clipped to the stated ranges; the row keeps 32",
    ]


def test_full_codes_can_overflow_what_clipped_codes_do_not(change):
    """4 products of 16 bits reach 2**32: 34 bits. Clipped to 10,000 steps they reach 400,000,000: 30 bits."""
    result = change((HEAD, "| head | 16 | ±1.0 | 0.0001 | 30 |"))
    (found,) = [d for d in result.diagnostics if d.code == "W3111"]
    assert found.message == ("`head`: sums of 4 products at full codes need 34 accumulator bits and can overflow 30")
    assert found.notes[0] == "clipped to the stated ranges they need 30 bits, which fit"


@pytest.mark.parametrize(("accumulator", "code"), [(18, None), (17, "W3111"), (16, "E3110")])
def test_the_limits_are_exact(change, accumulator, code):
    """4 products of 8-bit codes reach 65,536 = 2**16: 18 bits; clipped to 127 they reach 64,516: 17 bits."""
    result = change((HEAD, f"| head | 8 | ±1.27 | 0.01 | {accumulator} |"))
    assert [diagnostic.code for diagnostic in result.diagnostics] == ([code] if code else [])


def test_a_calibrated_row_has_no_range_to_clip_to(change, only):
    """Its inputs have a zero point and reach 255: 9 * 255 * 128 = 293,760 needs 20 bits."""
    found = only(change((CONV, "| conv | 8 | calibrated | | 19 |")), "W3111")
    assert "need 20 accumulator bits and can overflow 19" in found.message
    assert change((CONV, "| conv | 8 | calibrated | | 20 |")).diagnostics == ()


def test_a_declared_fusion_must_hold_the_sum_over_the_image(change):
    """9 taps times 64 pixels: 9,289,344 when clipped, 25 bits; one output alone needs 19."""
    fused = ("target t {", "schedule m { fuse conv+gap }\ntarget t {")
    narrow = (CONV, "| conv | 8 | ±1.27 | 0.01 | 24 |")
    assert change(narrow).diagnostics == ()
    assert change(fused).diagnostics == ()
    (found,) = change(narrow, fused).diagnostics
    assert found.code == "E3110"
    assert "`conv fused with gap`: sums of 576 products need 25 accumulator bits" in found.message

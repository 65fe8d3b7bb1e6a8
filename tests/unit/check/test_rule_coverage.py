"""What is declared is used, what is used is declared, and what is fused can be."""

import pytest


def test_a_target_without_a_budget(change, only):
    found = only(change(("budget t {", "target u { use chip, clock 50 MHz }\nbudget t {")), "W4110")
    assert "no budget binds target `u`" in found.message
    assert change(("target t {", "target u { use chip }\ntarget t {"), ("budget t {", "budget all {")).diagnostics == ()


def test_a_layer_with_weights_needs_a_row(change, only):
    found = only(change(("| head  | 8    | ±1.27 | 0.01 | 32          |\n", "\n")), "E3104")
    assert found.message == "`head` has 50 parameters and no row in the quantization table"
    assert found.secondary[0].span.text == "head"
    assert change(("| head  |", "| *     |")).diagnostics == ()


def test_a_layer_without_weights_needs_none(change, only):
    row = "| head  | 8    | ±1.27 | 0.01 | 32          |"
    found = only(change((row, row + "\n  | gap | 8 | ±1.27 | 0.01 | 32 |")), "W3105")
    assert "`gap` is avgpool and has no weights" in found.message


def test_shapes_that_do_not_fit_point_at_the_option(change, only):
    result = change(("kernel 3x3, padding same", "kernel 9x9"))
    found = only(result, "E2101")
    assert found.message == (
        "kernel 9x9 of `conv` does not fit into `frame`, which is 8x8x4: use `padding same`, or a kernel of at most 8x8"
    )
    assert "9x9" in found.primary.span.text
    assert result.network is None
    assert result.spec is not None


def fused(chain: str) -> tuple[str, str]:
    return ("target t {", f"schedule m {{ fuse {chain} }}\ntarget t {{")


@pytest.mark.parametrize("chain", ["conv+gap", "conv+gap as window_sums", "gap+head"])
def test_chains_that_fuse(change, chain):
    assert change(fused(chain)).diagnostics == ()


def test_a_second_reader_forbids_fusing(change, only):
    second = ("  dense   head  { units 10 }", "  dense head { units 10, from conv }\n  add both { from head + side }")
    with_side = (second[0], "  dense side { units 10, from conv }\n" + second[1])
    rows = ("| head  | 8", "| side | 8 | ±1.27 | 0.01 | 32 |\n  | head  | 8")
    gap = ("  avgpool gap   { global }\n", "")
    result = change(with_side, rows, gap, fused("conv+side"))
    found = only(result, "E4111")
    assert "`conv+side` cannot run as one: `conv` is read by `side` and `head`, not by `side` alone" in found.message


def test_window_sums_need_an_accumulator_for_the_whole_image(change):
    narrow = ("| conv  | 8    | ±1.27 | 0.01 | 32 ", "| conv  | 8    | ±1.27 | 0.01 | 24 ")
    (found,) = change(narrow, fused("conv+gap as window_sums")).diagnostics
    # 9 taps * 64 pixels * 127 * 127 is 9,290,304, between 2^23 and 2^24: 25 bits with the sign.
    assert found.code == "E4111"
    assert found.message.endswith("the accumulator of `conv` keeps 24 bits, and its sum over `gap` needs 25")

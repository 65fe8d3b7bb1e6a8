"""SRAM and flash limits."""

import pytest

from specc.diagnostics.registry import CODES

SRAM = "memory sram <= 32 KiB"
# Tensors of the clean spec at 8 bits: frame 256, conv 256, gap 4, head 10 bytes; weights and biases 36+16, 40+40.
NO_ROWS = ("target t {", "schedule m { rows never }\ntarget t {")


def test_rows_need_a_few_of_them(change, only):
    """Frame 256 B, a row of conv 32 B, a sum of 4 bytes in each of 4 channels, gap 4 B."""
    assert change((SRAM, "memory sram <= 308 B")).diagnostics == ()
    found = only(change((SRAM, "memory sram <= 307 B")), "E4102")
    assert "feasible only when the input streams: at least 308 B are needed, 307 B allowed" in found.message


def test_sharing_memory_needs_what_lives_at_once(change, only):
    assert change((SRAM, "memory sram <= 512 B"), NO_ROWS).diagnostics == ()
    found = only(change((SRAM, "memory sram <= 511 B"), NO_ROWS), "E4102")
    assert found.message == (
        "memory sram <= 511 B on `t` is feasible only with another schedule: at least 512 B are needed, 511 B allowed"
    )


def test_less_than_is_not_at_most(change):
    assert [d.code for d in change((SRAM, "memory sram < 308 B")).diagnostics] == ["E4102"]
    assert change((SRAM, "memory sram < 309 B")).diagnostics == ()


def test_only_streaming_fits(change, only):
    found = only(change((SRAM, "memory sram <= 200 B")), "E4102")
    assert found.message == (
        "memory sram <= 200 B on `t` is feasible only when the input streams: at least 308 B are needed, 200 B allowed"
    )
    assert (
        "input `frame`, 8x8x4 at 8 bits, is 256 B by itself: no schedule that keeps it resident fits 200 B"
        in found.notes
    )
    assert found.fix.title == (
        "declare `input frame … { stream rows }` and `schedule m { fuse conv+gap as window_sums }`"
    )


def test_nothing_fits(change, only):
    found = only(change((SRAM, "memory sram <= 20 B")), "E4102")
    assert "cannot be kept: at least 308 B are needed, 20 B allowed" in found.message
    assert found.notes[-1].startswith("none of these schedules fits")
    assert found.fix is None


def test_fusing_fits_while_the_input_stays(change, only):
    """Frame and the sums of fusion or, 9 of them for each channel, of window sums. The file has a schedule already."""
    found = only(change((SRAM, "memory sram <= 308 B"), NO_ROWS), "E4102")
    assert "feasible only with another schedule" in found.message
    assert (found.fix, found.notes[-1]) == (None, "repair: `schedule m { fuse conv+gap }`")
    found = only(change((SRAM, "memory sram <= 400 B"), NO_ROWS), "E4102")
    assert found.notes[-1] == "repair: `schedule m { fuse conv+gap as window_sums }`"


def test_one_shortage_is_reported_once(change, only):
    found = only(change(("sram 64 KiB", "sram 100 B"), (SRAM, "memory sram <= 100 B")), "E4102")
    assert found.primary.span.text == "100 B"


@pytest.mark.parametrize("limit", [307, 200, 180])
def test_the_repair_it_proposes_repairs(change, apply_fix, limit):
    repaired = apply_fix(change((SRAM, f"memory sram <= {limit} B")))
    assert [d.message for d in repaired.diagnostics] == []
    assert repaired.spec.model.fusions or repaired.spec.model.input.streamed


def test_weights_count_where_there_is_no_flash(change, only):
    """308 B of tensors and 132 B of weights and biases."""
    no_flash = ('  flash 256 KiB source "sheet"\n', "")
    assert change(no_flash, (SRAM, "memory sram <= 440 B")).diagnostics == ()
    found = only(change(no_flash, (SRAM, "memory sram <= 439 B")), "E4102")
    assert "at least 440 B are needed, 439 B allowed" in found.message


def test_flash_holds_weights_and_biases(change, only):
    assert change((SRAM, "memory flash <= 132 B")).diagnostics == ()
    found = only(change((SRAM, "memory flash <= 131 B")), "E4103")
    assert "weights and biases alone are 132 B, 131 B allowed" in found.message


def test_the_chip_itself_is_too_small(change, only):
    assert change(("sram 64 KiB", "sram 308 B"), (SRAM, "memory sram <= 308 B")).diagnostics == ()
    found = only(change(("sram 64 KiB", "sram 307 B"), (SRAM, "memory flash <= 1 KiB")), "E4102")
    assert "`t` cannot hold the network: 308 B of SRAM are needed at least, a chip has 307 B" in found.message
    assert change(("flash 256 KiB", "flash 132 B"), (SRAM, "latency conv <= 1 ms")).diagnostics == ()
    found = only(change(("flash 256 KiB", "flash 131 B"), (SRAM, "latency conv <= 1 ms")), "E4103")
    assert "132 B of weights and biases, a chip has 131 B" in found.message


def test_infeasible_is_a_class_of_its_own():
    assert {code.id for code in CODES.values() if code.infeasible} == {"E4101", "E4102", "E4103", "E4112"}

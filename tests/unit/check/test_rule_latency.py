"""Latency limits against the fewest cycles. The clean spec: conv 2,304 MACs, head 40, at 100 MHz: 10 ns a cycle."""

import pytest

TOTAL = "latency total <= 1 ms"


def test_exactly_the_fewest_cycles_fit(change, only):
    """2,304 MACs at 2 per cycle are 1,152 cycles, 11.52 µs."""
    assert change((TOTAL, "latency conv <= 11.52 us")).diagnostics == ()
    found = only(change((TOTAL, "latency conv <= 11.51 us")), "E4101")
    assert found.message == (
        "`conv` cannot run in 11.51 us on `t` with a direct schedule: "
        "2,304 MACs need at least 1,152 cycles, but 11.51 us at 100 MHz is 1,151 cycles"
    )
    assert found.notes[0].startswith("Cortex-M4: 2 MACs per cycle at most (SMLAD")
    assert found.notes[1] == "at best 0.0115 ms at 100 MHz; 11.51 us would need 100.1 MHz"
    assert [label.span.text for label in found.secondary] == ["conv", "100 MHz"]


def test_less_than_is_not_at_most(change, only):
    only(change((TOTAL, "latency conv < 11.52 us")), "E4101")


def test_a_group_and_the_total_add_up(change, only):
    """2,344 MACs are 1,172 cycles."""
    assert change((TOTAL, "latency conv+head <= 11.72 us")).diagnostics == ()
    for scope in ("total", "conv+head"):
        found = only(change((TOTAL, f"latency {scope} <= 11.71 us")), "E4101")
        assert "2,344 MACs need at least 1,172 cycles" in found.message
        assert found.secondary[0].text == "2,304 of 2,344 MACs"


@pytest.mark.parametrize(
    ("core", "cycles"),
    [("cortex-m4", 2_304), ("cortex-m7, fpu, dsp", 1_152), ("cortex-m3", 2_304), ("cortex-m0+", 2_304)],
)
def test_the_core_decides(change, only, core, cycles):
    hardware = ("cortex-m4, fpu, dsp", core)
    microseconds = f"{cycles / 100} us"
    assert change(hardware, (TOTAL, f"latency conv <= {microseconds}")).diagnostics == ()
    found = only(change(hardware, (TOTAL, f"latency conv < {microseconds}")), "E4101")
    assert f"at least {cycles:,} cycles" in found.message


def test_a_host_has_no_instruction_model(change):
    host = change(
        ("use chip, clock 100 MHz", "use host"),
        (TOTAL, "latency total <= 1 ns"),
        ("  energy <= 1 mJ per inference\n", ""),
    )
    assert "E4101" not in [d.code for d in host.diagnostics]


def test_overhead_is_no_work(change):
    result = change((TOTAL, "latency overhead <= 1 ns"))
    assert result.diagnostics == ()
    assert [fact for fact in result.facts if fact.subject == "latency t"] == []


def test_window_sums_can_beat_it_and_the_fix_declares_them(change, only, apply_fix):
    result = change((TOTAL, "latency conv <= 4 us"))
    found = only(result, "E4101")
    # 256 additions at 2 per cycle, 36 MACs; borders: 4 channels x 24 additions.
    assert any("36 MACs on window sums, about 300 cycles" in note for note in found.notes)
    assert any(
        "256 additions at 2 per cycle, 96 corrections at the borders and 36 MACs one by one: 260" in n
        for n in found.notes
    )
    assert found.fix.title == "declare `schedule m { fuse conv+gap as window_sums }`"
    assert not found.fix.safe
    assert apply_fix(result).diagnostics == ()


def test_window_sums_have_a_bound_of_their_own(change, only):
    """256 additions and 36 MACs, both at 2 per cycle: 146 cycles."""
    declared = ("target t {", "schedule m { fuse conv+gap as window_sums }\ntarget t {")
    assert change(declared, (TOTAL, "latency conv <= 1.46 us")).diagnostics == ()
    found = only(change(declared, (TOTAL, "latency conv < 1.46 us")), "E4101")
    assert "2,304 MACs with `conv` as window sums need at least 146 cycles" in found.message
    assert found.fix is None


def test_no_rewrite_where_it_would_not_be_exact(change, only):
    relu = ("padding same }", "padding same, activation relu }")
    found = only(change(relu, (TOTAL, "latency conv <= 4 us")), "E4101")
    assert not any("window" in note for note in found.notes)
    narrow = ("| conv  | 8    | ±1.27 | 0.01 | 32 ", "| conv  | 8    | ±1.27 | 0.01 | 24 ")
    found = only(change(narrow, (TOTAL, "latency conv <= 4 us")), "E4101")
    assert not any("window" in note for note in found.notes)

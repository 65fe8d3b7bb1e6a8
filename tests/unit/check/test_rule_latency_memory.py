"""Latency limits against loads and stores. The clean spec's gap reads 256 bytes and writes 4: 65 cycles."""

import pytest

TOTAL = "latency total <= 1 ms"
HEAD = "| head  | 8    | ±1.27 | 0.01 | 32 "


def codes(result):
    return [found.code for found in result.diagnostics]


def test_a_layer_without_arithmetic_is_bound_by_its_bytes(change, only):
    assert change((TOTAL, "latency gap <= 0.65 us")).diagnostics == ()
    found = only(change((TOTAL, "latency gap < 0.65 us")), "E4101")
    assert found.message == (
        "`gap` cannot run in 0.65 us on `t` with a direct schedule: "
        "260 bytes to load and store need at least 65 cycles, but 0.65 us at 100 MHz is 65 cycles"
    )
    assert found.notes[0] == "Cortex-M4: 4 bytes per cycle at most (LDM and STM take 1 + N cycles for N words)"
    assert "not added: each layer counts the larger" in found.notes[2]
    assert found.secondary[0].text == "260 bytes to load and store"
    assert found.secondary[0].span.text == "gap"


def test_the_total_adds_the_larger_bound_of_each_layer(change, only):
    """conv 1,152 (its 548 bytes are fewer cycles), gap 65, head 20 (its 54 bytes are 13.5): 1,237."""
    assert change((TOTAL, "latency total <= 12.37 us")).diagnostics == ()
    found = only(change((TOTAL, "latency total < 12.37 us")), "E4101")
    assert "2,344 MACs and 260 bytes to load and store in `gap` need at least 1,237 cycles" in found.message
    assert found.notes[0].startswith("Cortex-M4: 2 MACs per cycle at most (SMLAD")
    assert "4 bytes per cycle at most" in found.notes[0]


def test_the_arithmetic_is_named_where_it_alone_is_too_much(change, only):
    found = only(change((TOTAL, "latency total <= 11.71 us")), "E4101")
    assert "2,344 MACs need at least 1,172 cycles" in found.message
    assert not any("bytes" in note for note in found.notes)


def test_a_wide_dense_layer_is_bound_by_its_weights(change):
    """16 bits: 40 weights, 4 inputs and 10 outputs of 2 bytes are 108 bytes, 27 cycles; 40 MACs are 20."""
    wide = (HEAD, HEAD.replace("8 ", "16", 1))
    assert "E4101" not in codes(change(wide, (TOTAL, "latency head <= 0.27 us")))
    assert "E4101" in codes(change(wide, (TOTAL, "latency head < 0.27 us")))
    assert "E4101" not in codes(change((TOTAL, "latency head <= 0.2 us")))


@pytest.mark.parametrize("core", ["cortex-m0+", "cortex-m3", "cortex-m4, fpu"])
def test_cores_with_a_table_of_loads(change, core):
    hardware = ("cortex-m4, fpu, dsp", core)
    assert "E4101" not in codes(change(hardware, (TOTAL, "latency gap <= 0.65 us")))
    assert "E4101" in codes(change(hardware, (TOTAL, "latency gap < 0.65 us")))


@pytest.mark.parametrize("core", ["cortex-m7, fpu, dsp", "cortex-m33, fpu, dsp"])
def test_no_bound_without_a_source(change, core):
    assert "E4101" not in codes(change(("cortex-m4, fpu, dsp", core), (TOTAL, "latency gap <= 0.01 us")))


@pytest.mark.parametrize("method", ["", " as window_sums"])
def test_a_declared_fusion_keeps_the_tensor_out_of_memory(change, method):
    """What is left of gap are 4 bytes written: one cycle."""
    fused = ("target t {", f"schedule m {{ fuse conv+gap{method} }}\ntarget t {{")
    assert "E4101" not in codes(change(fused, (TOTAL, "latency gap <= 0.01 us")))
    assert "E4101" in codes(change(fused, (TOTAL, "latency gap < 0.01 us")))


def test_window_sums_are_named_beside_the_bytes(change, only):
    """conv as window sums 146, gap 1, head 20: 167 cycles, 166 without memory."""
    sums = ("target t {", "schedule m { fuse conv+gap as window_sums }\ntarget t {")
    assert change(sums, (TOTAL, "latency total <= 1.67 us")).diagnostics == ()
    found = only(change(sums, (TOTAL, "latency total < 1.67 us")), "E4101")
    assert "4 bytes to load and store in `gap`, with `conv` as window sums, need at least 167 cycles" in found.message

"""Vela's tables, as Vela 5.2 writes them, and as nobody should."""

import pytest

from specc.measure.backend import BackendError
from specc_backends.ethos_u.performance import read_estimate

HEADER = (
    "Original Operator,NNG Operator,Target,Staging Usage,Peak% (Staging),Op Cycles,Network% (cycles),"
    "NPU,SRAM AC,DRAM AC,OnFlash AC,OffFlash AC,MAC Count,Network% (MAC),Util% (MAC),Name\n"
)
PER_LAYER = (
    HEADER
    + """\
Conv2D,Conv2D,NPU,12992,57.9,26201,27.3,26201,6048,0,0,5776,320000,12.0,9.5,conv
Conv2D,Relu,NPU,0,0.0,0,0.0,0,0,0,0,0,0,0.0,100,conv
Mean,DepthwiseConv2D,NPU,10,0.1,11236,1.0,11236,1442,0,0,640,8000,1,1,pool_intermediate
Mean,Mul,NPU,10,0.1,80,0.1,80,40,0,0,64,0,0,0,pool
FullyConnected,FullyConnected,NPU,10,0.1,1024,1.0,238,11,0,0,1024,768,1,1,"dense, with a comma"
MaxPool,Passthrough,CPU,0,0,0,0,0,0,0,0,0,0,0,100,most
"""
)
SUMMARY = (
    "network,core_clock,sram_memory_used,dram_memory_used,on_chip_flash_memory_used,off_chip_flash_memory_used,nn_macs\n"
    "small,500000000.0,21.671875,0.0,0.0,30.375,2664792\n"
)
LAYERS = ["conv", "pool", "dense, with a comma", "most"]


def test_operators_are_added_up_to_layers() -> None:
    estimate = read_estimate(PER_LAYER, SUMMARY, LAYERS)
    conv, pool, dense, most = (estimate.layers[name] for name in LAYERS)
    assert (conv.cycles, conv.bound) == (26201, "MACs")
    assert (pool.cycles, pool.needs["MACs"], pool.needs["flash"]) == (11316, 11316, 704)
    assert (dense.cycles, dense.bound, dense.needs["MACs"]) == (1024, "flash", 238)
    assert (most.cycles, most.bound, most.cpu) == (0, None, ["MaxPool"])
    assert estimate.other.cycles == 0
    assert estimate.sram_bytes == 22192 and estimate.flash_bytes == 31104 and estimate.dram_bytes == 0
    assert estimate.clock_hz == 5e8 and estimate.macs == 2664792


def test_cycles_of_a_layer_belong_to_what_limits_each_of_its_operators() -> None:
    """Of 300 cycles, 100 are of an operator that waits for SRAM, though the layer computes longer than it reads."""
    rows = (
        "Conv2D,Conv2D,NPU,0,0,200,0,200,50,0,0,0,1,0,0,conv_part\nConv2D,Mul,NPU,0,0,100,0,40,100,0,30,0,1,0,0,conv\n"
    )
    conv = read_estimate(HEADER + rows, SUMMARY, ["conv"]).layers["conv"]
    assert conv.needs == {"MACs": 240, "SRAM": 150, "DRAM": 0, "flash": 30}
    assert conv.bound_by == {"MACs": 200, "SRAM": 100, "DRAM": 0, "flash": 0}


def test_cycles_that_nothing_needs_stay_unexplained() -> None:
    rows = "Conv2D,Conv2D,NPU,0,0,300,0,200,50,0,0,0,1,0,0,conv\n"
    conv = read_estimate(HEADER + rows, SUMMARY, ["conv"]).layers["conv"]
    assert conv.cycles - sum(conv.bound_by.values()) == 100


def test_operators_of_no_layer_are_kept_apart() -> None:
    estimate = read_estimate(PER_LAYER, SUMMARY, ["conv"])
    assert estimate.other.cycles == 11316 + 1024
    assert estimate.other.bound_by == {"MACs": 11316, "SRAM": 0, "DRAM": 0, "flash": 1024}


def test_columns_are_found_by_name() -> None:
    import csv
    import io

    rows = [row[::-1] for row in csv.reader(io.StringIO(PER_LAYER))]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    assert read_estimate(text.getvalue(), SUMMARY, LAYERS).layers["pool"].cycles == 11316


@pytest.mark.parametrize(
    ("per_layer", "summary", "message"),
    [
        (PER_LAYER.replace("Op Cycles", "Cycles"), SUMMARY, "no column Op Cycles"),
        ("", SUMMARY, "no column Target"),
        (PER_LAYER.replace(",26201,6048", ",x,6048"), SUMMARY, "'x' in column NPU"),
        (PER_LAYER.replace(",26201,6048", ",nan,6048"), SUMMARY, "'nan' in column NPU"),
        (PER_LAYER.replace(",26201,6048", ",-5,6048"), SUMMARY, "'-5' in column NPU"),
        (HEADER + "Conv2D,Conv2D,NPU\n", SUMMARY, "'' in column"),
        (PER_LAYER, SUMMARY.partition("\n")[0], "summary is empty"),
        (PER_LAYER, SUMMARY.replace("core_clock", "clock"), "no column core_clock"),
    ],
)
def test_tables_that_cannot_be_read(per_layer: str, summary: str, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        read_estimate(per_layer, summary, LAYERS)

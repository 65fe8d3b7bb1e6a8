"""Schedules on the virtual board: the same codes, and the bytes that were planned and proven."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from test_backend import SMALL, job, kws, measure, target

from specc.check import check
from specc.codegen.schedule import scheduled, unfused
from specc.graph.memory import generated
from specc.measure import runner
from specc.measure.backend import Job
from specc.measure.store import Store
from specc.numerics.quantize import quantize
from specc.resources import resource
from specc.spec import Spec
from specc.spec.contract import Budget, BudgetItem
from specc.spec.model import Fusion, LayerSpec, QuantizationRow, RowsMode
from specc.units import UNITS, Quantity
from specc_backends.virtual_board import VirtualBoardBackend

SHEET = resource("specs", "edge_cnn_repaired.hwspec")


def with_rows(wanted: Job, rows: RowsMode) -> Job:
    spec = wanted.spec.model_copy(update={"model": wanted.spec.model.model_copy(update={"rows": rows})})
    return dataclasses.replace(wanted, spec=spec, network=scheduled(spec, wanted.target, wanted.network))


def fused(wanted: Job, layers: Sequence[LayerSpec], tile: int | None = None) -> Job:
    fusions = (Fusion(layers=tuple(layer.name for layer in layers), method="fused", tile=tile),)
    spec = wanted.spec.model_copy(update={"model": wanted.spec.model.model_copy(update={"fusions": fusions})})
    return dataclasses.replace(wanted, spec=spec, network=scheduled(spec, wanted.target, wanted.network))


def test_the_reference_sheet_keeps_its_memory(tmp_path: Path) -> None:
    """A row of 32 x 16 codes of 16 bits and 9 sums for each of 16 channels: 1,024 + 576 bytes."""
    checked = check(SHEET)
    assert checked.spec is not None and checked.network is not None
    spec = checked.spec
    board = spec.target("m4")
    network = scheduled(spec, board, quantize(spec, checked.network))
    result = measure(Job(spec, board, network, tmp_path, lambda line: None))
    assert result.output_matches_golden
    proven = generated(checked.network, spec.quantization, fusions=spec.model.fusions, streamed=True)
    assert proven is not None
    assert result.memory.regions["sram: activations"] == proven.activation_bytes == 1_600
    assert result.memory.planned_activations == 1_600
    assert result.provenance.schedule == "conv+gap as window sums; by rows: conv, frame arriving by rows"
    cycles = {layer.name: layer.counters["cycles"].value for layer in result.layers}
    total = result.counters["cycles"].value
    assert total is not None and total < 168_000  # a millisecond at 168 MHz, and waiting for rows is no part of it
    assert sum(value for value in cycles.values() if value) < total
    assert cycles["conv"] is not None and cycles["conv"] < 67_200


@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4"])
def test_rows_change_no_code(core: str, tmp_path: Path) -> None:
    plain = job(tmp_path, target(core=core), layers=SMALL)
    by_rows = measure(with_rows(plain, "least"))
    assert by_rows.output_matches_golden
    assert by_rows.provenance.schedule.startswith("by rows: ")
    # The input, the output of the pool, and of the convolution 8 columns of 6 codes in a ring of 2 rows.
    assert by_rows.memory.regions["sram: activations"] == 192 + 96 + 2 * 8 * 6


def test_tiles_change_no_code_and_keep_the_bytes_that_are_proven(tmp_path: Path) -> None:
    """Two tiles of 4 columns need 5 of the first convolution's 8 each: 2 x 8 x 6 outputs more, of 27 products."""
    layers = (SMALL[0], LayerSpec(name="again", kind="dwconv", kernel=(3, 3), padding="same"), *SMALL[1:])
    spec = fused(job(tmp_path, target(), layers=layers), layers[:2], tile=4).spec
    network = job(tmp_path, target(), layers=layers).network
    with Store(tmp_path / "results.db") as store:
        run = runner.measure(spec, network, store, tmp_path, lambda line: None, backends=[VirtualBoardBackend()])
    (result,) = run.measurements.values()
    assert result.output_matches_golden
    assert result.provenance.schedule == "by rows: conv+again in tiles of 4 columns"
    proven = generated(network.network, spec.quantization, fusions=spec.model.fusions)
    assert proven is not None and "in tiles of 4 columns" in proven.name
    assert result.memory.regions["sram: activations"] == proven.activation_bytes
    (note,) = [note for note in result.notes if note.startswith("tiles compute")]
    assert note.startswith(f"tiles compute {2 * 8 * 6 * 27:,} multiply-accumulates again") and "(25% of" in note


def limited(spec: Spec, bytes_: int) -> Spec:
    """The same spec with a budget of SRAM."""
    limit = Quantity(Fraction(bytes_), UNITS["B"])
    item = BudgetItem(kind="memory", scope=("sram",), relation="<=", limit=limit)
    return spec.model_copy(update={"budgets": (Budget(target=spec.targets[0].name, items=(item,)),)})


def test_memory_decides_whether_layers_run_by_rows(tmp_path: Path) -> None:
    wanted = job(tmp_path, target(), layers=kws(), shape=(49, 10, 1))
    network = wanted.network
    enough, tight = (scheduled(limited(wanted.spec, n), wanted.target, network) for n in (17_024, 17_023))
    assert enough.schedule == "every layer as a whole"
    assert tight.schedule.startswith("by rows: ")
    assert len(tight.steps.steps) < len(network.network.layers)


def test_the_stack_that_was_measured_decides_to_the_byte(tmp_path: Path) -> None:
    """As much SRAM as the program with whole tensors takes is enough for it; a byte less asks for rows."""
    plain = job(tmp_path, target(), layers=SMALL)
    enough = int(measure(plain).memory.sram.value or 0)
    for missing in (0, 1):
        spec = limited(plain.spec, enough - missing)
        board = VirtualBoardBackend()
        with Store(tmp_path / f"{missing}.db") as store:
            run = runner.measure(spec, plain.network, store, tmp_path, plain.progress, backends=[board])
        (found,) = run.measurements.values()
        assert found.output_matches_golden
        assert (found.provenance.schedule == "every layer as a whole") == (missing == 0)
        assert (found.memory.sram.value or 0) <= enough - missing
        regions = found.memory.regions
        beside = regions["sram: data"] + regions["sram: stack (painted)"]
        assert found.memory.sram.value == (found.memory.planned_activations or 0) + beside


def test_rewrites_can_be_switched_off() -> None:
    spec = check(SHEET).spec
    assert spec is not None
    plain = unfused(spec)
    assert plain.model.fusions == () and plain.model.rows == "never"


@pytest.mark.parametrize(
    ("channels", "row"),
    [
        (8, QuantizationRow(layer="*", bits=8)),  # two sums in a word, from bytes
        (6, QuantizationRow(layer="*", bits=12, range=1.0, step=0.001)),  # from halves, a few positions at a time
        (3, QuantizationRow(layer="*", bits=8)),  # no whole words
        (4, QuantizationRow(layer="*", bits=16, range=3.2, step=0.0001)),  # codes that fill their halves
    ],
)
def test_window_sums(channels: int, row: QuantizationRow, tmp_path: Path) -> None:
    layers = (
        LayerSpec(name="conv", kind="dwconv", kernel=(3, 3), stride=(2, 1), padding="same"),
        LayerSpec(name="gap", kind="avgpool"),
        LayerSpec(name="dense", kind="dense", units=3),
    )
    plain = job(tmp_path, target(), layers=layers, shape=(9, 60, channels), rows=(row,))
    fusions = (Fusion(layers=("conv", "gap"), method="window_sums"),)
    spec = plain.spec.model_copy(update={"model": plain.spec.model.model_copy(update={"fusions": fusions})})
    network = scheduled(spec, plain.target, quantize(spec, plain.network.network))
    result = measure(dataclasses.replace(plain, spec=spec, network=network))
    assert result.output_matches_golden
    assert result.provenance.kernels["conv"] == "dsp/window_sums"

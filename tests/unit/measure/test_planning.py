"""The schedule follows the stack that was measured: as few rows as it allows, and none too few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_store import measurement

from specc.codegen.generate import plan_arena
from specc.codegen.schedule import BESIDE_ACTIVATIONS
from specc.evidence import Figure
from specc.graph.build import build_network
from specc.measure.backend import BackendError, Job
from specc.measure.planning import measure_planned
from specc.measure.result import Measurement
from specc.measure.statistics import summarise
from specc.measure.store import Store
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.contract import Budget, BudgetItem
from specc.spec.hardware import Hardware, Target
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, RowsMode, WeightsSpec
from specc.units import UNITS, Quantity

WHOLE = "every layer as a whole"
# Two maps of 16 x 16 x 8 codes live at once where every layer runs as a whole.
ACTIVATIONS = 2 * 16 * 16 * 8


def job(folder: Path, limit: int | None, rows: RowsMode = "needed") -> Job:
    def conv(name: str) -> LayerSpec:
        return LayerSpec(name=name, kind="conv", kernel=(3, 3), padding="same", units=8)

    model = ModelSpec(
        name="net",
        input=InputSpec(name="x", shape=(16, 16, 1), distribution="uniform"),
        layers=(conv("a"), conv("b"), LayerSpec(name="c", kind="avgpool")),
        weights=WeightsSpec(seed=1),
        rows=rows,
    )
    items = (
        ()
        if limit is None
        else (BudgetItem(kind="memory", scope=("sram",), relation="<=", limit=Quantity(limit, UNITS["B"])),)
    )
    target = Target(name="t", hardware=Hardware(name="chip", title="Chip", core="cortex-m4"))
    table = QuantizationTable(model="net", rows=(QuantizationRow(layer="*", bits=8),))
    spec = Spec(
        edition=1, model=model, quantization=table, targets=(target,), budgets=(Budget(target="t", items=items),)
    )
    return Job(spec, target, quantize(spec, build_network(model)), folder, lambda line: None)


class Board:
    """Results of a board whose stack is a function of the schedule; a call by rows takes a microsecond more."""

    def __init__(self, stack: Callable[[bool], int | None], fails: Callable[[bool], bool] = lambda _: False) -> None:
        self.stack = stack
        self.fails = fails
        self.schedules: list[str] = []
        self.failed: list[str] = []

    def __call__(self, planned: QuantizedNetwork) -> tuple[Measurement, bool]:
        whole = planned.schedule == WHOLE
        self.schedules.append(planned.schedule)
        if self.fails(whole):
            self.failed.append(planned.schedule)
            raise BackendError("the program does not fit")
        bytes_, stack = plan_arena(planned).size, self.stack(whole)
        result = measurement(f"key of {planned.schedule}", "t")
        sram = Figure.unknown("B", "no") if stack is None else Figure.exact(bytes_ + stack, "B", "simulated", "painted")
        memory = result.memory.model_copy(update={"sram": sram, "planned_activations": bytes_})
        seconds = (1000 + planned.steps.row_calls) * 1e-6
        total = summarise([seconds] * 3, "measured", "fake")
        own = result.provenance.model_copy(update={"schedule": planned.schedule})
        return result.model_copy(update={"memory": memory, "total": total, "provenance": own}), False


def run(board: Board, tmp_path: Path, limit: int | None, rows: RowsMode = "needed") -> Measurement:
    with Store(tmp_path / "specc.db") as store:
        result, _ = measure_planned(job(tmp_path, limit, rows), board, store)
        # What was not chosen is kept all the same.
        others = [schedule for schedule in board.schedules if schedule != result.provenance.schedule]
        assert [one.provenance.schedule for one in store.all()] == [own for own in others if own not in board.failed]
    return result


def test_a_smaller_stack_than_was_set_aside_needs_no_rows(tmp_path: Path) -> None:
    """600 bytes of stack fit beside whole tensors, for which the estimate saw no room."""
    board = Board(lambda whole: 600)
    result = run(board, tmp_path, ACTIVATIONS + 600)
    assert board.schedules[0].startswith("by rows") and result.provenance.schedule == WHOLE
    assert result.memory.sram.value == ACTIVATIONS + 600
    assert f"take 600 B of SRAM, not the {BESIDE_ACTIVATIONS:,} B" in result.notes[-1]


def test_a_larger_stack_than_was_set_aside_asks_for_rows(tmp_path: Path) -> None:
    board = Board(lambda whole: 2624)
    limit = ACTIVATIONS + 2623
    result = run(board, tmp_path, limit)
    assert board.schedules[0] == WHOLE and result.provenance.schedule.startswith("by rows")
    assert (result.memory.sram.high or 0) <= limit


def test_one_byte_decides(tmp_path: Path) -> None:
    for missing, schedules in ((0, 1), (1, 2)):
        board = Board(lambda whole: 2624)
        run(board, tmp_path / str(missing), ACTIVATIONS + 2624 - missing)
        assert len(board.schedules) == schedules


@pytest.mark.parametrize("rows", ["never", "least"])
def test_what_is_declared_is_not_planned_again(tmp_path: Path, rows: RowsMode) -> None:
    board = Board(lambda whole: 2624)
    run(board, tmp_path, ACTIVATIONS, rows)
    assert len(board.schedules) == 1


@pytest.mark.parametrize(("limit", "stack"), [(None, 2624), (ACTIVATIONS + 2000, None)])
def test_nothing_to_plan_by(tmp_path: Path, limit: int | None, stack: int | None) -> None:
    board = Board(lambda whole: stack)
    run(board, tmp_path, limit)
    assert len(board.schedules) == 1


def test_what_was_measured_stands_where_the_next_schedule_fails(tmp_path: Path) -> None:
    board = Board(lambda whole: 600, fails=lambda whole: whole)
    result = run(board, tmp_path, ACTIVATIONS + 600)
    assert len(board.schedules) == 2 and result.provenance.schedule.startswith("by rows")


def test_a_schedule_that_fails_at_first_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="does not fit"):
        run(Board(lambda whole: 600, fails=lambda whole: True), tmp_path, ACTIVATIONS + 600)


def test_stacks_that_contradict_each_other_end(tmp_path: Path) -> None:
    """Whole layers say that rows are needed, rows say that they are not: what fits is taken, not the last."""
    board = Board(lambda whole: 2000 if whole else 600)
    result = run(board, tmp_path, ACTIVATIONS + 700)
    assert WHOLE in board.schedules[1:] and len(set(board.schedules)) == len(board.schedules)
    assert result.provenance.schedule.startswith("by rows")
    assert (result.memory.sram.high or 0) <= ACTIVATIONS + 700


def test_where_nothing_fits_the_least_is_taken(tmp_path: Path) -> None:
    board = Board(lambda whole: 5000)
    result = run(board, tmp_path, 5500)
    assert result.provenance.schedule.startswith("by rows")

"""What is set aside beside the activations of a real board: what was measured, else an estimate; and it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_planning import ACTIVATIONS, WHOLE, Board, job, run
from test_store import measurement

from specc.codegen.schedule import BESIDE_ACTIVATIONS, scheduled
from specc.measure.backend import Job
from specc.measure.board_planning import beside_for_board, flashed_beside, memory_decides, remember_flashed
from specc.measure.provenance import spec_hash
from specc.measure.result import Measurement
from specc.measure.runner import measure
from specc.measure.store import Store
from specc.spec.hardware import Hardware, Target


def test_an_estimate_where_nothing_was_measured(tmp_path: Path) -> None:
    one = job(tmp_path, ACTIVATIONS)
    with Store(tmp_path / "specc.db") as store:
        beside, basis = beside_for_board(store, one.spec, one.target)
    assert beside == BESIDE_ACTIVATIONS
    assert basis == "1,024 B are set aside for stack and harness, an estimate"


def measured(tmp_path: Path, stack: int, core: str = "cortex-m4") -> tuple[int, str, str]:
    """What a board of a core gets where target `t`, a Cortex-M4, was measured; and the schedule that it then has."""
    one = job(tmp_path, ACTIVATIONS + 600)
    hardware = Hardware.model_validate({"name": "real", "title": "Real", "core": core})
    board = Target(name="board", hardware=hardware)
    budget = one.spec.budgets[0].model_copy(update={"target": "all"})
    spec = one.spec.model_copy(update={"targets": (one.target, board), "budgets": (budget,)})
    result = run(Board(lambda whole: stack), tmp_path, ACTIVATIONS + 600)
    own = result.provenance.model_copy(update={"spec_hash": spec_hash(spec)})
    with Store(tmp_path / "specc.db") as store:
        store.put(result.model_copy(update={"provenance": own}))
        beside, basis = beside_for_board(store, spec, board)
    return beside, basis, scheduled(spec, board, one.network, beside).schedule


def test_the_stack_of_another_target_of_the_same_core(tmp_path: Path) -> None:
    """600 bytes leave room for whole tensors, which the estimate would not."""
    beside, basis, schedule = measured(tmp_path, 600)
    assert (beside, schedule) == (600, WHOLE)
    assert basis == "600 B are set aside for stack and harness, as simulated for t"


def test_the_stack_of_another_core_says_nothing(tmp_path: Path) -> None:
    beside, basis, schedule = measured(tmp_path, 600, "cortex-m33")
    assert beside == BESIDE_ACTIVATIONS
    assert basis.endswith("an estimate")
    assert schedule.startswith("by rows")


def test_what_was_flashed_is_kept_by_target(tmp_path: Path) -> None:
    one = job(tmp_path, ACTIVATIONS)
    other = one.target.model_copy(update={"name": "other"})
    with Store(tmp_path / "specc.db") as store:
        remember_flashed(store, one.spec, one.target, 600)
        remember_flashed(store, one.spec, one.target, 640)
        assert flashed_beside(store, one.spec, one.target) == 640
        assert flashed_beside(store, one.spec, other) == BESIDE_ACTIVATIONS


def test_where_memory_cannot_decide(tmp_path: Path) -> None:
    for limit, rows, decides in ((ACTIVATIONS, "needed", True), (None, "needed", False), (ACTIVATIONS, "least", False)):
        one = job(tmp_path, limit, rows)  # type: ignore[arg-type]
        assert memory_decides(one.spec, one.target) is decides


class OnALine:
    """A backend of real boards that tells the schedule it was given."""

    name = "line"
    version = "1"
    needs_port = True

    def __init__(self) -> None:
        self.schedules: list[str] = []

    def supports(self, target: Target) -> bool:
        return True

    def key(self, job: Job) -> str:
        return job.network.schedule

    def measure(self, job: Job, key: str) -> Measurement:
        self.schedules.append(job.network.schedule)
        return measurement(key, job.target.name)

    def flash(self, job: Job, probe: str | None) -> str:
        return "done"


@pytest.mark.parametrize(("flashed", "whole"), [(600, True), (None, False)])
def test_a_board_is_measured_as_it_was_flashed(flashed: int | None, whole: bool, tmp_path: Path) -> None:
    one, backend = job(tmp_path, ACTIVATIONS + 600), OnALine()
    with Store(tmp_path / "specc.db") as store:
        if flashed is not None:
            remember_flashed(store, one.spec, one.target, flashed)
        ports = {"t": "/dev/ttyACM0"}
        report = measure(one.spec, one.network, store, tmp_path, one.progress, backends=[backend], ports=ports)
    assert not report.failures
    assert [schedule == WHOLE for schedule in backend.schedules] == [whole]

"""One target's fate is its own, and what is known is not measured again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from test_store import measurement

from specc.graph.network import Network
from specc.measure.backend import BackendError, Job
from specc.measure.provenance import spec_hash
from specc.measure.result import Measurement
from specc.measure.runner import RunReport, measure
from specc.measure.store import Store, StoreError
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Hardware, Target
from specc.spec.model import InputSpec, LayerSpec, ModelSpec

NETWORK = QuantizedNetwork(Network("n", "x", (1,), ()), {}, {})


class Fake:
    """A backend whose targets do what their names say."""

    name = "fake"
    version = "1"

    def __init__(self) -> None:
        self.measured: list[str] = []

    def supports(self, target: Target) -> bool:
        return target.hardware.core == "cortex-m4"

    def key(self, job: Job) -> str:
        if job.target.name == "bad_flags":
            raise BackendError("flag -x is not allowed")
        return f"key of {job.target.compile}"

    def measure(self, job: Job, key: str) -> Measurement:
        self.measured.append(job.target.name)
        if job.target.name == "fails":
            raise BackendError("the compiler failed\nsecond line", "everything it said")
        if job.target.name == "bug":
            np.zeros(1)[5]
        if job.target.name == "interrupted":
            raise KeyboardInterrupt
        return measurement(key, job.target.name)


def spec(*names: str) -> Spec:
    def target(name: str) -> Target:
        core = "cortex-m7" if name == "unsupported" else "cortex-m4"
        return Target(name=name, hardware=Hardware(name="chip", title="Chip", core=core), compile=f"-O2 {name[0]}")

    model = ModelSpec(name="n", input=InputSpec(name="x", shape=(1,)), layers=(LayerSpec(name="r", kind="relu"),))
    return Spec(edition=1, model=model, targets=tuple(target(name) for name in names))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "specc.db") as store:
        yield store


def run(spec: Spec, store: Store, fake: Fake, **options: object) -> RunReport:
    return measure(spec, NETWORK, store, store.path.parent, lambda line: None, backends=[fake], **options)


def test_known_results_are_not_measured_again(store: Store) -> None:
    fake = Fake()
    first = run(spec("a", "b"), store, fake)
    second = run(spec("a", "b"), store, fake)
    assert fake.measured == ["a", "b"]
    assert (first.reused, second.reused) == ((), ("a", "b"))
    for name, result in first.measurements.items():
        assert second.measurements[name].total == result.total


def test_every_result_is_told_once_be_it_new_or_stored(store: Store) -> None:
    told: list[str] = []
    run(spec("a"), store, Fake())
    run(spec("a", "fails", "unsupported", "b"), store, Fake(), finished=lambda result: told.append(result.target))
    assert told == ["a", "b"]


def test_fresh_measures_again(store: Store) -> None:
    fake = Fake()
    run(spec("a"), store, fake)
    assert run(spec("a"), store, fake, fresh=True).reused == ()
    assert fake.measured == ["a", "a"]


def test_equal_work_under_another_name_is_reused(store: Store) -> None:
    fake = Fake()
    run(spec("first"), store, fake)
    report = run(spec("fine"), store, fake)
    assert fake.measured == ["first"]
    assert report.measurements["fine"].target == "fine"
    assert report.measurements["fine"].provenance.spec_hash == spec_hash(spec("fine"))


def test_one_failure_loses_nothing_else(store: Store) -> None:
    report = run(spec("bad_flags", "fails", "bug", "unsupported", "a"), store, Fake())
    assert list(report.measurements) == ["a"]
    assert list(report.failures) == ["bad_flags", "fails", "bug"]
    assert report.failures["bad_flags"] == "flag -x is not allowed"
    assert report.failures["fails"] == f"the compiler failed (log: {report.logs['fails']})"
    assert report.logs["fails"].read_text() == "everything it said"
    assert "internal error in backend fake: IndexError" in report.failures["bug"]
    assert "Traceback" in report.logs["bug"].read_text()
    assert report.skipped == {"unsupported": "no backend can measure chip (cortex-m7)"}
    assert set(report.missing) == {"bad_flags", "fails", "bug", "unsupported"}


def test_interrupt_passes_through_and_keeps_what_is_done(store: Store) -> None:
    fake = Fake()
    with pytest.raises(KeyboardInterrupt):
        run(spec("a", "interrupted", "b"), store, fake)
    assert [m.target for m in store.all()] == ["a"]
    report = run(spec("a", "b"), store, fake)
    assert report.reused == ("a",)


def test_chosen_targets_only(store: Store) -> None:
    fake = Fake()
    assert list(run(spec("a", "b"), store, fake, targets=["b"]).measurements) == ["b"]
    with pytest.raises(KeyError):
        run(spec("a"), store, fake, targets=["missing"])


def test_broken_store_is_not_a_targets_failure(store: Store) -> None:
    store.put(measurement("key of -O2 a"))
    store._connection.execute("UPDATE measurement SET record = 'x'")
    with pytest.raises(StoreError):
        run(spec("a"), store, Fake())

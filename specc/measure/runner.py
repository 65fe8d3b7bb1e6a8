"""Measuring every target of a spec: what is known is not measured again, and one failure loses nothing else."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from specc.codegen.schedule import scheduled
from specc.graph.planner import UnfitError
from specc.measure.backend import Backend, BackendError, BuildOptions, Job, Progress, backend_for, discover
from specc.measure.board_planning import flashed_beside
from specc.measure.kernel_tuning import measure_tuned
from specc.measure.kernels import resolve
from specc.measure.planning import measure_planned
from specc.measure.provenance import model_file, spec_hash
from specc.measure.result import Measurement
from specc.measure.store import Store, StoreError
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Target


@dataclass(frozen=True)
class RunReport:
    """What became of each target. A target is in exactly one of `measurements`, `failures` and `skipped`."""

    measurements: dict[str, Measurement] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)  # one sentence, with the path of the log
    skipped: dict[str, str] = field(default_factory=dict)  # why nothing could be measured at all
    reused: tuple[str, ...] = ()  # targets whose stored result was still good
    logs: dict[str, Path] = field(default_factory=dict)

    @property
    def missing(self) -> dict[str, str]:
        """Why a target has no measurement, by target."""
        return self.failures | self.skipped


def measure(
    spec: Spec,
    network: QuantizedNetwork,
    store: Store,
    build_folder: Path,
    progress: Progress,
    *,
    targets: Sequence[str] | None = None,
    fresh: bool = False,
    backends: Sequence[Backend] | None = None,
    ports: Mapping[str, str] | None = None,
    options: BuildOptions | None = None,
    finished: Callable[[Measurement], None] = lambda _: None,
) -> RunReport:
    """Measure the targets of a spec that have no valid result in the store.

    Each result is stored as soon as it is complete, so an interrupt (which passes through) loses only the target that
    was being measured.

    Args:
        spec: the spec.
        network: its network, quantized.
        store: where results are looked up and kept.
        build_folder: where backends build and where logs go.
        progress: told in one line what is being done.
        targets: names of the targets to measure; None means all.
        fresh: measure even what is stored.
        backends: None means every one that is installed.
        ports: serial ports of real boards, by target; these targets are measured there, the others without a board.
        options: how the programs are built; None means as always.
        finished: told of every result as soon as there is one, be it measured or from the store.

    Raises:
        KeyError: `targets` names a target the spec does not have.
        StoreError: the store cannot be used.
    """
    chosen = spec.targets if targets is None else tuple(spec.target(name) for name in targets)
    available = discover() if backends is None else backends
    report = RunReport()
    reused: list[str] = []
    for target in chosen:
        port = (ports or {}).get(target.name)
        backend = backend_for(target, available, port)
        if backend is None:
            how = " through a port" if port is not None else ""
            report.skipped[target.name] = f"no backend can measure {target.hardware.name} ({target.hardware.core}){how}"
            continue
        try:
            job = Job(spec, target, network, build_folder, progress, port, options or BuildOptions())
            one = partial(_measure_job, backend, store, job, fresh=fresh)
            if port:  # a board keeps the firmware that it was flashed with
                result, known = one(scheduled(spec, target, network, flashed_beside(store, spec, target)))
            else:
                result, known = measure_planned(job, one, store)
        except UnfitError as error:
            _record_failure(report, target, build_folder, str(error), "")
            continue
        except BackendError as error:
            _record_failure(report, target, build_folder, str(error), error.log)
            continue
        except StoreError:
            raise
        except Exception as error:  # a mistake in one backend must not cost the other targets their results
            message = f"internal error in backend {backend.name}: {type(error).__name__}: {error}"
            _record_failure(report, target, build_folder, message, traceback.format_exc())
            continue
        report.measurements[target.name] = result
        if known:
            progress(f"{target.name}: unchanged, result taken from the store")
            reused.append(target.name)
        else:
            store.put(result)
        finished(result)
    return RunReport(report.measurements, report.failures, report.skipped, tuple(reused), report.logs)


def _measure_job(
    backend: Backend, store: Store, job: Job, planned: QuantizedNetwork, *, fresh: bool
) -> tuple[Measurement, bool]:
    """The result of a job with a schedule and, where the spec asks for it, with tuned kernels; see `_measure_one`."""
    built, tunable = resolve(job.spec, job.target, planned, job.options)
    job = replace(job, network=planned, options=built)
    one = partial(_measure_one, backend, store, fresh=fresh)
    return measure_tuned(backend, job, tunable, store, one, fresh=fresh) if tunable else one(job)


def _measure_one(backend: Backend, store: Store, job: Job, *, fresh: bool) -> tuple[Measurement, bool]:
    """A result, and whether it was in the store. A new one is not put there yet."""
    key = backend.key(job)
    stored = None if fresh else store.get(key)
    if stored is not None:
        return _as_of(stored, job.spec, job.target), True
    return backend.measure(job, key), False


def _as_of(stored: Measurement, spec: Spec, target: Target) -> Measurement:
    """A stored result under the name and spec it is now asked for: its key says that the work is the same."""
    stamped = stored.provenance.model_copy(update={"spec_hash": spec_hash(spec), "model_file": model_file(spec)})
    return stored.model_copy(update={"target": target.name, "provenance": stamped, "kernel_tuning": None})


def _record_failure(report: RunReport, target: Target, build_folder: Path, message: str, log: str) -> None:
    if log:
        path = build_folder / "logs" / f"{target.name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(log, encoding="utf-8", errors="replace")
        report.logs[target.name] = path
        message = f"{message.splitlines()[0]} (log: {path})"
    report.failures[target.name] = message

"""Rooflines of the targets of a spec: peaks and results, measured where the store has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from specc.check import CheckResult
from specc.explain.roofline import Placed, place
from specc.explain.working_set import Memory, WorkingSet, memories, working_sets
from specc.measure.backend import Backend, BackendError, Job, Progress, backend_for, discover
from specc.measure.peaks import Peaks, measured_peaks, stored_peaks
from specc.measure.result import Measurement
from specc.measure.runner import measure
from specc.measure.store import Store, store_path
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec


@dataclass(frozen=True)
class Roofline:
    """A target's peaks, its layers under them, and what the layers touch against what its memories hold."""

    measurement: Measurement
    peaks: Peaks
    layers: list[Placed]
    working_sets: list[WorkingSet]
    memories: tuple[Memory, ...]


def current_rooflines(
    spec: Spec,
    network: QuantizedNetwork,
    measurements: Mapping[str, Measurement],
    build_folder: Path,
    backends: Sequence[Backend] | None = None,
) -> tuple[Roofline, ...]:
    """The rooflines of measured targets whose peaks are stored and still current. Nothing is run.

    Raises:
        StoreError: the store cannot be used.
    """
    available = discover() if backends is None else backends
    sets = working_sets(network)
    found = []
    with Store(store_path(build_folder)) as store:
        for name, measurement in measurements.items():
            target = spec.target(name)
            job = Job(spec, target, network, build_folder, lambda _: None)
            try:
                peaks = stored_peaks(backend_for(target, available, None), job, store)
            except BackendError:  # what measured it is not installed any more
                continue
            if peaks is not None:
                found.append(Roofline(measurement, peaks, place(measurement, network, peaks), sets, memories(target)))
    return tuple(found)


def rooflines(
    checked: CheckResult,
    targets: Sequence[str],
    build_folder: Path,
    progress: Progress,
    *,
    fresh: bool = False,
    backends: Sequence[Backend] | None = None,
) -> tuple[list[Roofline], dict[str, str]]:
    """The rooflines of targets, and why another one has none.

    Raises:
        QuantizationError: the network's numbers cannot be represented as the table asks.
        StoreError: the store cannot be used.
    """
    spec, network = checked.spec, checked.network
    assert spec is not None and network is not None, "a spec with errors cannot be measured"
    quantized = quantize(spec, network)
    sets = working_sets(quantized)
    available = discover() if backends is None else backends
    found: list[Roofline] = []
    failures: dict[str, str] = {}
    with Store(store_path(build_folder)) as store:
        report = measure(
            spec, quantized, store, build_folder, progress, targets=targets, fresh=fresh, backends=available
        )
        failures |= report.missing
        for name, measurement in report.measurements.items():
            target = spec.target(name)
            job = Job(spec, target, quantized, build_folder, progress)
            try:
                peaks = measured_peaks(backend_for(target, available, None), job, store, fresh=fresh)
            except BackendError as error:
                failures[name] = str(error)
                continue
            found.append(Roofline(measurement, peaks, place(measurement, quantized, peaks), sets, memories(target)))
    return found, failures

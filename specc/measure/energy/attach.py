"""A recorded energy as part of a target's result: a new record of the same work, its provenance kept and extended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from specc.evidence import Figure
from specc.measure.energy.inferences import InferenceEnergy, Window, attribute
from specc.measure.energy.trace import Trace, TraceError
from specc.measure.result import LayerResult, Measurement

_LENGTH_TOLERANCE: Final = 0.2  # by which a marked window may differ from the measured latency without a warning


def attach_energy(
    measurement: Measurement, trace: Trace, windows: Sequence[Window], inferences_per_window: int, source: Path
) -> tuple[Measurement, InferenceEnergy]:
    """The measurement with the energy of a recording in place of what it had.

    Raises:
        TraceError: the recording cannot be used.
    """
    result = attribute(trace, windows, _shares(measurement), inferences_per_window)
    digest = _digest(source)
    seconds = sum(end - start for start, end in windows) / len(windows) / inferences_per_window
    added = (
        f"energy recorded: {source.name}, SHA-256 {digest}, {trace.rate:.4g} samples per second, "
        f"{result.inferences} inferences",
    )
    provenance = measurement.provenance.model_copy(
        update={"model_assumptions": (*measurement.provenance.model_assumptions, *added)}
    )
    attached = measurement.model_copy(
        update={
            "energy": result.total,
            "idle_power": _idle_power(result),
            "layers": tuple(_with_energy(layer, result) for layer in measurement.layers),
            "provenance": provenance,
            "notes": (*measurement.notes, *_notes(measurement, trace, seconds, result)),
        }
    )
    return attached, result


def _shares(measurement: Measurement) -> dict[str, float]:
    """Each layer's share of an inference; what is left at the end is overhead. Empty where a layer is unknown."""
    total = measurement.total.p50
    if total <= 0 or any(layer.latency.best.value is None for layer in measurement.layers):
        return {}
    shares = {layer.name: layer.latency.p50 / total for layer in measurement.layers}
    whole = sum(shares.values())
    return {name: share / max(1.0, whole) for name, share in shares.items()}


def _with_energy(layer: LayerResult, result: InferenceEnergy) -> LayerResult:
    return layer.model_copy(update={"energy": result.layers.get(layer.name), "energy_terms": {}})


def _idle_power(result: InferenceEnergy) -> Figure | None:
    if result.idle_watts is None:
        return None
    basis = "median outside of the inferences of the recording"
    return Figure(value=result.idle_watts, unit="W", evidence="measured", basis=basis)


def _notes(measurement: Measurement, trace: Trace, seconds: float, result: InferenceEnergy) -> list[str]:
    notes = list(trace.notes)
    if trace.gaps:
        missing = sum(end - start for start, end in trace.gaps)
        notes.append(
            f"samples are missing at {len(trace.gaps)} places of the recording, {missing:.3g} s in all: no energy was "
            "taken from there"
        )
    if result.idle_watts is not None:
        notes.append(f"energy includes the idle floor of {result.idle_watts * 1e3:.4g} mW, seen between inferences")
    else:
        notes.append("no idle power was recorded: energy cannot be separated from the idle floor")
    expected = measurement.total.p50
    if expected > 0 and abs(seconds / expected - 1) > _LENGTH_TOLERANCE:
        notes.append(f"a recorded inference lasts {seconds:.3g} s, the measured one {expected:.3g} s: the same work?")
    return notes


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from error

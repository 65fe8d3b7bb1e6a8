"""The fitted model at work: samples from recorded results, and predictions for results without a recording."""

from __future__ import annotations

from collections.abc import Iterable

from specc.evidence import Figure
from specc.measure.energy.model import EnergyModel, EnergyModelError, Sample, fit
from specc.measure.result import LayerResult, Measurement


def samples(recorded: Iterable[Measurement]) -> list[Sample]:
    """Every layer of recorded results that has energy, cycles, loads and stores, at a known clock."""
    return [
        Sample(f"{result.provenance.graph_hash} {layer.name}", *counts, clock, layer.energy.value)
        for result in recorded
        if (clock := result.provenance.clock_hz) is not None
        for layer in result.layers
        if layer.energy is not None and layer.energy.evidence == "measured" and layer.energy.value is not None
        if (counts := _counts(layer)) is not None
    ]


def with_fitted_energy(measurement: Measurement, recorded: Iterable[Measurement]) -> Measurement:
    """The result with predicted energy in place of what it had, where recordings on its hardware allow a fit.

    An inference is the sum of its layers; what runs between them is not counted. Where a fit is refused, a note says
    why; where nothing was recorded, the result stays as it is.

    Args:
        measurement: a result without recorded energy.
        recorded: results with recorded energy, of the same hardware.
    """
    known = samples(recorded)
    if not known:
        return measurement
    try:
        layers = _predicted(measurement, fit(known))
    except EnergyModelError as error:
        return measurement.model_copy(update={"notes": (*measurement.notes, f"energy is not fitted: {error}")})
    return measurement.model_copy(
        update={"energy": _sum(layers), "layers": layers, "notes": (*measurement.notes, _NOTE)}
    )


_NOTE = "energy is fitted to recordings of other runs on this hardware; an inference is the sum of its layers"


def _predicted(measurement: Measurement, model: EnergyModel) -> tuple[LayerResult, ...]:
    """The layers with predicted energy.

    Raises:
        EnergyModelError: a layer cannot be predicted, and so neither can the inference.
    """
    clock = measurement.provenance.clock_hz
    layers = []
    for layer in measurement.layers:
        counts = _counts(layer)
        if counts is None or clock is None:
            raise EnergyModelError(f"layer {layer.name} was measured without loads and stores, or at no known clock")
        energy = model.predict(*counts, clock)
        if energy.value is None:
            raise EnergyModelError(f"layer {layer.name}: {energy.basis}")
        layers.append(layer.model_copy(update={"energy": energy, "energy_terms": model.terms(*counts, clock)}))
    return tuple(layers)


def _sum(layers: tuple[LayerResult, ...]) -> Figure:
    """Sum of the layers; the ends of their intervals are added, as if they erred together."""
    energies = [layer.energy for layer in layers if layer.energy is not None]
    return energies[0].model_copy(
        update={
            end: sum(getattr(energy, end) for energy in energies)  # a fitted figure has both ends
            for end in ("value", "low", "high")
        }
    )


def _counts(layer: LayerResult) -> tuple[float, float] | None:
    """Cycles, and loads and stores together; None where one of them was not counted."""
    values = [layer.counters[name].value if name in layer.counters else None for name in ("cycles", "loads", "stores")]
    cycles, loads, stores = values
    if cycles is None or loads is None or stores is None:
        return None
    return cycles, loads + stores

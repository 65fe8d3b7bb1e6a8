"""Experiments: a target as it is beside its variants, each predicted before it is measured, each explained after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from specc.check import CheckResult
from specc.codegen.generate import kernel_names
from specc.codegen.kernels import family_of
from specc.codegen.schedule import BESIDE_ACTIVATIONS, scheduled
from specc.evidence import Figure
from specc.explain.layout import Layout, layout_of
from specc.explain.probe import compiled_factors
from specc.explain.whatif import DIFFICULTY, Prediction, can_be_predicted, predict
from specc.graph.planner import UnfitError
from specc.measure.backend import Backend, BuildOptions, Progress
from specc.measure.energy.other_clock import energy_at_clock, powers
from specc.measure.kernels import resolve
from specc.measure.planning import beside_activations
from specc.measure.provenance import spec_hash
from specc.measure.result import Measurement
from specc.measure.runner import measure
from specc.measure.store import Store
from specc.measure.variants import Axis, Change, Variant, VariantError, grid, single, variant
from specc.numerics.quantize import QuantizationError, quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Target

KIND: Final = "experiment"  # of its record in the store
FORMAT_VERSION: Final = 1
# Axes along which the kernels of layers are chosen anew.
_CHOOSING: Final = ("bits", "fusion", "tile", "kernels", "rewrites")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trial(_Record):
    """A variant: what was changed, predicted and measured. `failure` says why there is no result."""

    axes: tuple[str, ...]  # empty for the target as it is
    labels: tuple[str, ...]
    clock_hz: float | None
    predicted: Figure | None = None  # seconds
    predicted_bound: Figure | None = None
    held: bool | None = None  # whether prediction and measurement agree; None: nothing was predicted, or measured
    latency: Figure | None = None
    energy: Figure | None = None
    powers: tuple[float, float] | None = None  # watts if all is static, if all is proportional to the clock
    sram: Figure | None = None
    flash: Figure | None = None
    counters: dict[str, Figure] = {}
    evidence: str = "unknown"
    output_exact: bool | None = None
    failure: str = ""

    @property
    def label(self) -> str:
        """What was changed, in words."""
        return ", ".join(self.labels) or "as it is"

    @property
    def difficulty(self) -> int:
        """The sum of `whatif.DIFFICULTY` over the changes."""
        return sum(DIFFICULTY[axis] for axis in self.axes)

    @property
    def delay_product(self) -> Figure | None:
        """Energy times latency, in joule seconds."""
        energy, latency = self.energy, self.latency
        if energy is None or latency is None or energy.value is None or latency.value is None:
            return None
        ends = [
            None if e is None or t is None else e * t
            for e, t in ((energy.low, latency.low), (energy.high, latency.high))
        ]
        value = energy.value * latency.value
        return Figure(value=value, low=ends[0], high=ends[1], unit="Js", evidence="predicted", basis=energy.basis)


class Experiment(_Record):
    """A target as it is, and its variants."""

    format_version: int = FORMAT_VERSION
    target: str
    before: Trial
    before_key: str  # content address of its measurement
    trials: tuple[Trial, ...]


def run_experiment(
    checked: CheckResult,
    target: str,
    axes: Sequence[Axis],
    *,
    store: Store,
    build_folder: Path,
    progress: Progress,
    whole_grid: bool = False,
    fresh: bool = False,
    backends: Sequence[Backend] | None = None,
) -> Experiment:
    """Measure a target and its variants. Everything measured is stored; what is stored is not measured again.

    Args:
        checked: the spec, without errors.
        target: name of the target.
        axes: what is varied.
        store: of results.
        build_folder: where programs are built.
        progress: told in one line what is being done.
        whole_grid: every combination, not one change at a time.
        fresh: measure even what is stored.
        backends: None means every one that is installed.

    Raises:
        VariantError: the target as it is could not be measured, or the grid is too large.
        QuantizationError: the network's numbers cannot be represented as the table asks.
        StoreError: the store cannot be used.
    """
    spec, network = checked.spec, checked.network
    assert spec is not None and network is not None, "a spec with errors cannot be measured"
    chosen = spec.target(target)
    quantized = quantize(spec, network)

    def measured(one: Spec, numbers: QuantizedNetwork, options: BuildOptions) -> Measurement | str:
        name = one.targets[0].name
        report = measure(one, numbers, store, build_folder, progress, fresh=fresh, backends=backends, options=options)
        return report.measurements.get(name) or report.missing[name]

    as_it_is = spec.model_copy(update={"targets": (chosen,)})
    before = measured(as_it_is, quantized, BuildOptions())
    if isinstance(before, str):
        raise VariantError(f"{target}: {before}")
    now = _recorded(_layout(quantized, variant(spec, chosen, ()), before), before)
    trials = []
    chosen_changes = (grid if whole_grid else single)(spec, chosen, axes, quantized)
    for number, changes in enumerate(chosen_changes, 1):
        progress(f"{target}: {number} of {len(chosen_changes)}: {', '.join(c.label for c in changes)}")
        try:
            varied = variant(spec, chosen, changes)
            renumbered = any(change.axis in ("bits", "fusion") for change in changes)
            numbers = quantize(varied.spec, network) if renumbered else quantized
            layout = _layout(numbers, varied, before)
            if not any(change.axis in _CHOOSING for change in changes):
                layout = _recorded(layout, before)
        except (VariantError, QuantizationError, UnfitError) as error:
            trials.append(_failed(changes, chosen, str(error)))
            continue
        flags = next((str(change.value) for change in changes if change.axis == "compile"), None)
        compiled = {}
        if flags is not None and can_be_predicted(before):
            progress(f"{target}: what {flags} does to kernels, on a network of its own")
            compiled = compiled_factors(chosen, spec.kernels_of(target), flags, now, measured)
        prediction = predict(before, chosen, changes, layout, now, compiled=compiled)
        result = measured(varied.spec, numbers, varied.options)
        trials.append(_trial(changes, varied.target, prediction, result))
    experiment = Experiment(
        target=target, before=_trial((), chosen, None, before), before_key=before.key, trials=tuple(trials)
    )
    return _remembered(experiment, spec, store)


def stored_experiment(spec: Spec, target: str, store: Store) -> Experiment | None:
    """What is stored of experiments with a target of a spec."""
    record = store.get_finding(KIND, _key(spec, target), FORMAT_VERSION)
    return Experiment.model_validate_json(record) if record else None


def current_experiments(spec: Spec, measurements: Mapping[str, Measurement], path: Path) -> tuple[Experiment, ...]:
    """The stored experiments with targets that are still as they were then.

    Args:
        spec: the spec.
        measurements: the current result of each target.
        path: the result store.

    Raises:
        StoreError: the store cannot be used.
    """
    with Store(path) as store:
        found = [(stored_experiment(spec, name, store), result.key) for name, result in measurements.items()]
    return tuple(one for one, key in found if one is not None and one.before_key == key)


def _remembered(experiment: Experiment, spec: Spec, store: Store) -> Experiment:
    """Stores an experiment, together with earlier trials of other changes on the same target as it is."""
    earlier = stored_experiment(spec, experiment.target, store)
    kept: tuple[Trial, ...] = ()
    if earlier is not None and earlier.before_key == experiment.before_key:
        tried = {trial.labels for trial in experiment.trials}
        kept = tuple(trial for trial in earlier.trials if trial.labels not in tried)
    whole = experiment.model_copy(update={"trials": (*kept, *experiment.trials)})
    store.put_finding(KIND, _key(spec, experiment.target), FORMAT_VERSION, whole.model_dump_json())
    return experiment


def _key(spec: Spec, target: str) -> str:
    return f"{spec_hash(spec)} {target}"


def _layout(network: QuantizedNetwork, built: Variant, before: Measurement) -> Layout:
    """How a variant is expected to be built: its rows with the stack that was measured before."""
    hardware = built.target.hardware
    beside = beside_activations(before)
    planned = scheduled(built.spec, built.target, network, BESIDE_ACTIVATIONS if beside is None else beside)
    options, tunable = resolve(built.spec, built.target, planned, built.options)
    family = options.kernels or family_of(hardware.core, has_dsp=hardware.dsp)
    return layout_of(
        planned,
        kernel_names(planned, family, fixed=dict(options.fixed)),
        {layer.layer: layer.kernels for layer in tunable},
    )


def _recorded(layout: Layout, before: Measurement) -> Layout:
    """A layout with the kernels that were linked: where flash has to be spared, they are not the fastest."""
    return replace(layout, kernels={**layout.kernels, **before.provenance.kernels})


def _trial(
    changes: Sequence[Change], target: Target, prediction: Prediction | None, result: Measurement | str
) -> Trial:
    if isinstance(result, str):
        failed = _failed(changes, target, result)
        return failed.model_copy(update={"predicted": prediction.latency}) if prediction else failed
    latency = result.total.best
    energy = result.energy if result.energy.value is not None else energy_at_clock(latency, target)
    return Trial(
        axes=tuple(change.axis for change in changes),
        labels=tuple(change.label for change in changes),
        clock_hz=target.clock_hz,
        predicted=prediction.latency if prediction else None,
        predicted_bound=prediction.bound if prediction else None,
        held=prediction.holds(latency) if prediction else None,
        latency=latency,
        energy=energy,
        powers=powers(target),
        sram=result.memory.sram,
        flash=result.memory.flash,
        counters=result.counters,
        evidence=result.evidence,
        output_exact=result.output_matches_golden,
    )


def _failed(changes: Sequence[Change], target: Target, reason: str) -> Trial:
    return Trial(
        axes=tuple(change.axis for change in changes),
        labels=tuple(change.label for change in changes),
        clock_hz=target.clock_hz,
        failure=reason,
    )

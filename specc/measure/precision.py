"""The precision of a spec's network, assessed and stored: what is current is not computed again, what was interrupted
goes on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import specc.numerics
import specc.precision
from specc import __version__
from specc.evidence import Figure
from specc.graph.network import Network
from specc.measure.precision_result import FORMAT_VERSION, DataAccuracy, LayerPrecision, PrecisionResult
from specc.measure.provenance import content_key, library_versions, now, spec_hash
from specc.measure.store import Store, StoreError
from specc.precision.accuracy import Accuracy, accuracy
from specc.precision.arithmetic import reference
from specc.precision.contract import judge
from specc.precision.data import Data, DataError, load
from specc.precision.localise import Localisation, localise
from specc.precision.run import Run, Statistics
from specc.precision.samples import FromData, Samples
from specc.precision.statistics import Estimate
from specc.precision.study import Study, fresh_seed
from specc.spec import Spec
from specc.spec.contract import Harness

Progress = Callable[[str], None]

DEFAULT_ITERATIONS: Final = 1000  # of a spec without a harness
LOCALISE_ITERATIONS: Final = 200
_LOCALISE_MEMORY: Final = 512 << 20  # bytes
_DEFAULT_SEED: Final = 1
_CHECKPOINT_SECONDS: Final = 5.0


def assess(
    spec: Spec,
    network: Network,
    store: Store,
    progress: Progress,
    *,
    iterations: int | None = None,
    fresh: bool = False,
) -> PrecisionResult:
    """What a spec's table costs in precision, and whether its harness's limits hold.

    Args:
        iterations: in place of the harness's.
        fresh: compute again even what is stored, and start over what was interrupted.

    Raises:
        QuantizationError: the table cannot be computed, or the spec says nothing about weights or inputs.
        DataError: a data set cannot be read, or is none for this network.
        StoreError: the store cannot be used.
    """
    harness = _harness(spec)
    if iterations is not None:
        harness = harness.model_copy(update={"iterations": iterations})
    data = data_sets(spec, network)
    key = _key(spec, harness, data)
    if fresh:
        store.drop_checkpoints(key)
    elif (stored := store.get_precision(key, FORMAT_VERSION)) is not None:
        return _parsed(stored, store)
    samples = _samples(harness, data)

    def seeded(seed: int) -> Study:
        return Study.of(spec, network, iterations=harness.iterations, seed=seed, samples=samples)

    studies, runs = _runs(harness, seeded, _Checkpoints(store, key), progress)
    progress("accuracy")
    study = studies[0]
    second = runs[1] if len(runs) > 1 else None
    result = PrecisionResult(
        key=key,
        spec_hash=spec_hash(spec),
        tool_version=__version__,
        taken_at=now(),
        libraries=library_versions("numpy"),
        model=spec.model.name,
        iterations=harness.iterations,
        inputs=study.samples.name,
        loss=study.loss.name,
        seeds=tuple(own.seed for own in studies),
        digests=tuple(run.digest for run in runs),
        layers=tuple(_layers(runs[0], harness.iterations)),
        output_error=_figure(runs[0].noise, harness.iterations),
        accuracies=tuple(_accuracy(study, one) for one in data.values()),
        judgements=tuple(judge(harness, runs[0], second)),
    )
    store.put_precision(key, result.spec_hash, FORMAT_VERSION, result.model_dump_json())
    return result


def limits_precision(spec: Spec) -> bool:
    """Whether a spec limits anything about gradients, outputs or accuracy."""
    harness = spec.harness
    limited = harness is not None and bool(harness.gradients or harness.output_error)
    return limited or any(item.kind == "accuracy" for budget in spec.budgets for item in budget.items)


def stored(spec: Spec, network: Network, store: Store) -> PrecisionResult | None:
    """The current result of a spec, or None; nothing is computed.

    Raises:
        DataError: a data set cannot be read.
        StoreError: the store cannot be used.
    """
    found = store.get_precision(_key(spec, _harness(spec), data_sets(spec, network)), FORMAT_VERSION)
    return _parsed(found, store) if found is not None else None


def localised(spec: Spec, network: Network, progress: Progress, iterations: int | None = None) -> Localisation:
    """Where a spec's table loses precision. On few iterations unless asked: it compares places, it judges nothing.

    Raises:
        QuantizationError: the table cannot be computed, or the spec says nothing about weights or inputs.
        DataError: a data set cannot be read.
    """
    count = iterations or min(_harness(spec).iterations, LOCALISE_ITERATIONS)
    study = study_of(spec, network, count, memory=_LOCALISE_MEMORY)
    return localise(study, study.tables.declared, progress)


def study_of(spec: Spec, network: Network, iterations: int, *, another: int = 0, memory: int = 0) -> Study:
    """The study of a spec on the inputs that its harness names.

    Args:
        another: distance from the harness's seed, for inputs that another study has not seen.
        memory: bytes to remember things in.

    Raises:
        QuantizationError: the spec says nothing about weights or inputs.
        DataError: a data set cannot be read.
    """
    harness = _harness(spec)
    samples = _samples(harness, data_sets(spec, network))
    seed = (_DEFAULT_SEED if harness.seed == "fresh" else harness.seed) + another
    return Study.of(spec, network, iterations=iterations, seed=seed, samples=samples, memory=memory)


def study_key(spec: Spec, network: Network, **parts: object) -> str:
    """What identifies the statistics of a spec's network, whatever its table, and `parts` that matter beside.

    Raises:
        DataError: a data set cannot be read.
    """
    harness = _harness(spec)
    return content_key(
        model=spec.model.model_dump(mode="json"),
        harness=harness.model_dump(mode="json"),
        data={name: entry.sha256 for name, entry in data_sets(spec, network).items()},
        code=_code_hash(),
        libraries=library_versions("numpy"),
        **parts,
    )


def _harness(spec: Spec) -> Harness:
    return spec.harness or Harness(iterations=DEFAULT_ITERATIONS, seed=_DEFAULT_SEED)


def data_sets(spec: Spec, network: Network) -> dict[str, Data]:
    """The data sets that the harness draws from or a budget limits the accuracy on, by name.

    Raises:
        DataError: one cannot be read, or is none for this network.
    """
    return {entry.name: _loaded(spec, network, entry.name) for entry in spec.datasets if _is_used(spec, entry.name)}


def _samples(harness: Harness, data: dict[str, Data]) -> Samples | None:
    """The inputs of a data set, where the harness names one."""
    if harness.data is None:
        return None
    chosen = data[harness.data]
    return FromData(f"data set {chosen.name}", chosen.inputs, chosen.labels)


def _parsed(record: str, store: Store) -> PrecisionResult:
    try:
        return PrecisionResult.model_validate_json(record)
    except ValueError as error:
        raise StoreError(f"{store.path}: a stored precision result is damaged: {error}") from error


# ---- runs ----


class _Checkpoints:
    """How far the runs of one assessment have come, in the store."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self._found = store.checkpoints(key)

    def seed(self, number: int) -> int | None:
        """The seed of a run that was interrupted."""
        return self._found[number][0] if number in self._found else None

    def restore(self, number: int, run: Run) -> None:
        """Put an interrupted run back to where it was. One that cannot be read starts over."""
        if number in self._found:
            try:
                run.restore(self._found[number][1])
            except ValueError:
                return

    def keep(self, number: int, seed: int, run: Run) -> None:
        """Remember how far a run is."""
        self._store.put_checkpoint(self._key, number, seed, run.to_bytes())


def _runs(
    harness: Harness, study_of: Callable[[int], Study], checkpoints: _Checkpoints, progress: Progress
) -> tuple[list[Study], list[Statistics]]:
    """One run, or two where drift between runs is limited. Each has a study of its own: they share nothing."""
    needed = 2 if any(contract.statistic == "drift" for contract in harness.gradients) else 1
    studies: list[Study] = []
    found: list[Statistics] = []
    for number in range(needed):
        seed = checkpoints.seed(number)
        if seed is None:
            seed = fresh_seed() if harness.seed == "fresh" else harness.seed
        study = study_of(seed)
        found.append(_run(study, number, checkpoints, f"run {number + 1} of {needed}, seed {seed}", progress))
        studies.append(study)
    return studies, found


def _run(study: Study, number: int, checkpoints: _Checkpoints, name: str, progress: Progress) -> Statistics:
    run = study.new_run()
    checkpoints.restore(number, run)
    kept = time.monotonic()

    def note(done: int, total: int) -> None:
        nonlocal kept
        progress(f"{name}: {done:,} of {total:,} iterations")
        if time.monotonic() - kept > _CHECKPOINT_SECONDS:
            checkpoints.keep(number, study.seed, run)
            kept = time.monotonic()

    try:
        study.advance(run, study.tables.arithmetic(study.tables.declared), note)
    finally:
        # Interrupted or complete: a second run may still be interrupted, and this one must not be taken again.
        checkpoints.keep(number, study.seed, run)
    return run.statistics()


def _layers(found: Statistics, iterations: int) -> list[LayerPrecision]:
    return [
        LayerPrecision(
            name=own.name,
            weights=own.weights,
            variance=_figure(own.variance, iterations),
            gain=_figure(own.gain, iterations),
            ratio=_figure(own.ratio, iterations),
            bias=_figure(own.bias, iterations),
            bias_t=own.bias_t,
        )
        for own in found.layers
    ]


def _figure(estimate: Estimate | None, iterations: int) -> Figure:
    if estimate is None:
        return Figure.unknown("", "it does not vary in full precision: there is nothing to compare with")
    basis = f"integer model against full precision, {iterations:,} iterations, 95 % interval by jackknife"
    return Figure(
        value=estimate.value, low=estimate.low, high=estimate.high, unit="", evidence="simulated", basis=basis
    )


# ---- data sets ----


def _is_used(spec: Spec, name: str) -> bool:
    """Whether the harness takes its inputs from a data set, or a budget limits the accuracy on it."""
    limited = {item.scope[0] for budget in spec.budgets for item in budget.items if item.kind == "accuracy"}
    return name in limited or (spec.harness is not None and spec.harness.data == name)


def _loaded(spec: Spec, network: Network, name: str) -> Data:
    entry = next(entry for entry in spec.datasets if entry.name == name)
    if entry.location is None:
        raise DataError(f"{entry.path}: its place on this machine is not known")
    return load(name, entry.location, network.input_shape, network.output_shape[-1])


def _accuracy(study: Study, data: Data) -> DataAccuracy:
    full = accuracy(reference(study.network, study.tables.parameters), data)
    quantized = accuracy(study.tables.arithmetic(study.tables.declared), data)
    return DataAccuracy(
        name=data.name,
        sha256=data.sha256,
        samples=len(data.inputs),
        full=_share(full, "full precision"),
        quantized=_share(quantized, "the integer model"),
    )


def _share(found: Accuracy, what: str) -> Figure:
    low, high = found.interval()
    basis = f"{what} on all {found.count:,} inputs, 95 % interval of Wilson"
    return Figure(value=found.share, low=low, high=high, unit="", evidence="simulated", basis=basis)


# ---- what makes a result current ----


def _key(spec: Spec, harness: Harness, data: dict[str, Data]) -> str:
    return content_key(
        model=spec.model.model_dump(mode="json"),
        quantization=spec.quantization.model_dump(mode="json") if spec.quantization else None,
        harness=harness.model_dump(mode="json"),
        data={name: entry.sha256 for name, entry in data.items()},
        code=_code_hash(),
        libraries=library_versions("numpy"),
    )


def _code_hash() -> str:
    """SHA-256 of what computes the statistics."""
    digest = hashlib.sha256()
    for package in (specc.numerics, specc.precision):
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()

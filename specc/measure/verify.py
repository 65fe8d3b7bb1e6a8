"""From a checked spec to verdicts: quantize, measure what is stale, judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specc.check import CheckResult
from specc.diagnostics.model import Diagnostic, Waived
from specc.graph.network import Network
from specc.measure.backend import Progress
from specc.measure.energy.fitted import with_fitted_energy
from specc.measure.judge import judge
from specc.measure.precision import assess, limits_precision
from specc.measure.precision_result import PrecisionResult
from specc.measure.result import Measurement
from specc.measure.runner import RunReport, measure
from specc.measure.store import Store, store_path
from specc.measure.verdict import Verdict
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Verified:
    """Everything known about a spec once it is measured and judged."""

    spec: Spec
    network: Network
    quantized: QuantizedNetwork
    run: RunReport  # as measured and stored
    measurements: dict[str, Measurement]  # by target; energy fitted to recordings where there was no sensor
    verdicts: list[Verdict]
    diagnostics: tuple[Diagnostic, ...]
    waived: tuple[Waived, ...] = ()
    precision: PrecisionResult | None = None  # of a spec that limits something about it

    @property
    def failures(self) -> dict[str, str]:
        """Why a target that could have been measured was not, by target."""
        return self.run.failures

    @property
    def missing(self) -> dict[str, str]:
        """Why a target has no measurement at all, by target."""
        return self.run.missing

    def to_json(self) -> dict[str, Any]:
        """Plain data for `--format json`."""
        return {
            "format_version": FORMAT_VERSION,
            "model": self.spec.model.name,
            "verdicts": [verdict.model_dump(mode="json") for verdict in self.verdicts],
            "failures": self.failures,
            "skipped": self.run.skipped,
            "measurements": {name: m.model_dump(mode="json") for name, m in self.measurements.items()},
            "precision": self.precision.model_dump(mode="json") if self.precision else None,
        }


def verify(
    checked: CheckResult,
    build_folder: Path,
    progress: Progress,
    *,
    targets: Sequence[str] | None = None,
    fresh: bool = False,
    ports: Mapping[str, str] | None = None,
    finished: Callable[[Measurement], None] = lambda _: None,
) -> Verified:
    """Measure every target whose stored result is stale, and judge every budget.

    With `targets`, everything is about those alone: the others are as if the spec did not declare them. `ports` names
    the serial ports of targets that are real boards. `finished` is told of every result as soon as there is one.

    Raises:
        QuantizationError: the network's numbers cannot be represented as the table asks.
        DataError: a data set cannot be read, or is none for this network.
        StoreError: the result store cannot be used; it is left as it was.
    """
    spec, network = checked.spec, checked.network
    assert spec is not None and network is not None, "a spec with errors cannot be measured"
    if targets is not None:
        spec = spec.model_copy(update={"targets": tuple(t for t in spec.targets if t.name in targets)})
    quantized = quantize(spec, network)
    with Store(store_path(build_folder)) as store:
        run = measure(spec, quantized, store, build_folder, progress, fresh=fresh, ports=ports, finished=finished)
        measurements = {name: _with_energy(m, store) for name, m in run.measurements.items()}
        precision = assess(spec, network, store, progress, fresh=fresh) if limits_precision(spec) else None
    verdicts = judge(spec, measurements, run.missing, precision)
    return Verified(
        spec=spec,
        network=network,
        quantized=quantized,
        run=run,
        measurements=measurements,
        verdicts=verdicts,
        diagnostics=checked.diagnostics,
        waived=checked.waived,
        precision=precision,
    )


def _with_energy(measurement: Measurement, store: Store) -> Measurement:
    """Energy fitted to recordings on the same hardware, where the result has none of its own."""
    if measurement.energy.evidence == "measured":
        return measurement
    recorded = store.with_recorded_energy(measurement.provenance.hardware)
    return with_fitted_energy(measurement, recorded) if recorded else measurement

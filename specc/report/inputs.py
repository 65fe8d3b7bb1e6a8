"""What a document is written from: the spec, its network, the stored results and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field

from specc.diagnostics.model import Diagnostic, Waived
from specc.explain.experiment import Experiment
from specc.explain.rooflines import Roofline
from specc.graph.network import Network
from specc.measure.precision_result import PrecisionResult
from specc.measure.result import Measurement
from specc.measure.verdict import Verdict
from specc.numerics.quantized import QuantizedNetwork
from specc.predict.predictor import Predictor
from specc.predict.results import Published
from specc.spec import Spec
from specc.tune.record import Tuning


@dataclass(frozen=True)
class ReportInputs:
    """Everything a document may say. Nothing else is looked up while it is written.

    `measurements` are by target name, `failures` says why a target has none, `diagnostics` are what the checker found,
    `waived` what the spec accepts with its reasons, `source_name` is how the spec file is called in the document,
    `precision` what was found of a spec that limits something about gradients, outputs or accuracy. With a `predictor`,
    targets without a measurement are candidates by what is published or predicted. `published` are the results of
    others that stand beside those of the spec. `experiments` are those with the targets as they were measured,
    `tunings` the searches for other widths, whatever the present ones are, `rooflines` those of targets whose peaks
    were.
    """

    spec: Spec
    network: Network
    measurements: dict[str, Measurement]
    verdicts: list[Verdict]
    quantized: QuantizedNetwork | None = None
    failures: dict[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    waived: tuple[Waived, ...] = ()
    source_name: str = ""
    precision: PrecisionResult | None = None
    predictor: Predictor | None = None
    published: tuple[Published, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    tunings: tuple[Tuning, ...] = ()
    rooflines: tuple[Roofline, ...] = ()


class ReportError(Exception):
    """A document could not be written; the message says why and what to do."""

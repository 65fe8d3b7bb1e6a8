"""What can be said of a network on hardware without measuring: published results, else a prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from specc.evidence import Evidence, Figure
from specc.graph.memory import liveness_bound, weight_bytes
from specc.graph.network import Network
from specc.measure.result import Measurement
from specc.predict.model import Observation, Subject
from specc.predict.networks import mix_of
from specc.predict.power import energy, stated_power
from specc.predict.predictor import DSP_CORES, Prediction, Predictor, eight_bits
from specc.predict.results import Kernels, Published, known_network
from specc.spec import Spec
from specc.spec.hardware import Hardware, Target
from specc.spec.model import QuantizationTable
from specc.units import DOLLARS


@dataclass(frozen=True)
class Estimate:
    """Figures of one target by dimension: latency (s), energy (J per inference), sram and flash (B), price.

    `software` is what ran, or "any" where a prediction holds for every software with such kernels. `refusal` says why
    there is neither a result nor a prediction.
    """

    target: Target
    evidence: Evidence
    software: str
    figures: Mapping[str, Figure]
    refusal: str = ""
    likely: tuple[float, float] | None = None  # s, the interval of 80 %


@dataclass(frozen=True)
class Question:
    """A network as declared, how it is quantized, and which kernels it would run with."""

    network: Network
    table: QuantizationTable | None
    kernels: Kernels = "tuned"
    software: str = ""  # empty: any with such kernels


def estimates(question: Question, target: Target, predictor: Predictor) -> list[Estimate]:
    """Every published result of the network on a target, one for each software, and the prediction for it.

    The last one is the prediction, refused or not.
    """
    return [*published_estimates(question, target, predictor.results), _predicted(question, target, predictor)]


def own_observations(spec: Spec, network: Network, measurements: Mapping[str, Measurement]) -> list[Observation]:
    """What the project's own measurements of a spec's network teach. Simulated figures teach nothing about hardware."""
    found = []
    mix = mix_of(network)
    name = known_network(mix) or f"own:{network.name}"
    for target in spec.targets:
        measurement = measurements.get(target.name)
        clock = target.clock_hz
        usable = measurement is not None and measurement.evidence == "measured" and eight_bits(spec.quantization)
        if not usable or measurement is None or clock is None or target.hardware.core == "host":
            continue
        core = target.hardware.core
        subject = Subject(core, core in DSP_CORES, "portable", "specc", f"own:{target.hardware.name}", mix, name)
        found.append(Observation(subject, measurement.total.p50 * clock))
    return found


def price_figure(hardware: Hardware) -> Figure:
    """The price in dollars. One in another currency is compared with nothing: no rate is known."""
    price = hardware.price
    if price is None:
        return Figure.unknown("USD", "no price is declared")
    if price.value.dimension != DOLLARS:
        return Figure.unknown("USD", f"the price is {price.value}, and no exchange rate is known")
    return Figure(
        value=float(price.value.base),
        low=float((price.low or price.value).base),
        high=float((price.high or price.value).base),
        unit="USD",
        evidence=price.evidence,
        basis=price.source,
    )


def _predicted(question: Question, target: Target, predictor: Predictor) -> Estimate:
    if eight_bits(question.table):
        found = predictor.predict(
            target.hardware,
            target.clock_hz,
            mix_of(question.network),
            kernels=question.kernels,
            software=question.software,
        )
    else:
        reason = (
            "results are of networks in 8 bits throughout, and this one is not quantized so; "
            "a quantization table with 8 bits in every row gets a figure"
        )
        found = Prediction(Figure.unknown("s", reason), Figure.unknown("J", reason))
    figures = _memory(question) | {"latency": found.latency, "energy": found.energy}
    return Estimate(
        target,
        "unknown" if found.refused else "predicted",
        question.software or "any",
        figures | {"price": price_figure(target.hardware)},
        found.latency.basis if found.refused else "",
        found.likely,
    )


def published_estimates(question: Question, target: Target, results: Sequence[Published]) -> list[Estimate]:
    """Every published result of the network on a target, one for each software, none predicted."""
    name = known_network(mix_of(question.network)) if eight_bits(question.table) else None
    hardware = target.hardware
    of_it = [
        one
        for one in results
        if one.network == name and one.target == hardware.name and one.clock in (target.clock_hz, None)
    ]
    found = []
    for software in dict.fromkeys(one.software for one in of_it):
        runs = [one for one in of_it if one.software == software and not one.refusal.startswith("its run")]
        timed = [one for one in runs if one.energy is None and one.latency]
        if timed:
            powered = [one for one in runs if one.energy is not None and one.submission == timed[-1].submission]
            found.append(_published_estimate(question, target, timed[-1], powered[-1] if powered else None))
    return found


def _published_estimate(question: Question, target: Target, timed: Published, powered: Published | None) -> Estimate:
    """The newest run that was timed, and the same submission's run whose energy was measured."""
    assert timed.latency is not None
    latency = Figure.exact(timed.latency, "s", "published", f"{timed.basis}; as published, without a spread")
    if powered is not None and powered.energy is not None:
        spent = Figure.exact(powered.energy, "J", "published", f"{powered.basis}; supply {_volts(powered)}")
    elif timed.clock and not timed.accelerator and (power := stated_power(target.hardware, timed.clock)):
        spent = energy(latency, power)
    else:
        spent = Figure.unknown("J", "no energy is published with this software, and no active power is stated")
    figures = _memory(question) | {"latency": latency, "energy": spent, "price": price_figure(target.hardware)}
    for dimension, value in (("sram", timed.sram), ("flash", timed.flash)):
        if value is not None:
            figures[dimension] = Figure.exact(value, "B", "published", timed.basis)
    return Estimate(target, "published", timed.software or "unnamed software", figures)


def _volts(result: Published) -> str:
    return f"{result.supply:g} V" if result.supply is not None else "not stated"


def _memory(question: Question) -> dict[str, Figure]:
    """Memory at least, whatever software runs: activations that live at once, weights and biases."""
    activations = liveness_bound(question.network, question.table)
    weights = weight_bytes(question.network, question.table)
    return {
        "sram": _at_least(activations, "activations that live at once, in the order of least memory"),
        "flash": _at_least(weights, "weights and biases; code comes on top"),
    }


def _at_least(size: int, basis: str) -> Figure:
    return Figure(value=size, low=size, unit="B", evidence="predicted", basis=basis)
